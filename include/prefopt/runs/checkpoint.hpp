// SPDX-License-Identifier: MIT
#pragma once
// Checkpoints: folders `checkpoint-N` in a run's output, N the steps done. Each is there whole or
// not at all, and the newest two are kept. What stands in one is its writer's business.

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

namespace prefopt {

/// A checkpoint on disk.
struct checkpoint_location {
  std::filesystem::path path;
  std::int64_t step = 0;
};

namespace detail {

/// The step in a name as write_checkpoint gives it: "checkpoint-120", and no other spelling of the
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

/// The checkpoints in a run's output, oldest first; none where the folder is not there. Throws
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

/// What prune_checkpoints may remove: every folder of such a name.
struct any_checkpoint {
  bool operator()(const std::filesystem::path&) const { return true; }
};

/// Of the checkpoints for which `is_own(path)` holds, removes all but the newest `keep`. Throws
/// io_error.
template <std::predicate<const std::filesystem::path&> IsOwn = any_checkpoint>
void prune_checkpoints(const std::filesystem::path& output, std::size_t keep, IsOwn&& is_own = {}) {
  auto checkpoints = list_checkpoints(output);
  std::erase_if(checkpoints, [&](const checkpoint_location& checkpoint) {
    return !is_own(std::as_const(checkpoint.path));
  });
  checkpoints.resize(checkpoints.size() - std::min(keep, checkpoints.size()));
  for (const checkpoint_location& checkpoint : checkpoints) {
    // Under a temporary name first: killed in the middle, it must not look like a checkpoint any
    // more.
    const auto leaving = temporary_sibling(checkpoint.path);
    rename_over(checkpoint.path, leaving);
    remove_tree(leaving);
  }
}

/// A checkpoint that is on the disk.
struct written_checkpoint {
  std::filesystem::path path;
  std::string remark;  ///< what could not be removed beside it, and why; empty where all was
};

/// Makes the checkpoint of a step: `fill(folder)` writes into a temporary folder, which then gets
/// its name, and of those that are `is_own(path)` older ones than the newest two go. Throws what
/// `fill` throws, and io_error, also where that step has a checkpoint; then nothing has changed.
/// Old files that cannot be removed are a remark.
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
  clear_away([&] { prune_checkpoints(output, 2, is_own); });
  return written;
}

}  // namespace prefopt
