// SPDX-License-Identifier: MIT
#pragma once
// safetensors_archive: the tensors of a model folder, in one file or in shards with an index.

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_file.hpp"
#include "prefopt/io/model_folder.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2 {

/// All tensors of `model.safetensors`, or of the shards listed in `model.safetensors.index.json`.
class safetensors_archive {
 public:
  /// A tensor and the file that holds it.
  struct item {
    const safetensors_file* file;
    const safetensors_entry* entry;
  };

  /// Opens a single file.
  [[nodiscard]] static safetensors_archive from_file(const std::filesystem::path& path) {
    safetensors_archive archive;
    archive.name_ = path.native();
    archive.add(path);
    return archive;
  }

  /// Opens a model's folder; the single file takes precedence if both exist. Throws io_error if
  /// neither exists, format_error if an index and its shards disagree, or if an index names a file
  /// outside the folder.
  [[nodiscard]] static safetensors_archive from_folder(const std::filesystem::path& folder) {
    const auto single = folder / single_weights;
    const auto index = folder / weights_index;
    if (detail::has_file(single)) return from_file(single);
    if (detail::has_file(index)) return from_index(folder, index);
    check_folder(folder);
    const std::string other = detail::describe_other_model(folder);
    if (!other.empty()) throw io_error(concat(folder.native(), ": no model.safetensors; ", other));
    return from_file(single);  // its message names the file
  }

  /// The file or the index, for messages.
  [[nodiscard]] const std::string& name() const { return name_; }

  /// By name, sorted. The items are valid as long as the archive, even after a move.
  [[nodiscard]] const std::map<std::string, item, std::less<>>& tensors() const { return items_; }

 private:
  safetensors_archive() = default;

  const safetensors_file& add(const std::filesystem::path& path) {
    const safetensors_file& file = *files_.emplace_back(std::make_unique<safetensors_file>(path));
    for (const auto& [tensor, entry] : file.tensors()) {
      if (!items_.emplace(tensor, item{&file, &entry}).second) {
        throw format_error(
            concat(file.name(), ": tensor ", printable(tensor), " is in another shard too"));
      }
    }
    return file;
  }

  [[nodiscard]] static safetensors_archive from_index(const std::filesystem::path& folder,
                                                      const std::filesystem::path& index);

  std::string name_;
  // at fixed addresses: the items point to them
  std::vector<std::unique_ptr<safetensors_file>> files_;
  std::map<std::string, item, std::less<>> items_;
};

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/formats/detail/safetensors_archive_definitions.hpp"
#endif
