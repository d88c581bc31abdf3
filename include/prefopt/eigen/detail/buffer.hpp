// SPDX-License-Identifier: MIT
#pragma once
// zeroed_buffer: numbers in host memory that start as zeros, on cache lines. Parts that are never
// written (the gradients of a frozen model) cost only address space.

#include <cstddef>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>

#include "prefopt/eigen/detail/memory.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Bytes of `size` numbers. Throws std::bad_alloc if no computer has that many.
template <class T>
[[nodiscard]] std::size_t bytes_of(std::size_t size) {
  if (size > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_alloc();
  return size * sizeof(T);
}

}  // namespace detail

/// Owns `size()` zeroed numbers. Move-only.
template <class T>
class zeroed_buffer {
  static_assert(std::is_trivially_copyable_v<T>, "zeroed_buffer holds plain numbers");

 public:
  zeroed_buffer() = default;

  /// Throws std::bad_alloc.
  explicit zeroed_buffer(std::size_t size) : block_(detail::bytes_of<T>(size)), size_(size) {}

  zeroed_buffer(zeroed_buffer&& other) noexcept
      : block_(std::move(other.block_)), size_(std::exchange(other.size_, 0)) {}
  zeroed_buffer& operator=(zeroed_buffer&& other) noexcept {
    block_ = std::move(other.block_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  [[nodiscard]] T* data() { return static_cast<T*>(block_.data()); }
  [[nodiscard]] const T* data() const { return static_cast<const T*>(block_.data()); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  detail::memory_block block_;
  std::size_t size_ = 0;
};

}  // namespace prefopt::inline v0_2
