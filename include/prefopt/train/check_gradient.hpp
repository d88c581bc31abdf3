// SPDX-License-Identifier: MIT
#pragma once
// check_gradient: a policy's way back against differences of its way forward, through a loss. What
// to run first on a policy of your own; how it works is lesson 05.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/policy/backend_of.hpp"
#include "prefopt/policy/reference.hpp"
#include "prefopt/train/evaluate.hpp"
#include "prefopt/train/reference_for.hpp"
#include "prefopt/train/step.hpp"

namespace prefopt {

struct gradient_check_options {
  std::size_t elements = 32;  ///< of each tensor, drawn by `seed`; 0: all
  /// What an element is moved by, both ways; 0: the cube root of its type's rounding (others: above
  /// 0, and large enough to move every element).
  double difference = 0;
  std::uint64_t seed = 1;
};

/// The element whose two derivatives are furthest apart.
struct gradient_check {
  std::string tensor;
  std::size_t element = 0;
  double backward = 0;    ///< its derivative as the pass gave it
  double difference = 0;  ///< and as differences give it
  /// Their distance, over the greatest derivative of all that were looked at; infinite where one of
  /// the two is not finite.
  double error = 0;
  std::size_t checked = 0;  ///< elements looked at
};

/// Compares derivatives of the mean loss over the examples by some elements of every trainable
/// tensor, which are left as they were, also where this throws; the policy's gradients are those of
/// the mean loss afterwards. An error near the cube root of the type's rounding squared (1e-10 in
/// double, 1e-4 in float) is a right gradient; at random weights, not at zeros and not where all
/// derivatives are 0. Of a loss that holds something constant, as its page says, differences see
/// more than its slopes. Throws what `accumulate_gradient` and `evaluate` throw, and value_error
/// where there is nothing to look at and for a difference that is none: negative, not finite, or
/// too small to move an element. Cost: two evaluations an element.
template <trainable_policy Policy, loss_for<Policy> Loss, reference_for<Loss> Reference,
          example_range Examples>
[[nodiscard]] gradient_check check_gradient(Policy& policy, const Reference& reference,
                                            const Loss& loss, const Examples& examples,
                                            const gradient_check_options& options = {}) {
  using real = typename std::remove_cvref_t<decltype(backend_of(policy))>::value_type;
  if (!(options.difference >= 0 && std::isfinite(options.difference)))
    throw value_error(concat("check_gradient: a difference of ", options.difference,
                             ", expected a finite one above 0"));
  std::vector<std::size_t> all(std::ranges::size(examples));
  std::iota(all.begin(), all.end(), std::size_t{0});
  (void)accumulate_gradient(policy, reference, loss, examples, all);
  const double size = options.difference > 0
                          ? options.difference
                          : std::cbrt(static_cast<double>(std::numeric_limits<real>::epsilon()));
  gradient_check worst;
  double apart = -1, greatest = 0;
  for (auto&& parameter : policy.parameters()) {
    if (!parameter.trainable || parameter.value.empty()) continue;
    auto&& backend = backend_of(policy);
    std::vector<real> values(parameter.value.size()), gradient(values.size());
    backend.copy_to_host(std::span<const real>(parameter.value), std::span(values));
    backend.copy_to_host(std::span<const real>(parameter.gradient), std::span(gradient));
    std::vector<std::size_t> elements = shuffled_indices(values.size(), options.seed, 0);
    if (options.elements != 0) elements.resize(std::min(elements.size(), options.elements));
    for (const std::size_t at : elements) {
      const real before = values[at];
      const auto put = [&](real value) {
        values[at] = value;
        backend.copy_from_host(std::span<const real>(values), parameter.value);
      };
      const auto loss_with = [&](real value) {
        put(value);
        return evaluate(policy, reference, loss, examples).loss;
      };
      const real up = before + static_cast<real>(size), down = before - static_cast<real>(size);
      // what rounding left of it
      const double by = static_cast<double>(up) - static_cast<double>(down);
      if (by == 0)
        throw value_error(concat("check_gradient: a difference of ", size,
                                 " does not move element ", at, " of ", parameter.name,
                                 ", which is ", before, ": expected a larger one"));
      double numeric = 0;
      try {
        numeric = (loss_with(up) - loss_with(down)) / by;
      } catch (...) {
        put(before);
        throw;
      }
      put(before);
      const double given = static_cast<double>(gradient[at]);
      const bool finite = std::isfinite(given) && std::isfinite(numeric);
      const double distance =
          finite ? std::abs(given - numeric) : std::numeric_limits<double>::infinity();
      if (finite) greatest = std::max({greatest, std::abs(numeric), std::abs(given)});
      ++worst.checked;
      if (distance <= apart) continue;
      apart = distance;
      worst.tensor = parameter.name, worst.element = at, worst.backward = given,
      worst.difference = numeric;
    }
  }
  if (worst.checked == 0) throw value_error("check_gradient: the policy has no trainable element");
  // 0 or infinite where no derivative is above 0
  worst.error = greatest > 0 ? apart / greatest : apart;
  return worst;
}

/// The same; a loss that reads a reference is given what the policy gives now, a margin of 0.
template <trainable_policy Policy, loss_for<Policy> Loss, example_range Examples>
[[nodiscard]] gradient_check check_gradient(Policy& policy, const Loss& loss,
                                            const Examples& examples,
                                            const gradient_check_options& options = {}) {
  if constexpr (detail::inputs_are_constant<Loss> && !detail::reads_a_reference<Loss>)
    return check_gradient(policy, no_reference{}, loss, examples, options);
  else
    return check_gradient(policy, reference_log_probs(policy, examples), loss, examples, options);
}

}  // namespace prefopt
