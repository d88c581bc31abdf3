// SPDX-License-Identifier: MIT
#pragma once
// Weights rounded to bfloat16, for products on tensor cores. Each is rounded at its first read and
// kept until it may have changed: once per step, regardless of the number of passes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <type_traits>
#include <utility>

#include "prefopt/backend/weight_matrix.hpp"
#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/cuda/detail/device_block.hpp"
#include "prefopt/cuda/detail/rows.hpp"

namespace prefopt::inline v0_2::detail {

template <class Device>
class rounded_weights {
 public:
  /// The rounded copy of a weight, contiguous. It is valid until it is forgotten.
  [[nodiscard]] matrix_view<const bfloat16> of(const Device& device,
                                               matrix_view<const float> weight) {
    const std::size_t rows = weight.extent(0), columns = weight.extent(1);
    const std::pair key{weight.data(), weight.extents()};
    auto found = copies_.find(key);
    if (found == copies_.end()) {
      // Recorded last: a recorded copy has its memory and its numbers.
      device_block block = device.scratch(rows * columns * sizeof(bfloat16));
      const matrix_view<bfloat16> copy(static_cast<bfloat16*>(block.data()), {rows, columns});
      device.launch(round_kernel{rows_of(weight), rows_of(copy), columns},
                    a_thread_an_element(rows, columns));
      found = copies_.emplace(key, std::move(block)).first;
    }
    return {static_cast<const bfloat16*>(found->second.data()), {rows, columns}};
  }

  /// Forgets the copies of weights that overlap these numbers.
  void forget(std::span<const float> written) {
    std::erase_if(copies_, [&](const auto& copy) {
      const auto& [data, extents] = copy.first;
      const auto address = [](const float* pointer) {
        return reinterpret_cast<std::uintptr_t>(pointer);
      };
      return address(data) < address(written.data() + written.size()) &&
             address(written.data()) < address(data + extents[0] * extents[1]);
    });
  }

  void forget_all() { copies_.clear(); }

 private:
  std::map<std::pair<const float*, std::array<std::size_t, 2>>, device_block> copies_;
};

/// A weight in the type that products of `Activation` read. Throws value_error for one that is
/// stored as bfloat16 if products read float32.
template <class Activation, class Device>
[[nodiscard]] matrix_view<const Activation> operand(const Device& device,
                                                    rounded_weights<Device>& rounded,
                                                    const weight_matrix<float>& weight) {
  return weight.visit([&](const auto& matrix) -> matrix_view<const Activation> {
    constexpr bool is_rounded = std::is_same_v<decltype(matrix.data()), const bfloat16*>;
    if constexpr (is_rounded == std::is_same_v<Activation, bfloat16>)
      return matrix;
    else if constexpr (!is_rounded)
      return rounded.of(device, matrix);
    else
      throw value_error(
          "cuda_backend<float>: a weight is stored as bfloat16, expected float32 or "
          "cuda_backend<bfloat16>");
  });
}

}  // namespace prefopt::inline v0_2::detail
