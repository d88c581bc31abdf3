// SPDX-License-Identifier: MIT
#pragma once
// Token and position embedding, and picking rows of a matrix.
//
// Legend: N rows, C channels, V vocabulary, P positions.

#include <cstddef>
#include <cstdint>
#include <span>

#include "prefopt/backend/weight_matrix.hpp"
#include "prefopt/eigen/detail/maps.hpp"
#include "prefopt/eigen/detail/parallel.hpp"

namespace prefopt::inline v0_2::detail {

/// A row of a table, to be added or assigned, widened if the table is stored as bfloat16.
template <class Real>
[[nodiscard]] auto widened_row(matrix_view<const Real> table, std::size_t row) {
  return as_eigen_row(table, row);
}
template <class Real>
[[nodiscard]] auto widened_row(matrix_view<const bfloat16> table, std::size_t row) {
  const auto* const bits = table.data() + row * table.stride(0);
  return Eigen::Array<Real, 1, Eigen::Dynamic>::NullaryExpr(
      eigen_index(table.extent(1)),
      [bits](Eigen::Index i) { return static_cast<Real>(static_cast<float>(bits[i])); });
}

/// out [N, C] = wte[token] + wpe[position]; without rows in wpe, wte[token].
template <class Real>
void embedding(int threads, std::span<const std::int32_t> tokens,
               std::span<const std::int32_t> positions, const weight_matrix<Real>& wte,
               const weight_matrix<Real>& wpe, matrix_view<Real> out) {
  parallel_ranges(threads, tokens.size(), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t row = begin; row < end; ++row) {
      auto made = as_eigen_row(out, row);
      wte.visit([&](const auto& table) {
        made = widened_row<Real>(table, static_cast<std::size_t>(tokens[row]));
      });
      if (wpe.extent(0) == 0) continue;
      wpe.visit([&](const auto& table) {
        made += widened_row<Real>(table, static_cast<std::size_t>(positions[row]));
      });
    }
  });
}

/// Adds to d_wte [V, C] and d_wpe [P, C], except for one without rows. A token may occur in many
/// rows, so threads split channels, not rows.
template <class Real>
void embedding_backward(int threads, std::span<const std::int32_t> tokens,
                        std::span<const std::int32_t> positions, matrix_view<const Real> d_out,
                        matrix_view<Real> d_wte, matrix_view<Real> d_wpe) {
  parallel_ranges(
      threads, d_out.extent(1), 16, [&](std::size_t begin, std::size_t end, std::size_t) {
        const auto first = eigen_index(begin), count = eigen_index(end - begin);
        for (std::size_t row = 0; row < tokens.size(); ++row) {
          const auto d = as_eigen_row(d_out, row).segment(first, count);
          if (d_wte.extent(0) != 0)
            as_eigen_row(d_wte, static_cast<std::size_t>(tokens[row])).segment(first, count) += d;
          if (d_wpe.extent(0) != 0)
            as_eigen_row(d_wpe, static_cast<std::size_t>(positions[row])).segment(first, count) +=
                d;
        }
      });
}

/// out [R, C] = the rows of `from` [N, C] listed in `rows` [R].
template <class Real>
void gather_rows(int threads, matrix_view<const Real> from, std::span<const std::int32_t> rows,
                 matrix_view<Real> out) {
  parallel_ranges(threads, rows.size(), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i)
      as_eigen_row(out, i) = as_eigen_row(from, static_cast<std::size_t>(rows[i]));
  });
}

/// Adds the rows of `from` [R, C] to the rows of out [N, C] listed in `rows` [R], all distinct.
template <class Real>
void scatter_add_rows(int threads, matrix_view<const Real> from, std::span<const std::int32_t> rows,
                      matrix_view<Real> out) {
  parallel_ranges(threads, rows.size(), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i)
      as_eigen_row(out, static_cast<std::size_t>(rows[i])) += as_eigen_row(from, i);
  });
}

}  // namespace prefopt::inline v0_2::detail
