// SPDX-License-Identifier: MIT
#pragma once
// Memory of a GPU from cudaMalloc, and the error if it runs out.

#if !defined(__CUDACC__)
#error \
    "prefopt/cuda/detail/device_memory.cuh is for nvcc: include prefopt/cuda.hpp and link prefopt::cuda instead"
#endif

#include <cstddef>

#include <cuda_runtime_api.h>

#include "prefopt/core/error.hpp"
#include "prefopt/cuda/detail/check.cuh"
#include "prefopt/cuda/detail/device_block.hpp"

namespace prefopt::inline v0_2::detail {

/// Allocates memory on a device and frees it when the kernels that may still use it are done.
struct cuda_allocator {
  int device;

  [[nodiscard]] void* allocate(std::size_t bytes) const {
    void* data = nullptr;
    check(cudaSetDevice(device), "choosing the device");
    const cudaError_t status = cudaMalloc(&data, bytes);
    if (status != cudaErrorMemoryAllocation) check(status, "allocating memory");
    cudaGetLastError();
    return status == cudaSuccess ? data : nullptr;
  }
  // at program exit there may be no device any more: all results are ignored
  void release(void* data) const noexcept {
    cudaSetDevice(device);
    cudaDeviceSynchronize();
    cudaFree(data);
  }
};

/// Separate allocations for memory that stays.
class lasting_memory final : public device_memory {
 public:
  explicit lasting_memory(int device) : allocator_{device} {}

  [[nodiscard]] void* take(std::size_t bytes) const { return allocator_.allocate(bytes); }
  void give_back(void* data, std::size_t) noexcept override { allocator_.release(data); }

 private:
  cuda_allocator allocator_;
};

[[noreturn]] inline void out_of_memory(std::size_t expected, std::size_t scratch) {
  std::size_t free = 0, all = 0;
  check(cudaMemGetInfo(&free, &all), "querying free memory");
  throw device_error(concat("cuda: out of memory: expected ", expected, " bytes; ", free,
                            " of the device's ", all, " are free, and ", scratch,
                            " are this backend's scratch memory; lower tokens_per_microbatch"));
}

}  // namespace prefopt::inline v0_2::detail
