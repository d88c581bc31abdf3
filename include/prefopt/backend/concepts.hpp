// SPDX-License-Identifier: MIT
#pragma once
// The requirements on a backend: storage, and families of operations, of which a model or an
// optimizer names those it needs.

#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// Coefficients of one AdamW step, already bias-corrected: value <- decay * value - rate * m /
/// (sqrt(v) + epsilon), with m <- beta1 m + (1 - beta1) g, v <- beta2 v + (1 - beta2) g^2, g =
/// gradient_scale * gradient, and m, v scaled by the two corrections when read. Loshchilov & Hutter
/// 2019, arXiv:1711.05101, algorithm 2.
struct adamw_coefficients {
  double rate = 0;   ///< learning rate of this step
  double decay = 1;  ///< 1 - rate * weight_decay for tensors that decay; 1 for others
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double first_correction = 1;   ///< 1 / (1 - beta1^step)
  double second_correction = 1;  ///< 1 / (1 - beta2^step)
  double gradient_scale = 1;     ///< clipping
};

/// A parameter's value, gradient and moments, of equal length.
template <class Value>
struct adamw_tensor {
  std::span<Value> value;
  std::span<const Value> gradient;
  std::span<Value> first_moment;
  std::span<Value> second_moment;
  bool decays = false;
};

/// Owns memory of one kind.
/// Needs: `allocate<T>(n)`, n zeroed elements in a movable owner with `data()` and `size()`;
/// `copy_from_host(from, to)` and `copy_to_host(from, to)` between spans of equal length, and
/// `copy(from, to)` within the backend; `fill(span, value)`.
template <class M>
concept storage_backend =
    requires(const M& constant, std::span<typename M::value_type> mine,
             std::span<const typename M::value_type> read_only, typename M::value_type value) {
      {
        constant.template allocate<typename M::value_type>(std::size_t{}).data()
      } -> std::same_as<typename M::value_type*>;
      constant.copy_from_host(read_only, mine);
      constant.copy_to_host(read_only, mine);
      constant.copy(read_only, mine);
      constant.fill(mine, value);
    };

/// Can run an optimizer.
/// Needs: storage_backend; `sum_of_squares(spans)` over all of them together in double, with the
/// same bits for the same input; `adamw(tensors, coefficients)`, one step that assigns values and
/// moments. Both take all tensors in one call, so that a backend with expensive launches needs only
/// one.
template <class M>
concept optimizer_backend =
    storage_backend<M> &&
    requires(const M& backend, std::span<const std::span<const typename M::value_type>> spans,
             std::span<const adamw_tensor<typename M::value_type>> tensors,
             const adamw_coefficients& coefficients) {
      { backend.sum_of_squares(spans) } -> std::same_as<double>;
      backend.adamw(tensors, coefficients);
    };

}  // namespace prefopt::inline v0_2
