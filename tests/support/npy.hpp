// SPDX-License-Identifier: MIT
#pragma once
// Golden values: .npy files, read through xtensor.

#if __has_include(<xtensor/io/xnpy.hpp>)  // after 0.24 the headers are in folders
#include <xtensor/containers/xarray.hpp>
#include <xtensor/io/xnpy.hpp>
#else
#include <xtensor/xarray.hpp>
#include <xtensor/xnpy.hpp>
#endif

#include <string>
#include <vector>

namespace prefopt_test {

/// All numbers of a .npy file of `Element`s, flattened in row-major order. Throws
/// std::runtime_error for a file that does not exist or holds another type.
template <class Element = double>
[[nodiscard]] std::vector<Element> load_npy(const std::string& path) {
  const auto array = xt::load_npy<Element>(path);
  return {array.template begin<xt::layout_type::row_major>(),
          array.template end<xt::layout_type::row_major>()};
}

}  // namespace prefopt_test
