// SPDX-License-Identifier: MIT
#pragma once
// The gate of a gated feed-forward layer (Shazeer 2020, arXiv:2002.05202) and its backward pass.
//
// Legend: inner, d_inner [N, 2 I], whose rows are gate | up; y, d_y [N, I].

#include <algorithm>
#include <cstddef>
#include <span>

#include "prefopt/backend/linear.hpp"
#include "prefopt/core/view.hpp"
#include "prefopt/eigen/detail/activation.hpp"
#include "prefopt/eigen/detail/maps.hpp"
#include "prefopt/eigen/detail/parallel.hpp"

namespace prefopt::inline v0_2::detail {

/// Calls visit(row, begin, count) for pieces of the rows of y, short enough to stay in the cache
/// from one pass over them to the next.
template <class Visitor>
void for_each_piece(int threads, std::size_t rows, std::size_t columns, const Visitor& visit) {
  constexpr std::size_t length = 512;
  parallel_ranges(threads, rows, 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t row = begin; row < end; ++row)
      for (std::size_t first = 0; first < columns; first += length)
        visit(row, first, std::min(length, columns - first));
  });
}

/// Columns [begin, begin + count) of a row.
template <class Value>
[[nodiscard]] std::span<Value> columns_of(matrix_view<Value> matrix, std::size_t row,
                                          std::size_t begin, std::size_t count) {
  return {matrix.data() + row * matrix.stride(0) + begin, count};
}

template <class Real>
void gate(int threads, activation_function activation, matrix_view<const Real> inner,
          matrix_view<Real> y) {
  const std::size_t half = y.extent(1);
  for_each_piece(threads, y.extent(0), half,
                 [&](std::size_t row, std::size_t begin, std::size_t count) {
                   const auto out = columns_of(y, row, begin, count);
                   activate<Real>(activation, columns_of(inner, row, begin, count), out);
                   as_eigen(out) *= as_eigen(columns_of(inner, row, half + begin, count));
                 });
}

/// Assigns d_inner.
template <class Real>
void gate_backward(int threads, activation_function activation, matrix_view<const Real> d_y,
                   matrix_view<const Real> inner, matrix_view<Real> d_inner) {
  const std::size_t half = d_y.extent(1);
  for_each_piece(threads, d_y.extent(0), half,
                 [&](std::size_t row, std::size_t begin, std::size_t count) {
                   const auto d = as_eigen(columns_of(d_y, row, begin, count));
                   const auto gate = columns_of(inner, row, begin, count),
                              up = columns_of(inner, row, half + begin, count);
                   const auto d_gate = columns_of(d_inner, row, begin, count),
                              d_up = columns_of(d_inner, row, half + begin, count);
                   activate<Real>(activation, gate, d_up);
                   as_eigen(d_up) *= d;
                   as_eigen(d_gate) = d * as_eigen(up);
                   activate_backward<Real>(activation, gate, d_gate);
                 });
}

}  // namespace prefopt::inline v0_2::detail
