// SPDX-License-Identifier: MIT
// Every product of a step of GPT-2 124M over 64 packed pairs (N = 12,807 rows, R = 5,400 head
// rows), on its own: how it was computed, the cost of its first call (selecting an algorithm,
// loading a cuBLASLt kernel), the cost of another N (only selecting an algorithm), and its speed.
// Then the products' GELU compared with our own. Without a GPU it prints a message and exits with
// 77.

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/core/random.hpp"
#include "prefopt/cuda.cuh"

namespace {

using prefopt::bfloat16;
using prefopt::cuda_device;
using prefopt::matrix_view;
using prefopt::detail::device_product;
using prefopt::detail::product_finish;

constexpr std::size_t channels = 768, inner = 3072, vocabulary = 50257, padded_vocabulary = 50272,
                      head_rows = 5400;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Normal numbers, on the device. Zeros or a pattern would be multiplied faster than a model's
/// numbers.
template <class T>
class matrix {
 public:
  matrix(const cuda_device& device, std::size_t rows, std::size_t columns, std::size_t stride)
      : view_(nullptr, {rows, columns}, {stride, 1}),
        block_(device.scratch(rows * stride * sizeof(T))) {
    static const std::vector<float> normal = [] {
      prefopt::random_generator random(1);
      std::vector<float> values(std::size_t{1} << 16);
      for (float& value : values) value = static_cast<float>(random.normal());
      return values;
    }();
    std::vector<T> values(rows * stride);
    std::uint32_t next = 12345;
    for (T& value : values) {
      next = next * 1664525u + 1013904223u;
      value = static_cast<T>(0.05f * normal[next >> 16]);
    }
    auto* const data = static_cast<T*>(block_.data());
    device.to_device(data, values.data(), values.size() * sizeof(T));
    view_ = {data, {rows, columns}, {stride, 1}};
  }
  [[nodiscard]] matrix_view<T> view() const { return view_; }

 private:
  matrix_view<T> view_;
  prefopt::detail::device_block block_;
};

void wait(const cuda_device& device, const void* anything) {
  float ignored = 0;
  device.to_host(&ignored, anything, sizeof ignored);
}

struct extents {
  const char* name;
  std::size_t rows, columns, depth;
};

struct shape {
  extents of;
  bool left_is_transposed = false, right_is_transposed = false, added = false, biased = false;
  product_finish finish = product_finish::none;
};

/// Calls use(product) for a product of this shape, whose operands live during the call.
template <class In, class Out, class Use>
void with_product(const cuda_device& device, const shape& s, const Use& use) {
  const auto stride = [](std::size_t columns) {
    return columns == vocabulary ? padded_vocabulary : columns;
  };
  const auto of = [&]<class T>(T, std::size_t rows, std::size_t columns) {
    return matrix<T>(device, rows, columns, stride(columns));
  };
  const auto left =
      s.left_is_transposed ? of(In{}, s.of.depth, s.of.rows) : of(In{}, s.of.rows, s.of.depth);
  const auto right = s.right_is_transposed ? of(In{}, s.of.columns, s.of.depth)
                                           : of(In{}, s.of.depth, s.of.columns);
  const auto out = of(Out{}, s.of.rows, s.of.columns), before = of(Out{}, s.of.rows, s.of.columns);
  const auto addend = of(Out{}, s.of.rows, s.of.columns);
  const auto bias = of(float{}, 1, s.of.columns);
  device_product<In, Out> p{.out = out.view(),
                            .left = left.view(),
                            .right = right.view(),
                            .left_is_transposed = s.left_is_transposed,
                            .right_is_transposed = s.right_is_transposed,
                            .bias = s.biased ? bias.view().data() : nullptr,
                            .finish = s.finish};
  // gradients accumulate in place
  if (s.added) p.addend = s.left_is_transposed ? out.view() : addend.view();
  if (s.finish != product_finish::none) p.before = before.view();
  use(p);
}

std::size_t elsewhere(const cuda_device& device, prefopt::product_way way) {
  std::size_t calls = 0;
  for (const auto& one : device.products_elsewhere().all())
    if (one.way == way) calls += one.calls;
  return calls;
}

/// Seconds until the host returns from the first call, and until the call is done.
template <class Product>
std::pair<double, double> first_call(const cuda_device& device, const Product& p) {
  wait(device, p.out.data());
  const double start = now();
  device.multiply(p);
  const double asked = now() - start;
  wait(device, p.out.data());
  return {asked, now() - start};
}

template <class In, class Out>
void measure(const cuda_device& device, const shape& s) {
  shape other = s;  // another batch of the same kind
  (s.left_is_transposed ? other.of.depth : other.of.rows) += 8;
  double first_us = 0, other_us = 0, seconds = 0;
  const char* way = "fused";
  constexpr int calls = 20;
  with_product<In, Out>(device, s, [&](const auto& p) {
    using prefopt::product_way;
    const std::size_t halves = elsewhere(device, product_way::plain_and_kernel),
                      own = elsewhere(device, product_way::own_kernel);
    first_us = 1e6 * first_call(device, p).second;
    if (elsewhere(device, product_way::plain_and_kernel) > halves) way = "plain + kernel";
    if (elsewhere(device, product_way::own_kernel) > own) way = "OWN KERNEL";
    for (int i = 0; i < 3; ++i) device.multiply(p);
    wait(device, p.out.data());
    const double start = now();
    for (int i = 0; i < calls; ++i) device.multiply(p);
    wait(device, p.out.data());
    seconds = (now() - start) / calls;
  });
  with_product<In, Out>(device, other,
                        [&](const auto& p) { other_us = 1e6 * first_call(device, p).first; });
  const double flops = 2.0 * static_cast<double>(s.of.rows) * static_cast<double>(s.of.columns) *
                       static_cast<double>(s.of.depth);
  std::printf("| %s | %zu x %zu x %zu | %s to %s | %s | %.0f | %.0f | %.1f | %.0f |\n", s.of.name,
              s.of.rows, s.of.columns, s.of.depth, sizeof(In) == 4 ? "fp32" : "bf16",
              sizeof(Out) == 4 ? "fp32" : "bf16", way, first_us, other_us, 1e6 * seconds,
              flops / seconds / 1e12);
  std::fflush(stdout);
}

template <class T>
void measure_all(const cuda_device& device, std::size_t n) {
  using enum product_finish;
  for (const shape& s : {
           shape{.of = {"q k v", n, 3 * channels, channels}, .biased = true},
           shape{.of = {"attention out", n, channels, channels}, .added = true, .biased = true},
           shape{.of = {"feed forward in", n, inner, channels},
           .biased = true,
           .finish = std::is_same_v<T, float> ? none : gelu},
           shape{.of = {"feed forward out", n, channels, inner}, .added = true, .biased = true},
           shape{.of = {"q k v, to inputs", n, channels, 3 * channels},
           .right_is_transposed = true},
           shape{.of = {"attention out, to inputs", n, channels, channels},
           .right_is_transposed = true},
           shape{.of = {"feed forward in, to inputs", n, channels, inner},
           .right_is_transposed = true},
           shape{.of = {"feed forward out, to inputs", n, inner, channels},
           .right_is_transposed = true,
           .finish = std::is_same_v<T, float> ? none : gelu_backward},
           shape{.of = {"head, to inputs", head_rows, channels, vocabulary}},
       })
    measure<T, T>(device, s);
  for (const shape& s : {
           shape{.of = {"head", 1334, vocabulary, channels}, .right_is_transposed = true},
           shape{.of = {"q k v, to weights", channels, 3 * channels, n},
           .left_is_transposed = true,
           .added = true},
           shape{.of = {"attention out, to weights", channels, channels, n},
           .left_is_transposed = true,
           .added = true},
           shape{.of = {"feed forward in, to weights", channels, inner, n},
           .left_is_transposed = true,
           .added = true},
           shape{.of = {"feed forward out, to weights", inner, channels, n},
           .left_is_transposed = true,
           .added = true},
           shape{.of = {"head, to weights", vocabulary, channels, head_rows},
           .left_is_transposed = true,
           .added = true},
       })
    measure<T, float>(device, s);
}

/// The difference between the library's finish and our own kernel's, relative to the greatest
/// number.
void compare_finish(const cuda_device& device, product_finish finish, const char* name) {
  const shape s{.of = {name, 512, inner, channels},
                .right_is_transposed = finish == product_finish::gelu_backward,
                .biased = finish == product_finish::gelu,
                .finish = finish};
  with_product<bfloat16, bfloat16>(device, s, [&](const auto& p) {
    const auto numbers = [&](const auto& multiply) {
      multiply();
      std::vector<bfloat16> values(p.out.size());
      device.to_host(values.data(), p.out.data(), values.size() * sizeof(bfloat16));
      return values;
    };
    const auto library = numbers([&] { device.multiply(p); });
    const auto own = numbers([&] {
      const prefopt::detail::product_kernel<bfloat16, bfloat16> kernel(p);
      device.launch(kernel, kernel.shape());
    });
    double most = 0, apart = 0, squares = 0;
    std::size_t differ = 0;
    for (std::size_t i = 0; i < own.size(); ++i) {
      const double mine = static_cast<float>(own[i]), theirs = static_cast<float>(library[i]);
      most = std::fmax(most, std::fabs(mine));
      apart = std::fmax(apart, std::fabs(mine - theirs));
      squares += (mine - theirs) * (mine - theirs);
      differ += own[i].bits() != library[i].bits();
    }
    std::printf(
        "%s beside our own kernel: %zu of %zu numbers differ, at most by %.2e of the greatest, %.2e on average\n",
        name, differ, own.size(), apart / most,
        std::sqrt(squares / static_cast<double>(own.size())) / most);
  });
}

void run() {
  const cuda_device device;
  std::printf("%s\n", device.name().c_str());
  std::printf(
      "| product | extents | types | way | first call, us | another batch, us of the host | us | TFLOP/s |\n"
      "| --- | --- | --- | --- | ---: | ---: | ---: | ---: |\n");
  for (const std::size_t n : {std::size_t{12807}, std::size_t{12800}})
    measure_all<bfloat16>(device, n);
  measure_all<float>(device, 12807);
  compare_finish(device, product_finish::gelu, "gelu");
  compare_finish(device, product_finish::gelu_backward, "gelu backward");
  std::printf("%zu calls by plain products and a kernel, %zu by a kernel alone\n",
              elsewhere(device, prefopt::product_way::plain_and_kernel),
              elsewhere(device, prefopt::product_way::own_kernel));
}

}  // namespace

int main() {
  try {
    run();
  } catch (const prefopt::no_device_error& error) {
    std::printf("skipped: no CUDA device (%s)\n", error.what());
    return 77;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
