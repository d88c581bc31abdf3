// SPDX-License-Identifier: MIT
#pragma once
// zeroed_buffer: host memory that begins as zeros, on cache lines. Large ones come from the system as untouched pages,
// so what nobody writes (the gradients of a frozen model) costs address space only.

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace prefopt {

/// Owner of `size()` zeroed numbers. Move-only.
template <class T>
class zeroed_buffer {
  static_assert(std::is_trivially_copyable_v<T>, "zeroed_buffer holds plain numbers");

 public:
  zeroed_buffer() = default;

  /// Throws std::bad_alloc.
  explicit zeroed_buffer(std::size_t size) : size_(size) {
    constexpr std::size_t alignment = 64;
    if (size > (std::numeric_limits<std::size_t>::max() - alignment) / sizeof(T)) throw std::bad_alloc();
    std::size_t room = size * sizeof(T) + alignment;
    block_.reset(std::calloc(room, 1));
    if (!block_) throw std::bad_alloc();
    void* aligned = block_.get();
    data_ = static_cast<T*>(std::align(alignment, size * sizeof(T), aligned, room));
  }

  zeroed_buffer(zeroed_buffer&& other) noexcept
      : block_(std::move(other.block_)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  zeroed_buffer& operator=(zeroed_buffer&& other) noexcept {
    block_ = std::move(other.block_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct release {
    void operator()(void* memory) const { std::free(memory); }
  };

  std::unique_ptr<void, release> block_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace prefopt
