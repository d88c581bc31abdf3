// SPDX-License-Identifier: MIT
#pragma once
// How to write a kernel: a small struct of arguments with a call operator over a `thread`, launched
// over a grid. A kernel may use only the operations of the thread listed here, so that the same
// source runs on a GPU and, thread by thread, in a host program that tests it.
//
//   t.index(), t.count()    this thread's index in its block, and their number: a multiple of 32
//   t.block(axis)           this block's index in the grid, axis 0, 1 or 2
//   t.sync()                waits for all threads of the block
//   t.shared()              the block's shared memory, launch_shape::shared_bytes of it, aligned to
//                           128 bytes
//   t.shuffle_xor(x, mask)  the x of the thread of the warp whose number differs in the bits of
//                           `mask`; all 32 must call
//   t.warp_sum(x), t.warp_max(x)
//                           of a float over the 32 threads of a warp, the same bits in each; all 32
//                           must call
//   t.mma(d, a, b)          d += a b in bfloat16 on tensor cores, by all 32 threads of a warp:
//                           mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 (PTX ISA 8.0,
//                           section 9.7.13.4.8)

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/view.hpp"

#if defined(__CUDACC__)
#define PREFOPT_DEVICE __device__
#else
#define PREFOPT_DEVICE
#endif

namespace prefopt::inline v0_2::detail {

inline constexpr unsigned warp_size = 32;

/// A grid of blocks of threads.
struct launch_shape {
  std::array<unsigned, 3> blocks = {1, 1, 1};
  unsigned threads = 256;
  std::size_t shared_bytes = 0;
};

/// Number of blocks of `part` that cover `count`.
[[nodiscard]] constexpr unsigned blocks_for(std::size_t count, std::size_t part) {
  return static_cast<unsigned>((count + part - 1) / part);
}

/// Rows of a matrix for kernels: [rows, columns], `stride` elements from row to row.
template <class T>
struct device_rows {
  T* data;
  std::size_t stride;

  PREFOPT_DEVICE T* operator[](std::size_t row) const { return data + row * stride; }
};

template <class T>
[[nodiscard]] device_rows<T> rows_of(matrix_view<T> matrix) {
  return {matrix.data(), matrix.stride(0)};
}

/// Heads for kernels: [N, H, D], the last axis contiguous.
template <class T>
struct device_heads {
  T* data;
  std::size_t row_stride, head_stride;

  PREFOPT_DEVICE T* at(std::size_t row, std::size_t head) const {
    return data + row * row_stride + head * head_stride;
  }
};

template <class T>
[[nodiscard]] device_heads<T> heads_of(tensor_view<T, 3> heads) {
  return {heads.data(), heads.stride(0), heads.stride(1)};
}

/// Heads as the rows of a matrix: row i is head i % count of row i / count.
template <class T>
struct heads_as_rows {
  device_heads<T> heads;
  unsigned count;

  PREFOPT_DEVICE T* operator[](std::size_t i) const {
    const auto row = static_cast<unsigned>(i);  // 32 bits: a wider division is slow
    return heads.at(row / count, row % count);
  }
};

template <class T>
[[nodiscard]] heads_as_rows<T> as_rows(tensor_view<T, 3> heads) {
  return {heads_of(heads), static_cast<unsigned>(heads.extent(1))};
}
/// A number for each head, [N, H], as rows of one column.
template <class T>
[[nodiscard]] heads_as_rows<T> as_rows(matrix_view<T> of_heads) {
  return {{of_heads.data(), of_heads.stride(0), 1}, static_cast<unsigned>(of_heads.extent(1))};
}

/// Numbers are stored as float or bfloat16; arithmetic is in float.
PREFOPT_DEVICE inline float widen(float value) { return value; }
PREFOPT_DEVICE inline float widen(bfloat16 value) { return static_cast<float>(value); }
template <class T>
PREFOPT_DEVICE T narrow(float value) {
#if defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<T, bfloat16>) {  // rounds as bfloat16 does, in one instruction
    unsigned short bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bfloat16::from_bits(bits);
  } else {
    return static_cast<T>(value);
  }
#else
  return static_cast<T>(value);
#endif
}

/// Calls use(i, load(i)) for i = first, first + Step, ... below `end`. Four loads are in flight at
/// once: `use` may store, and a compiler that cannot rule out aliasing would delay each later load.
template <std::size_t Step, class Load, class Use>
PREFOPT_DEVICE void for_each_loaded(std::size_t first, std::size_t end, const Load& load,
                                    const Use& use) {
  constexpr std::size_t together = 4;
  std::size_t i = first;
  for (; i + (together - 1) * Step < end; i += together * Step) {
    decltype(load(i)) values[together];
    for (std::size_t n = 0; n < together; ++n) values[n] = load(i + n * Step);
    for (std::size_t n = 0; n < together; ++n) use(i + n * Step, values[n]);
  }
  for (; i < end; i += Step) use(i, load(i));
}

}  // namespace prefopt::inline v0_2::detail
