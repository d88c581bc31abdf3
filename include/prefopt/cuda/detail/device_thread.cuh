// SPDX-License-Identifier: MIT
#pragma once
// The GPU thread that a kernel runs on: the operations listed in kernel.hpp, and the only
// __global__ function.

#if !defined(__CUDACC__)
#error \
    "prefopt/cuda/detail/device_thread.cuh is for nvcc: include prefopt/cuda.hpp and link prefopt::cuda instead"
#endif

#include "prefopt/cuda/detail/kernel.hpp"

namespace prefopt::inline v0_2::detail {

class device_thread {
 public:
  [[nodiscard]] __device__ unsigned index() const { return threadIdx.x; }
  [[nodiscard]] __device__ unsigned count() const { return blockDim.x; }
  [[nodiscard]] __device__ unsigned block(unsigned axis) const {
    return axis == 0 ? blockIdx.x : axis == 1 ? blockIdx.y : blockIdx.z;
  }
  __device__ void sync() const { __syncthreads(); }
  [[nodiscard]] __device__ unsigned char* shared() const {
    extern __shared__ __align__(128) unsigned char block_memory[];
    return block_memory;
  }

  // Each step exchanges with the lane that differs in one bit; a + b and b + a have the same bits,
  // so all lanes agree.
  [[nodiscard]] __device__ float warp_sum(float x) const {
    for (int bit = warp_size / 2; bit > 0; bit /= 2) x += shuffle_xor(x, bit);
    return x;
  }
  [[nodiscard]] __device__ float warp_max(float x) const {
    for (int bit = warp_size / 2; bit > 0; bit /= 2) x = fmaxf(x, shuffle_xor(x, bit));
    return x;
  }
  /// The x of the lane whose number differs from this one's in the bits of `mask`.
  template <class T>
  [[nodiscard]] __device__ T shuffle_xor(T x, int mask) const {
    return __shfl_xor_sync(~0u, x, mask);
  }

  /// d[4] += a[4] b[2], with float sums and pairs of bfloat16 in 32 bits.
  template <class Sums, class Left, class Right>
  __device__ void mma(Sums& d, const Left& a, const Right& b) const {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
};

template <class Kernel>
__global__ void run_kernel(const Kernel kernel) {
  device_thread thread;
  kernel(thread);
}

}  // namespace prefopt::inline v0_2::detail
