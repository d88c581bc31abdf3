// SPDX-License-Identifier: MIT
#pragma once
// The definitions of safetensors_archive: the index of a folder with shards.

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/formats/safetensors_file.hpp"
#include "prefopt/formats/safetensors_header.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/model_folder.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/io/read_file.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// A shard is a file directly in the folder: a name that leads elsewhere is rejected, and so is
/// one that would break a message into lines.
inline void check_plain_name(const std::string& shard, const std::string& index) {
  if (shard.empty() || shard == "." || shard == ".." ||
      shard.find_first_of(R"(/\)") != shard.npos ||
      std::ranges::any_of(shard, [](unsigned char c) { return c < ' ' || c == 0x7f; }))
    throw format_error(concat(index, ": weight_map refers to \"", printable(shard),
                              "\", expected a file in the same folder"));
}

}  // namespace detail

PREFOPT_INLINE safetensors_archive safetensors_archive::from_index(
    const std::filesystem::path& folder, const std::filesystem::path& index) {
  safetensors_archive archive;
  archive.name_ = index.native();
  const nlohmann::json json = parse_json(read_file(index, safetensors_header_limit), archive.name_,
                                         safetensors_json_limits);
  const json_object weight_map = json_object(json, archive.name_).object("weight_map");
  std::map<std::string, const safetensors_file*> opened;
  for (const auto& [tensor, value] : weight_map.json().items()) {
    const std::string& shard = weight_map.text(tensor);
    detail::check_plain_name(shard, archive.name_);
    if (!detail::has_file(folder / shard))
      throw format_error(concat((folder / shard).native(), ": is missing, but ", archive.name_,
                                " says that tensor ", printable(tensor), " is in it"));
    if (!opened.contains(shard)) opened[shard] = &archive.add(folder / shard);
    if (opened[shard]->find(tensor) == nullptr) {
      throw format_error(concat(opened[shard]->name(), ": tensor ", printable(tensor),
                                " is missing, but ", archive.name_, " says that it is here"));
    }
  }
  for (const auto& [tensor, item] : archive.items_) {
    if (!weight_map.has(tensor)) {
      throw format_error(
          concat(item.file->name(), ": tensor ", printable(tensor), " is not in ", archive.name_));
    }
  }
  return archive;
}

}  // namespace prefopt::inline v0_2
