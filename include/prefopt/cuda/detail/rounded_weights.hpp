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

/// A weight in the type that products of `Activation` read.
template <class Activation, class Device>
[[nodiscard]] matrix_view<const Activation> operand(const Device& device,
                                                    rounded_weights<Device>& rounded,
                                                    matrix_view<const float> weight) {
  if constexpr (std::is_same_v<Activation, float>)
    return weight;
  else
    return rounded.of(device, weight);
}

}  // namespace prefopt::inline v0_2::detail
