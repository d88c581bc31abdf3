// SPDX-License-Identifier: MIT
#pragma once
// cuda_device: a GPU for kernels and operations, with one stream on which everything runs in order.

#if !defined(__CUDACC__)
#error \
    "prefopt/cuda/device.cuh is for nvcc: include prefopt/cuda.hpp and link prefopt::cuda instead"
#endif

#include <algorithm>
#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <cuda_runtime_api.h>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/cuda/backend.hpp"
#include "prefopt/cuda/detail/blas.cuh"
#include "prefopt/cuda/detail/check.cuh"
#include "prefopt/cuda/detail/device_block.hpp"
#include "prefopt/cuda/detail/device_memory.cuh"
#include "prefopt/cuda/detail/device_pool.hpp"
#include "prefopt/cuda/detail/device_thread.cuh"
#include "prefopt/cuda/detail/product.hpp"
#include "prefopt/cuda/detail/product_ways.hpp"
#include "prefopt/cuda/detail/rows.hpp"
#include "prefopt/cuda/detail/upload_stage.cuh"

namespace prefopt::inline v0_2 {

namespace detail {

/// Owns a stream that does not wait for the default stream.
class cuda_stream {
 public:
  cuda_stream() {
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "opening a stream");
  }
  cuda_stream(const cuda_stream&) = delete;
  cuda_stream& operator=(const cuda_stream&) = delete;
  ~cuda_stream() {
    cudaStreamSynchronize(stream_);  // blocks that are released later may then be freed
    cudaStreamDestroy(stream_);
  }

  [[nodiscard]] cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

/// The properties of a device, which becomes current. Throws no_device_error if there is none or it
/// is too old, device_error for everything else.
[[nodiscard]] inline cudaDeviceProp open_device(int ordinal) {
  int driver = 0, devices = 0;
  check(cudaDriverGetVersion(&driver), "querying the driver version");
  if (driver == 0)
    throw no_device_error("cuda_device: there is no CUDA device: no NVIDIA driver is installed");
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status == cudaErrorNoDevice || (status == cudaSuccess && devices == 0))
    throw no_device_error("cuda_device: there is no CUDA device: the driver reports none");
  if (status == cudaErrorInsufficientDriver)
    throw device_error(concat("cuda_device: the driver is for CUDA ", driver / 1000, '.',
                              driver % 1000 / 10, ", expected ", CUDART_VERSION / 1000, '.',
                              CUDART_VERSION % 1000 / 10, " or newer"));
  check(status, "counting devices");
  if (ordinal < 0 || ordinal >= devices)
    throw device_error(concat("cuda_device: device is ", ordinal, ", expected 0 to ", devices - 1));
  cudaDeviceProp properties = {};
  check(cudaGetDeviceProperties(&properties, ordinal), "querying the device's properties");
  if (properties.major < 8) {
    const std::string what = concat(
        "cuda_device: device ", ordinal, ", ", static_cast<const char*>(properties.name),
        ", has compute capability ", properties.major, '.', properties.minor, ", expected 8.0");
    for (int other = 0; other < devices; ++other) {
      cudaDeviceProp its = {};
      if (cudaGetDeviceProperties(&its, other) == cudaSuccess && its.major >= 8)
        throw device_error(concat(what, "; device ", other, " has ", its.major, '.', its.minor));
    }
    throw no_device_error(what);
  }
  check(cudaSetDevice(ordinal), "choosing the device");
  return properties;
}

}  // namespace detail

/// An NVIDIA GPU of compute capability 8.0 or newer. Every call makes its device the thread's
/// current one. Only one thread at a time may use it; blocks may outlive it.
class cuda_device {
 public:
  /// Throws no_device_error if there is no device, device_error if it cannot be used.
  explicit cuda_device(cuda_options options = {})
      : ordinal_(options.device),
        properties_(detail::open_device(ordinal_)),
        lasting_(std::make_shared<detail::lasting_memory>(ordinal_)),
        pool_(std::make_shared<scratch_pool>(detail::cuda_allocator{ordinal_})),
        stage_(stream_.get()),
        products_(stream_.get(), lasting(detail::blas_products::workspace_bytes), options.tf32) {}

  [[nodiscard]] std::string name() const { return properties_.name; }

  /// Total memory of the device.
  [[nodiscard]] std::size_t memory_bytes() const { return properties_.totalGlobalMem; }

  /// Shared memory available to a block: 163 KiB on compute capability 8.0, 99 on 8.6 and 8.9, 227
  /// on 9.0.
  [[nodiscard]] std::size_t most_shared_bytes() const { return properties_.sharedMemPerBlockOptin; }

  /// Zeroed memory for long use.
  [[nodiscard]] detail::device_block lasting(std::size_t bytes) const {
    const std::size_t size = std::max<std::size_t>(bytes, 1);
    void* data = lasting_->take(size);
    if (data == nullptr) {
      pool_->release_idle();
      data = lasting_->take(size);
    }
    if (data == nullptr) detail::out_of_memory(bytes, pool_->bytes());
    detail::device_block block(lasting_, data, bytes);
    detail::check(cudaMemsetAsync(data, 0, bytes, stream_.get()), "zeroing memory");
    return block;
  }
  /// Uninitialized memory for short use.
  [[nodiscard]] detail::device_block scratch(std::size_t bytes) const {
    void* const data = pool_->take(bytes);
    if (data == nullptr) detail::out_of_memory(bytes, pool_->bytes());
    return {pool_, data, bytes};
  }
  template <class T>
  [[nodiscard]] device_buffer<T> upload(std::span<const T> values) const {
    device_buffer<T> there(scratch(values.size_bytes()), values.size());
    to_device(there.data(), values.data(), values.size_bytes());
    return there;
  }

  /// `from` may change as soon as this returns.
  void to_device(void* to, const void* from, std::size_t bytes) const {
    if (bytes == 0) return;
    use();
    stage_.copy(to, from, bytes);
  }
  /// Waits for all earlier calls.
  void to_host(void* to, const void* from, std::size_t bytes) const {
    if (bytes == 0) return;
    use();
    detail::check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_.get()),
                  "a copy to the host");
    stage_.wait();
  }
  void inside(void* to, const void* from, std::size_t bytes) const {
    if (bytes == 0) return;
    use();
    detail::check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_.get()),
                  "a copy on the device");
  }

  /// Runs a kernel after all earlier calls. An empty grid runs nothing.
  template <class Kernel>
  void launch(const Kernel& kernel, const detail::launch_shape& shape) const {
    const auto [x, y, z] = shape.blocks;
    if (x == 0 || y == 0 || z == 0) return;
    use();
    const auto run = detail::run_kernel<Kernel>;
    if (shape.shared_bytes > 48 * 1024)
      allow_much_shared_memory(reinterpret_cast<const void*>(run));
    run<<<dim3(x, y, z), shape.threads, shape.shared_bytes, stream_.get()>>>(kernel);
    if (const cudaError_t status = cudaGetLastError(); status != cudaSuccess)
      detail::check(status,
                    concat("starting ", x, " x ", y, " x ", z, " blocks of ", shape.threads,
                           " threads with ", shape.shared_bytes, " bytes of shared memory"));
  }

  template <class In, class Out>
  void multiply(const detail::device_product<In, Out>& product) const {
    if (product.out.size() == 0) return;
    use();
    detail::device_block room;
    const Out* bias = nullptr;
    if constexpr (std::is_same_v<Out, float>) {
      bias = product.bias;
    } else if (product.bias != nullptr) {
      const std::size_t columns = product.out.extent(1);
      room = scratch(columns * sizeof(Out));
      launch(detail::round_kernel{{product.bias, 0}, {static_cast<Out*>(room.data()), 0}, columns},
             detail::a_thread_an_element(1, columns));
      bias = static_cast<const Out*>(room.data());
    }
    const auto library = [&](const detail::device_product<In, Out>& p) {
      return products_(p, bias);
    };
    detail::multiply_somehow(*this, elsewhere_, library, product);
  }

  /// Products that cuBLASLt did not do alone.
  [[nodiscard]] const detail::product_log& products_elsewhere() const { return elsewhere_; }

 private:
  using scratch_pool = detail::device_pool<detail::cuda_allocator>;

  void use() const { detail::check(cudaSetDevice(ordinal_), "choosing the device"); }

  /// A kernel may use more than 48 KiB per block only after it requests it once (CUDA C++
  /// Programming Guide, Shared Memory).
  void allow_much_shared_memory(const void* run) const {
    if (with_much_shared_memory_.contains(run)) return;
    detail::check(cudaFuncSetAttribute(run, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                       static_cast<int>(most_shared_bytes())),
                  "requesting more shared memory");
    with_much_shared_memory_.insert(run);  // only after success, so that the next launch retries
  }

  int ordinal_;
  cudaDeviceProp properties_;
  detail::cuda_stream stream_;
  std::shared_ptr<detail::lasting_memory> lasting_;
  std::shared_ptr<scratch_pool> pool_;
  mutable detail::upload_stage stage_;
  mutable detail::blas_products products_;
  mutable detail::product_log elsewhere_;
  mutable std::set<const void*> with_much_shared_memory_;
};

}  // namespace prefopt::inline v0_2
