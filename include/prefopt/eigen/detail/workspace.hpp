// SPDX-License-Identifier: MIT
#pragma once
// Activations and scratch come and go with every step. A workspace keeps their memory: fresh pages
// from the system cost more than most of the arithmetic on them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "prefopt/backend/free_ranges.hpp"
#include "prefopt/eigen/detail/buffer.hpp"
#include "prefopt/eigen/detail/memory.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Memory for short use. It grows to the most that was in use at once and does not shrink. Any
/// number of threads may share one.
class workspace {
 public:
  /// Returns `bytes` bytes, in whole cache lines, with any content. Throws std::bad_alloc.
  [[nodiscard]] std::uintptr_t take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (const auto found = free_.take(bytes)) return *found;
    grow(bytes);
    return free_.take(bytes).value();
  }

  void give_back(std::uintptr_t begin, std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    try {
      free_.add(begin, bytes);
      // no memory to record it: it is lost until the workspace is destroyed
    } catch (const std::bad_alloc&) {
    }
  }

  /// Address space that it holds, in bytes.
  [[nodiscard]] std::size_t bytes() {
    const std::lock_guard lock(mutex_);
    std::size_t sum = 0;
    for (const memory_block& region : regions_) sum += region.bytes();
    return sum;
  }

 private:
  void grow(std::size_t bytes) {
    // Regions that are entirely unused are freed first; otherwise growing batches would each leave
    // a region behind.
    std::erase_if(regions_, [&](const memory_block& region) {
      return free_.remove(begin_of(region), room_of(region));
    });
    // Untouched pages cost only address space, so a region may be large; its last line is left out,
    // for free_ranges.
    constexpr std::size_t least = std::size_t{1} << 28;
    const memory_block& region = regions_.emplace_back(std::max(bytes, least) + cache_line);
    free_.add(begin_of(region), room_of(region));
  }
  [[nodiscard]] static std::uintptr_t begin_of(const memory_block& region) {
    return reinterpret_cast<std::uintptr_t>(region.data());
  }
  [[nodiscard]] static std::size_t room_of(const memory_block& region) {
    return region.bytes() - cache_line;
  }

  std::mutex mutex_;
  free_ranges free_;
  std::vector<memory_block> regions_;
};

}  // namespace detail

/// Owns `size()` uninitialized numbers in a backend's workspace, to which they return. Move-only.
template <class T>
class workspace_buffer {
 public:
  workspace_buffer() = default;
  workspace_buffer(std::shared_ptr<detail::workspace> home, std::size_t size)
      : home_(std::move(home)), begin_(home_->take(lines(size))), size_(size) {}
  ~workspace_buffer() {
    if (home_) home_->give_back(begin_, lines(size_));
  }
  workspace_buffer(workspace_buffer&& other) noexcept { swap(other); }
  workspace_buffer& operator=(workspace_buffer&& other) noexcept {
    workspace_buffer(std::move(other)).swap(*this);
    return *this;
  }

  [[nodiscard]] T* data() { return reinterpret_cast<T*>(begin_); }
  [[nodiscard]] const T* data() const { return reinterpret_cast<const T*>(begin_); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  /// Bytes of `size` numbers in whole cache lines, at least one: every buffer has its own address.
  /// Throws std::bad_alloc if no computer has that many.
  [[nodiscard]] static std::size_t lines(std::size_t size) {
    const std::size_t bytes = std::max<std::size_t>(detail::bytes_of<T>(size), 1);
    if (bytes > std::numeric_limits<std::size_t>::max() - 2 * detail::cache_line)
      throw std::bad_alloc();
    return (bytes + detail::cache_line - 1) / detail::cache_line * detail::cache_line;
  }
  void swap(workspace_buffer& other) noexcept {
    std::swap(home_, other.home_);
    std::swap(begin_, other.begin_);
    std::swap(size_, other.size_);
  }

  std::shared_ptr<detail::workspace> home_;
  std::uintptr_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace prefopt::inline v0_2
