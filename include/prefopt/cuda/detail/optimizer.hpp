// SPDX-License-Identifier: MIT
#pragma once
// AdamW and the sum of squares over all tensors of a model, one launch each: tensors are cut into
// chunks, and a block finds its chunk's tensor by bisection.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "prefopt/backend/concepts.hpp"
#include "prefopt/cuda/detail/kernel.hpp"

namespace prefopt::inline v0_2::detail {

inline constexpr std::size_t chunk_elements = 4096;
inline constexpr unsigned optimizer_threads = 256;

/// For tensors of these sizes: tensor i has the chunks [i] to [i + 1] - 1 of the result.
template <class Sizes>
[[nodiscard]] std::vector<std::int64_t> chunk_begins(std::size_t count, const Sizes& size_of) {
  std::vector<std::int64_t> begins{0};
  for (std::size_t i = 0; i < count; ++i)
    begins.push_back(begins.back() +
                     static_cast<std::int64_t>(blocks_for(size_of(i), chunk_elements)));
  return begins;
}

/// The tensor of a chunk: the last one that begins at or before it. Empty tensors have no chunks.
[[nodiscard]] PREFOPT_DEVICE inline std::size_t tensor_of(const std::int64_t* begins,
                                                          std::size_t tensors, std::int64_t chunk) {
  std::size_t low = 0, high = tensors;
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (begins[middle] <= chunk ? low : high) = middle;
  }
  return low;
}

/// A tensor for kernels.
struct device_tensor {
  float* value = nullptr;
  const float* gradient = nullptr;
  float* first_moment = nullptr;
  float* second_moment = nullptr;
  std::size_t size = 0;
  bool decays = false;
};

/// One AdamW step; see adamw_coefficients for the formula. `c` is in float.
struct adamw_kernel {
  struct coefficients {
    float rate, decay, beta1, rest1, beta2, rest2, epsilon, correction, scale;
  };

  const device_tensor* tensors;
  const std::int64_t* begins;
  std::size_t count;
  coefficients c;

  [[nodiscard]] static coefficients in_float(const adamw_coefficients& from) {
    return {.rate = static_cast<float>(from.rate * from.first_correction),
            .decay = static_cast<float>(from.decay),
            .beta1 = static_cast<float>(from.beta1),
            .rest1 = static_cast<float>(1 - from.beta1),
            .beta2 = static_cast<float>(from.beta2),
            .rest2 = static_cast<float>(1 - from.beta2),
            .epsilon = static_cast<float>(from.epsilon),
            .correction = static_cast<float>(from.second_correction),
            .scale = static_cast<float>(from.gradient_scale)};
  }

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::int64_t chunk = t.block(0);
    const std::size_t slot = tensor_of(begins, count, chunk);
    const device_tensor tensor = tensors[slot];
    const std::size_t begin = static_cast<std::size_t>(chunk - begins[slot]) * chunk_elements;
    const std::size_t end =
        begin + chunk_elements < tensor.size ? begin + chunk_elements : tensor.size;
    const float decay = tensor.decays ? c.decay : 1;
    struct element {
      float value, gradient, first_moment, second_moment;
    };
    const auto load = [&](std::size_t i) {
      return element{tensor.value[i], tensor.gradient[i], tensor.first_moment[i],
                     tensor.second_moment[i]};
    };
    for_each_loaded<optimizer_threads>(
        begin + t.index(), end, load, [&](std::size_t i, const element& old) {
          const float g = old.gradient * c.scale;
          const float m = c.beta1 * old.first_moment + c.rest1 * g;
          const float v = c.beta2 * old.second_moment + c.rest2 * g * g;
          const float deviation = std::sqrt(v * c.correction) + c.epsilon;
          tensor.first_moment[i] = m;
          tensor.second_moment[i] = v;
          // For 0 / 0, no step: epsilon may be 0.
          tensor.value[i] = decay * old.value - (deviation > 0 ? c.rate * m / deviation : 0);
        });
  }
};

/// parts [chunks] = the sum of squares of each chunk of the tensors' values, in double.
struct squares_kernel {
  const device_tensor* tensors;
  const std::int64_t* begins;
  std::size_t count;
  double* parts;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::int64_t chunk = t.block(0);
    const std::size_t slot = tensor_of(begins, count, chunk);
    const device_tensor tensor = tensors[slot];
    const std::size_t begin = static_cast<std::size_t>(chunk - begins[slot]) * chunk_elements;
    const std::size_t end =
        begin + chunk_elements < tensor.size ? begin + chunk_elements : tensor.size;
    double sum = 0;
    for_each_loaded<optimizer_threads>(
        begin + t.index(), end,
        [&](std::size_t i) { return static_cast<double>(tensor.gradient[i]); },
        [&](std::size_t, double gradient) { sum += gradient * gradient; });
    auto* const of_thread = reinterpret_cast<double*>(t.shared());
    of_thread[t.index()] = sum;
    for (unsigned half = t.count() / 2; half > 0; half /= 2) {
      t.sync();
      if (t.index() < half) of_thread[t.index()] += of_thread[t.index() + half];
    }
    if (t.index() == 0) parts[chunk] = of_thread[0];
  }
};

/// out = the sum of parts, by one block in a fixed order.
struct sum_kernel {
  const double* parts;
  std::size_t count;
  double* out;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    double sum = 0;
    for_each_loaded<optimizer_threads>(
        t.index(), count, [&](std::size_t i) { return parts[i]; },
        [&](std::size_t, double part) { sum += part; });
    auto* const of_thread = reinterpret_cast<double*>(t.shared());
    of_thread[t.index()] = sum;
    for (unsigned half = t.count() / 2; half > 0; half /= 2) {
      t.sync();
      if (t.index() < half) of_thread[t.index()] += of_thread[t.index() + half];
    }
    if (t.index() == 0) *out = of_thread[0];
  }
};

}  // namespace prefopt::inline v0_2::detail
