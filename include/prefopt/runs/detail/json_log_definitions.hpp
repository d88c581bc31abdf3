// SPDX-License-Identifier: MIT
#pragma once
// The definitions of json_log and cut_json_log.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/atomic_file.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/read_file.hpp"
#include "prefopt/runs/json_log.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

PREFOPT_INLINE std::string log_line(const std::vector<log_entry>& entries) {
  auto object = nlohmann::ordered_json::object();
  for (const auto& [name, value] : entries)
    std::visit([&member = object[name]](const auto& plain) { member = plain; }, value);
  return object.dump() + '\n';
}

}  // namespace detail

PREFOPT_INLINE void cut_json_log(const std::filesystem::path& path, std::int64_t last_step) {
  std::error_code ignored;
  if (std::filesystem::status(path, ignored).type() == std::filesystem::file_type::not_found)
    return;
  const std::string text = read_file(path);
  std::string kept;
  std::size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    if (end == rest.npos) break;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const std::string location = concat(path.native(), ": line ", ++number);
    const nlohmann::json json = parse_json(line, location);
    if (json_object(json, location).integer("step") <= last_step) kept.append(line) += '\n';
  }
  if (kept != text) write_file_atomically(path, kept);
}

}  // namespace prefopt::inline v0_2
