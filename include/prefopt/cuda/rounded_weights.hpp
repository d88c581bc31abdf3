// SPDX-License-Identifier: MIT
#pragma once
// Weights rounded to bfloat16, which products on tensor cores read. Each is rounded when it is first read and kept
// until any parameter is written: once a step, however many passes the step has.

#include <cstddef>
#include <map>
#include <utility>

#include "prefopt/cuda/device_block.hpp"
#include "prefopt/cuda/rows.hpp"

namespace prefopt::detail {

template <class Device>
class rounded_weights {
 public:
  /// The rounded copy of a weight, dense. It lives until `forget`.
  [[nodiscard]] matrix_view<const bfloat16> of(const Device& device, matrix_view<const float> weight) {
    const std::size_t rows = weight.extent(0), columns = weight.extent(1);
    const auto [place, fresh] = copies_.try_emplace(std::pair{weight.data(), weight.extents()});
    if (fresh) {
      place->second = device.scratch(rows * columns * sizeof(bfloat16));
      const matrix_view<bfloat16> copy(static_cast<bfloat16*>(place->second.data()), {rows, columns});
      device.launch(round_kernel{rows_of(weight), rows_of(copy), columns}, a_thread_an_element(rows, columns));
    }
    return {static_cast<const bfloat16*>(place->second.data()), {rows, columns}};
  }

  void forget() { copies_.clear(); }

 private:
  std::map<std::pair<const float*, std::array<std::size_t, 2>>, device_block> copies_;
};

}  // namespace prefopt::detail
