// SPDX-License-Identifier: MIT
#pragma once
// Matrix products. All of the machine's go through one function for each pair of storage orders: Eigen makes a lot of
// code of every product that it meets, and twenty of them would cost a minute of compile time.

#include <cstddef>

#include "prefopt/eigen/maps.hpp"
#include "prefopt/eigen/parallel.hpp"

namespace prefopt::detail {

enum class operand { plain, transposed };
enum class update { assign, add };

template <class Value>
[[nodiscard]] matrix_view<Value> columns_of(matrix_view<Value> view, std::size_t begin, std::size_t end) {
  return {view.data() + begin, {view.extent(0), end - begin}, view.strides()};
}

/// out [m, n] (+)= a b on the calling thread, where a is [m, k] or, transposed, [k, m], and b likewise.
template <operand A, operand B, class Real>
[[gnu::noinline]] void multiply(update how, matrix_view<Real> out, matrix_view<const Real> a,
                                matrix_view<const Real> b) {
  auto result = as_eigen(out);
  if (how == update::assign) result.setZero();
  if (out.size() == 0 || a.size() == 0) return;
  const auto left = as_eigen(a);
  const auto right = as_eigen(b);
  if constexpr (A == operand::transposed)
    result.noalias() += left.transpose() * right;
  else if constexpr (B == operand::transposed)
    result.noalias() += left * right.transpose();
  else
    result.noalias() += left * right;
  static_assert(A == operand::plain || B == operand::plain);
}

/// The same over threads, split along the longer side of `out` so that the parts share as little packing as they can.
template <operand A, operand B, class Real>
void multiply(int threads, update how, matrix_view<Real> out, matrix_view<const Real> a, matrix_view<const Real> b) {
  constexpr std::size_t grain = 24;  // a multiple of Eigen's register tiles
  if (out.extent(0) >= out.extent(1))
    parallel_ranges(threads, out.extent(0), grain, [&](std::size_t begin, std::size_t end, std::size_t) {
      const auto part = A == operand::plain ? a.rows(begin, end) : columns_of(a, begin, end);
      multiply<A, B, Real>(how, out.rows(begin, end), part, b);
    });
  else
    parallel_ranges(threads, out.extent(1), grain, [&](std::size_t begin, std::size_t end, std::size_t) {
      const auto part = B == operand::plain ? columns_of(b, begin, end) : b.rows(begin, end);
      multiply<A, B, Real>(how, columns_of(out, begin, end), a, part);
    });
}

}  // namespace prefopt::detail
