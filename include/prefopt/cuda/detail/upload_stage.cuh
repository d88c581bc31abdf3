// SPDX-License-Identifier: MIT
#pragma once
// upload_stage: host memory that the device can read directly, as a stage for data that the caller
// may change immediately. Without it the driver would stage the copy itself, possibly after waiting
// for all earlier work.

#if !defined(__CUDACC__)
#error \
    "prefopt/cuda/detail/upload_stage.cuh is for nvcc: include prefopt/cuda.hpp and link prefopt::cuda instead"
#endif

#include <cstddef>
#include <cstring>
#include <memory>

#include <cuda_runtime_api.h>

#include "prefopt/cuda/detail/check.cuh"

namespace prefopt::inline v0_2::detail {

/// Copies to the device in order on one stream. Waits only for copies larger than the stage, and if
/// the data copied since the last wait fills the stage.
class upload_stage {
 public:
  explicit upload_stage(cudaStream_t stream) : stream_(stream) {
    void* memory = nullptr;
    check(cudaMallocHost(&memory, size), "page-locked host memory");
    memory_.reset(static_cast<unsigned char*>(memory));
  }

  upload_stage(const upload_stage&) = delete;
  upload_stage& operator=(const upload_stage&) = delete;
  ~upload_stage() { cudaStreamSynchronize(stream_); }

  void copy(void* to, const void* from, std::size_t bytes) {
    if (bytes > size) {
      check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_),
            "a copy to the device");
      wait();
      return;
    }
    if (bytes > size - used_) wait();
    unsigned char* const staged = memory_.get() + used_;
    std::memcpy(staged, from, bytes);
    check(cudaMemcpyAsync(to, staged, bytes, cudaMemcpyHostToDevice, stream_),
          "a copy to the device");
    used_ += bytes;
  }

  /// Waits for the stream: all staged data has arrived.
  void wait() {
    check(cudaStreamSynchronize(stream_), "waiting for the device");
    used_ = 0;
  }

 private:
  static constexpr std::size_t size = std::size_t{8} << 20;
  struct release {
    void operator()(unsigned char* memory) const { cudaFreeHost(memory); }
  };

  cudaStream_t stream_;
  std::unique_ptr<unsigned char, release> memory_;
  std::size_t used_ = 0;
};

}  // namespace prefopt::inline v0_2::detail
