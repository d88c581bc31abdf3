// SPDX-License-Identifier: MIT
#pragma once
// A device on the host: what cuda_backend needs from one, with kernels run thread by thread and
// products computed by plain loops. Memory that was never written reads as NaN.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "prefopt/cuda/backend.hpp"
#include "prefopt/cuda/detail/activation.hpp"
#include "prefopt/cuda/detail/device_block.hpp"
#include "prefopt/cuda/detail/product.hpp"
#include "prefopt/cuda/detail/product_ways.hpp"
#include "cuda/emulated_thread.hpp"

namespace prefopt::tests {

/// Each allocation comes from malloc, so that a sanitizer sees overruns.
class host_memory final : public detail::device_memory {
 public:
  void give_back(void* data, std::size_t) noexcept override { std::free(data); }
};

class emulated_device {
 public:
  /// Shared memory that a block may have: by default that of compute capability 8.0.
  explicit emulated_device(std::size_t most_shared_bytes = 163 * 1024)
      : most_shared_bytes_(most_shared_bytes) {}

  [[nodiscard]] std::size_t most_shared_bytes() const { return most_shared_bytes_; }
  [[nodiscard]] std::string name() const { return "a device on the host"; }

  [[nodiscard]] detail::device_block lasting(std::size_t bytes) const {
    ++lasting_taken_;
    return block(bytes, 0);
  }
  /// Blocks of lasting memory taken so far. On a GPU each waits for all earlier calls.
  [[nodiscard]] std::size_t lasting_taken() const { return lasting_taken_; }

  [[nodiscard]] detail::device_block scratch(std::size_t bytes) const {
    if (refuses_scratch_) throw std::bad_alloc();
    return block(bytes, 0xff);
  }
  [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }
  void have_memory(std::size_t bytes) { memory_bytes_ = bytes; }
  /// As if there were no more memory.
  void refuse_scratch(bool refuses) { refuses_scratch_ = refuses; }
  /// Kernels launched so far.
  [[nodiscard]] std::size_t launches() const { return launches_; }
  [[nodiscard]] std::size_t most_shared_asked_for() const { return most_shared_asked_for_; }
  template <class T>
  [[nodiscard]] device_buffer<T> upload(std::span<const T> values) const {
    device_buffer<T> there(scratch(values.size_bytes()), values.size());
    to_device(there.data(), values.data(), values.size_bytes());
    return there;
  }
  void to_device(void* to, const void* from, std::size_t bytes) const { inside(to, from, bytes); }
  void to_host(void* to, const void* from, std::size_t bytes) const { inside(to, from, bytes); }
  void inside(void* to, const void* from, std::size_t bytes) const {
    if (bytes != 0) std::memcpy(to, from, bytes);
  }

  template <class Kernel>
  void launch(const Kernel& kernel, const detail::launch_shape& shape) const {
    if (shape.blocks[1] > 65535 || shape.blocks[2] > 65535 || shape.threads > 1024 ||
        shape.shared_bytes > most_shared_bytes_)
      throw std::logic_error("a launch that no GPU would take");
    ++launches_;
    most_shared_asked_for_ = std::max(most_shared_asked_for_, shape.shared_bytes);
    const detail::device_block shared = block(shape.shared_bytes + 128, 0xff);
    void* begin = shared.data();
    std::size_t room = shape.shared_bytes + 128;
    std::align(128, shape.shared_bytes, begin, room);
    for (unsigned z = 0; z < shape.blocks[2]; ++z)
      for (unsigned y = 0; y < shape.blocks[1]; ++y)
        for (unsigned x = 0; x < shape.blocks[0]; ++x) {
          std::memset(begin, 0xff, shape.shared_bytes);
          run_block(kernel, {x, y, z}, shape.threads, static_cast<std::byte*>(begin));
        }
  }

  /// What the vendor's product library can do here.
  enum class library { everything, plain_products, nothing };
  void give_library(library can) { library_ = can; }

  template <class In, class Out>
  void multiply(const detail::device_product<In, Out>& product) const {
    const auto by_library = [&](const detail::device_product<In, Out>& p) {
      const bool can =
          library_ == library::everything ||
          (library_ == library::plain_products && p.finish == detail::product_finish::none);
      if (can) multiply_by_loops(p);
      return can;
    };
    detail::multiply_somehow(*this, elsewhere_, by_library, product);
  }
  [[nodiscard]] const detail::product_log& products_elsewhere() const { return elsewhere_; }

  template <class In, class Out>
  static void multiply_by_loops(const detail::device_product<In, Out>& p) {
    const std::size_t depth = p.left.extent(p.left_is_transposed ? 0 : 1);
    for (std::size_t i = 0; i < p.out.extent(0); ++i)
      for (std::size_t j = 0; j < p.out.extent(1); ++j) {
        float sum = 0;
        for (std::size_t k = 0; k < depth; ++k)
          sum += detail::widen(p.left_is_transposed ? p.left(k, i) : p.left(i, k)) *
                 detail::widen(p.right_is_transposed ? p.right(j, k) : p.right(k, j));
        if (p.addend.data() != nullptr) sum += detail::widen(p.addend(i, j));
        if (p.bias != nullptr) sum += p.bias[j];
        if (p.finish == detail::product_finish::gelu) {
          p.before(i, j) = detail::narrow<Out>(sum);
          sum = detail::gelu(activation_function::gelu_new, sum);
        } else if (p.finish == detail::product_finish::gelu_backward) {
          sum *=
              detail::gelu_slope_at(activation_function::gelu_new, detail::widen(p.before(i, j)));
        }
        p.out(i, j) = detail::narrow<Out>(sum);
      }
  }

 private:
  [[nodiscard]] detail::device_block block(std::size_t bytes, int content) const {
    void* const data = std::malloc(std::max<std::size_t>(bytes, 1));
    if (data == nullptr) throw std::bad_alloc();
    std::memset(data, content, bytes);
    return {memory_, data, bytes};
  }

  std::size_t most_shared_bytes_, memory_bytes_ = std::size_t{80} << 30;
  bool refuses_scratch_ = false;
  library library_ = library::everything;
  mutable detail::product_log elsewhere_;
  mutable std::size_t lasting_taken_ = 0, launches_ = 0, most_shared_asked_for_ = 0;
  std::shared_ptr<host_memory> memory_ = std::make_shared<host_memory>();
};

}  // namespace prefopt::tests
