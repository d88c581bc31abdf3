// SPDX-License-Identifier: MIT
#pragma once
// Activations and scratch come and go with every step. A workspace keeps the memory: fresh pages from the system cost
// more than most of the arithmetic that is done on them.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "prefopt/eigen/buffer.hpp"
#include "prefopt/eigen/memory.hpp"

namespace prefopt {

namespace detail {

/// Blocks that are not in use, by size. It holds no more than was in use at once. Any number of threads may share one.
class workspace {
 public:
  /// A block of at least so many bytes, with any content. Throws std::bad_alloc.
  [[nodiscard]] memory_block take(std::size_t bytes) {
    const std::size_t room = rounded(bytes);
    const std::lock_guard lock(mutex_);
    const auto found = idle_.lower_bound(room);
    // The next batch may be smaller: a block of up to twice the size serves it and is there again for a larger one.
    const bool fits = found != idle_.end() && found->first <= 2 * room;
    memory_block block = fits ? std::move(found->second) : memory_block(room);
    if (fits) {
      idle_bytes_ -= found->first;
      idle_.erase(found);
    }
    in_use_ += block.bytes();
    peak_ = std::max(peak_, in_use_);
    return block;
  }

  void give_back(memory_block block) noexcept {
    const std::lock_guard lock(mutex_);
    const std::size_t bytes = block.bytes();
    in_use_ -= bytes;
    try {
      idle_.emplace(bytes, std::move(block));
      idle_bytes_ += bytes;
    } catch (const std::bad_alloc&) {  // no memory to note it down: it goes to the system
    }
    while (in_use_ + idle_bytes_ > peak_) {  // sizes that were used once and are no longer
      const auto largest = std::prev(idle_.end());
      idle_bytes_ -= largest->first;
      idle_.erase(largest);
    }
  }

 private:
  /// Up to a quarter of a power of two: batches of nearly the same size use the same blocks.
  [[nodiscard]] static std::size_t rounded(std::size_t bytes) {
    constexpr std::size_t least = 4096;
    if (bytes <= least) return least;
    const std::size_t step = std::bit_floor(bytes - 1) / 4;
    return (bytes + step - 1) / step * step;
  }

  std::mutex mutex_;
  std::multimap<std::size_t, memory_block> idle_;
  std::size_t idle_bytes_ = 0, in_use_ = 0, peak_ = 0;
};

}  // namespace detail

/// Owner of `size()` numbers of any value in a machine's workspace, which they go back to. Move-only.
template <class T>
class workspace_buffer {
 public:
  workspace_buffer() = default;
  workspace_buffer(std::shared_ptr<detail::workspace> home, std::size_t size)
      : home_(std::move(home)), block_(home_->take(detail::bytes_of<T>(size))), size_(size) {}
  ~workspace_buffer() {
    if (home_) home_->give_back(std::move(block_));
  }
  workspace_buffer(workspace_buffer&& other) noexcept { swap(other); }
  workspace_buffer& operator=(workspace_buffer&& other) noexcept {
    workspace_buffer(std::move(other)).swap(*this);
    return *this;
  }

  [[nodiscard]] T* data() { return static_cast<T*>(block_.data()); }
  [[nodiscard]] const T* data() const { return static_cast<const T*>(block_.data()); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void swap(workspace_buffer& other) noexcept {
    std::swap(home_, other.home_);
    std::swap(block_, other.block_);
    std::swap(size_, other.size_);
  }

  std::shared_ptr<detail::workspace> home_;
  detail::memory_block block_;
  std::size_t size_ = 0;
};

}  // namespace prefopt
