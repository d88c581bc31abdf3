// SPDX-License-Identifier: MIT
#pragma once
// Clipping by the global norm of all gradients, like PyTorch's clip_grad_norm_. Nothing is
// multiplied here: the optimizer's step applies the factor, because it reads each gradient once
// anyway.

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "prefopt/backend/concepts.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/core/parameter_range.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Euclidean norm, over the trainable parameters, of what `part` returns for each, in double,
/// summed in their order.
template <class Backend, class Parameters, class Part>
[[nodiscard]] double norm_over(const Backend& backend, Parameters&& parameters, const Part& part) {
  std::vector<std::span<const typename Backend::value_type>> parts;
  for (auto&& parameter : parameters)
    if (parameter.trainable) parts.emplace_back(part(parameter));
  return std::sqrt(backend.sum_of_squares(parts));
}

}  // namespace detail

/// Euclidean norm of the gradients of all trainable parameters taken as one vector, in double. The
/// same bits for the same gradients.
template <class Backend, class Parameters>
  requires optimizer_backend<Backend> && parameter_range<Parameters, typename Backend::value_type>
[[nodiscard]] double gradient_norm(const Backend& backend, Parameters&& parameters) {
  return detail::norm_over(backend, parameters,
                           [](const auto& parameter) { return parameter.gradient; });
}

/// The same for the values: finite if and only if all trainable parameters are (and their squares
/// can be added).
template <class Backend, class Parameters>
  requires optimizer_backend<Backend> && parameter_range<Parameters, typename Backend::value_type>
[[nodiscard]] double value_norm(const Backend& backend, Parameters&& parameters) {
  return detail::norm_over(backend, parameters,
                           [](const auto& parameter) { return parameter.value; });
}

/// The factor that scales gradients of this norm to at most `max_norm`: min(1, max_norm / (norm +
/// 1e-6)); 1 if `max_norm` is 0, which means no clipping. Throws value_error for a norm that is not
/// finite and for a max_norm that is negative or not finite.
[[nodiscard]] inline double clip_scale(double norm, double max_norm) {
  if (!(std::isfinite(max_norm) && max_norm >= 0))
    throw value_error(concat("clip_scale: max_norm is ", max_norm));
  if (!std::isfinite(norm)) throw value_error(concat("clip_scale: the norm is ", norm));
  return max_norm == 0 ? 1.0 : std::min(1.0, max_norm / (norm + 1e-6));
}

}  // namespace prefopt::inline v0_2
