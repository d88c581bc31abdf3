// SPDX-License-Identifier: MIT
#pragma once
// weight_files: replaces the weights in a model's folder, in one file or in shards, so that
// whatever interrupts it, no reader ever finds a part of both models.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/io/atomic_file.hpp"
#include "prefopt/io/file_descriptor.hpp"
#include "prefopt/io/folders.hpp"
#include "prefopt/io/model_folder.hpp"
#include "prefopt/io/output_file.hpp"

namespace prefopt::inline v0_2::detail {

/// New files of weights, prepared next to those that they replace. Readers take model.safetensors
/// or, if there is none, what model.safetensors.index.json lists.
class weight_files {
 public:
  /// `count` is the number of files of weights: one, or shards.
  weight_files(std::filesystem::path folder, std::size_t count)
      : folder_(std::move(folder)), is_single_(count == 1) {}

  /// Prepares a file: `write(file)` fills it. The index of shards comes last.
  template <class Write>
  void prepare(const std::string& name, Write&& write) {
    auto file = std::make_unique<atomic_file>(folder_ / name, links::replace);
    write(file->file());
    file->close();
    names_.push_back(name);
    files_.push_back(std::move(file));
  }

  /// Makes the prepared files the folder's weights, and removes all others.
  void commit() {
    const auto single = folder_ / single_weights, index = folder_ / weights_index;
    // New shards may have the names of old ones. If no single file hides them, there must be no
    // index meanwhile.
    if (!is_single_ && !has_file(single)) remove_file(index);
    for (const auto& file : files_) file->commit();
    // From here on the new weights are complete, and the next removal makes them the ones that are
    // read, or they already are.
    remove_file(is_single_ ? index : single);
    for (const std::string& name : old_shards()) remove_file(folder_ / name);
  }

 private:
  void remove_file(const std::filesystem::path& path) const {
    std::error_code failure;
    if (!std::filesystem::remove(path, failure) && !failure) return;  // there was none
    if (failure) throw system_failure(path, "remove", failure.value());
    flush_path(folder_);
  }

  [[nodiscard]] std::vector<std::string> old_shards() const {
    std::vector<std::string> old;
    std::error_code failure;
    for (std::filesystem::directory_iterator entry(folder_, failure), end; !failure && entry != end;
         entry.increment(failure)) {
      std::string name = entry->path().filename().native();
      if (is_shard_name(name) && std::ranges::find(names_, name) == names_.end())
        old.push_back(std::move(name));
    }
    if (failure) throw system_failure(folder_, "read", failure.value());
    return old;
  }

  std::filesystem::path folder_;
  bool is_single_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<atomic_file>> files_;
};

}  // namespace prefopt::inline v0_2::detail
