// SPDX-License-Identifier: MIT
#pragma once
// memory_block: zeroed host memory from the system, on cache lines. A large block uses huge pages
// if the system has them: the products read weights and activations by columns of panels and would
// run out of TLB entries for small pages.

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail {

inline constexpr std::size_t cache_line = 64;

/// Owns `bytes()` bytes that start as zeros. Untouched bytes cost only address space. Move-only.
class memory_block {
 public:
  memory_block() = default;

  /// Throws std::bad_alloc.
  explicit memory_block(std::size_t bytes) : bytes_(bytes) {
    constexpr std::size_t page = std::size_t{1} << 21;
    const std::size_t alignment = bytes < 2 * page ? cache_line : page;
    if (bytes > std::numeric_limits<std::size_t>::max() - alignment) throw std::bad_alloc();
    std::size_t room = bytes + alignment;
    block_.reset(std::calloc(room, 1));
    if (!block_) throw std::bad_alloc();
    void* aligned = block_.get();
    data_ = std::align(alignment, bytes, aligned, room);
#if defined(__linux__)
    if (alignment == page)
      // a hint: its result does not matter
      madvise(data_, bytes / page * page, MADV_HUGEPAGE);
#endif
  }

  memory_block(memory_block&& other) noexcept
      : block_(std::move(other.block_)),
        data_(std::exchange(other.data_, nullptr)),
        bytes_(std::exchange(other.bytes_, 0)) {}
  memory_block& operator=(memory_block&& other) noexcept {
    block_ = std::move(other.block_);
    data_ = std::exchange(other.data_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }

  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct release {
    void operator()(void* memory) const { std::free(memory); }
  };

  std::unique_ptr<void, release> block_;
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace prefopt::inline v0_2::detail
