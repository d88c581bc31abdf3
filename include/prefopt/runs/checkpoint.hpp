// SPDX-License-Identifier: MIT
#pragma once
// Checkpoints: folders `checkpoint-N` in a run's output, where N is the number of steps done. Each
// is there as a whole or not at all, and the newest two are kept. Their content is up to the
// writer.

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/io/atomic_directory.hpp"
#include "prefopt/io/temporary.hpp"

namespace prefopt::inline v0_2 {

/// A checkpoint on disk.
struct checkpoint_location {
  std::filesystem::path path;
  std::int64_t step = 0;
};

namespace detail {

/// The step in a name as write_checkpoint writes it: "checkpoint-120", and no other spelling of the
/// number.
[[nodiscard]] inline std::optional<std::int64_t> checkpoint_step(std::string_view name) {
  constexpr std::string_view prefix = "checkpoint-";
  if (!name.starts_with(prefix)) return std::nullopt;
  const std::string_view digits = name.substr(prefix.size());
  std::int64_t step = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  if (code != std::errc{} || step < 0 || std::to_string(step) != digits) return std::nullopt;
  return step;
}

}  // namespace detail

/// The checkpoints in a run's output, oldest first; none if the folder does not exist. Throws
/// io_error.
[[nodiscard]] inline std::vector<checkpoint_location> list_checkpoints(
    const std::filesystem::path& output) {
  std::vector<checkpoint_location> checkpoints;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(output, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const auto step = detail::checkpoint_step(entry->path().filename().native());
    std::error_code ignored;
    if (step && entry->is_directory(ignored)) checkpoints.push_back({entry->path(), *step});
  }
  if (failure && failure != std::errc::no_such_file_or_directory)
    throw system_failure(output, "read", failure.value());
  std::ranges::sort(checkpoints, {}, &checkpoint_location::step);
  return checkpoints;
}

/// Lets prune_checkpoints remove every folder with such a name.
struct any_checkpoint {
  bool operator()(const std::filesystem::path&) const { return true; }
};

/// Removes all but the newest `keep` of the checkpoints that satisfy `is_own(path)`. Throws
/// io_error.
template <std::predicate<const std::filesystem::path&> IsOwn = any_checkpoint>
void prune_checkpoints(const std::filesystem::path& output, std::size_t keep, IsOwn&& is_own = {}) {
  auto checkpoints = list_checkpoints(output);
  std::erase_if(checkpoints, [&](const checkpoint_location& checkpoint) {
    return !is_own(std::as_const(checkpoint.path));
  });
  checkpoints.resize(checkpoints.size() - std::min(keep, checkpoints.size()));
  for (const checkpoint_location& checkpoint : checkpoints) {
    // Renamed to a temporary name first: if the program is killed midway, it must not look like a
    // checkpoint any more.
    const auto leaving = temporary_sibling(checkpoint.path);
    rename_over(checkpoint.path, leaving);
    remove_tree(leaving);
  }
}

/// How many checkpoints write_checkpoint leaves.
inline constexpr std::size_t checkpoints_kept = 2;

/// A checkpoint that is on the disk.
struct written_checkpoint {
  std::filesystem::path path;
  std::string remark;  ///< old files that could not be removed, and why; empty if all were
};

/// Makes the checkpoint of a step: `fill(folder)` writes into a temporary folder, which then gets
/// its final name; of the checkpoints that satisfy `is_own(path)`, all but the newest
/// `checkpoints_kept` are removed. Throws what `fill` throws, and io_error, also if that step has a
/// checkpoint; then nothing has changed. Old files that cannot be removed are listed in the remark.
template <std::invocable<const std::filesystem::path&> Fill,
          std::predicate<const std::filesystem::path&> IsOwn = any_checkpoint>
written_checkpoint write_checkpoint(const std::filesystem::path& output, std::int64_t step,
                                    Fill&& fill, IsOwn&& is_own = {}) {
  written_checkpoint written{output / concat("checkpoint-", step), {}};
  const auto clear_away = [&](auto&& remove) {
    try {
      remove();
    } catch (const io_error& cause) {
      written.remark += concat(written.remark.empty() ? "" : "; ", cause.what());
    }
  };
  clear_away([&] { remove_leftovers(output); });
  atomic_directory directory(written.path);
  fill(directory.path());
  directory.commit();
  clear_away([&] { prune_checkpoints(output, checkpoints_kept, is_own); });
  return written;
}

}  // namespace prefopt::inline v0_2
