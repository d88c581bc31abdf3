// SPDX-License-Identifier: MIT
#pragma once
// The definitions of checksums in JSON.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/input_file.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/runs/checksums.hpp"
#include "prefopt/runs/fingerprint.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE nlohmann::json checksums_of(const std::filesystem::path& folder,
                                           std::string_view except) {
  auto files = nlohmann::json::object();
  std::error_code failure;
  for (std::filesystem::recursive_directory_iterator entry(folder, failure), end;
       !failure && entry != end; entry.increment(failure)) {
    std::error_code ignored;
    const std::string name = entry->path().lexically_relative(folder).generic_string();
    if (name == except || !entry->is_regular_file(ignored)) continue;
    files[name] = {{"bytes", entry->file_size()}, {"xxh3", checksum_of(entry->path())}};
  }
  if (failure) throw system_failure(folder, "read", failure.value());
  return files;
}

PREFOPT_INLINE void verify_checksums(const std::filesystem::path& folder,
                                     const json_object& files) {
  for (const auto& [name, value] : files.json().items()) {
    const json_object saved(value, concat(files.name(), ": ", printable(name)));
    const std::filesystem::path path = folder / name;
    std::error_code failure;
    const auto status = std::filesystem::status(path, failure);
    if (status.type() == std::filesystem::file_type::none)
      throw system_failure(path, "look at", failure.value());
    if (!std::filesystem::exists(status)) throw format_error(concat(path.native(), ": is missing"));
    if (!std::filesystem::is_regular_file(status))
      throw format_error(concat(path.native(), ": not a regular file"));
    const auto bytes = static_cast<std::int64_t>(input_file(path).size());
    if (const std::int64_t expected = saved.integer("bytes", 0); bytes != expected)
      throw format_error(
          concat(path.native(), ": damaged: ", bytes, " bytes, expected ", expected, " as saved"));
    if (checksum_of(path) != saved.text("xxh3"))
      throw format_error(
          concat(path.native(), ": damaged: its bytes differ from those that were saved"));
  }
}

PREFOPT_INLINE nlohmann::json with_checksum(nlohmann::json object) {
  object.erase("checksum");
  const std::string text = object.dump();
  object["checksum"] = fingerprint().add_bytes(std::as_bytes(std::span(text))).hex();
  return object;
}

PREFOPT_INLINE void verify_checksum(const json_object& object) {
  const nlohmann::json again = with_checksum(object.json());
  if (object.text("checksum") != again["checksum"].get_ref<const std::string&>())
    throw format_error(concat(object.name(), ": damaged: its content differs from what was saved"));
}

}  // namespace prefopt::inline v0_2
