// SPDX-License-Identifier: MIT
#pragma once
// check_gradient: compares a policy's backward pass with differences of its forward pass, through a
// loss. Run it first on your own policy or loss; lesson 05 explains how it works.

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
#include "prefopt/data/example.hpp"
#include "prefopt/policy/backend_of.hpp"
#include "prefopt/train/detail/check_parameters.hpp"
#include "prefopt/train/detail/gradient_probes.hpp"
#include "prefopt/train/detail/requirements.hpp"
#include "prefopt/train/evaluate.hpp"
#include "prefopt/train/reference_for.hpp"
#include "prefopt/train/step.hpp"

namespace prefopt::inline v0_2 {

struct gradient_check_options {
  std::size_t elements = 32;  ///< of each tensor, drawn with `seed`; 0: all
  /// How far an element is moved, in both directions; 0: the cube root of its type's rounding
  /// (otherwise above 0, and large enough to move every element).
  double difference = 0;
  std::uint64_t seed = 1;
};

/// The element whose two derivatives are furthest apart.
struct gradient_check {
  std::string tensor;
  std::size_t element = 0;
  double backward = 0;    ///< its derivative from the pass
  double difference = 0;  ///< and from differences
  /// Their distance, divided by the greatest derivative of all checked elements; infinite if either
  /// of the two is not finite.
  double error = 0;
  std::size_t checked = 0;  ///< elements checked
};

/// Compares derivatives of the mean loss over the examples with respect to some elements of every
/// trainable tensor. The elements are left as they were, even if this throws; the policy's
/// gradients are those of the mean loss afterwards. An error near the cube root of the type's
/// rounding squared (1e-10 in double, 1e-4 in float) means a correct gradient; use random weights,
/// not zeros, and not a point where all derivatives are 0. Pass a reference that differs from the
/// policy: where they are equal, every margin is 0, and many a wrong slope is right. If a loss
/// holds something constant, as its page says, differences see more than its slopes. Throws what
/// `accumulate_gradient` and `evaluate` throw, shape_error for a parameter whose sizes do not match
/// its shape, and value_error for two of one name, for a pass whose `backward` does not add to the
/// gradients, if there is nothing to check, and for an invalid difference: negative, not finite, or
/// too small to move an element. Types that are not a policy, loss, or reference do not compile, as
/// in a trainer. Cost: two evaluations per element.
template <class Policy, class Reference, class Loss, example_range Examples>
[[nodiscard]] gradient_check check_gradient(Policy& policy, const Reference& reference,
                                            const Loss& loss, const Examples& examples,
                                            const gradient_check_options& options = {}) {
  static_assert(detail::policy_requirements<Policy>::met && detail::loss_requirements<Loss>::met &&
                detail::fit_requirements<Policy, Reference, Loss>::met);
  using real = typename std::remove_cvref_t<decltype(backend_of(policy))>::value_type;
  if (!(options.difference >= 0 && std::isfinite(options.difference)))
    throw value_error(concat("check_gradient: a difference of ", options.difference,
                             ", expected a finite one above 0"));
  detail::check_parameters("check_gradient", policy);
  std::vector<std::size_t> all(std::ranges::size(examples));
  std::iota(all.begin(), all.end(), std::size_t{0});
  (void)accumulate_gradient(policy, reference, loss, examples, all);
  detail::require_adding(
      policy, [&] { (void)detail::add_gradient(policy, reference, loss, examples, all); });
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
      // what rounding leaves of it
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
  // 0 or infinite if no derivative is above 0
  worst.error = greatest > 0 ? apart / greatest : apart;
  return worst;
}

/// The same; a loss that reads a reference gets one that is 1 to 4 nats away from the policy at
/// each response, above or below, drawn with `seed`.
template <class Policy, class Loss, example_range Examples>
[[nodiscard]] gradient_check check_gradient(Policy& policy, const Loss& loss,
                                            const Examples& examples,
                                            const gradient_check_options& options = {}) {
  static_assert(detail::policy_requirements<Policy>::met && detail::loss_requirements<Loss>::met);
  if constexpr (detail::inputs_are_constant<Loss> && !detail::reads_a_reference<Loss>)
    return check_gradient(policy, no_reference{}, loss, examples, options);
  else
    return check_gradient(policy, detail::reference_apart(policy, examples, options.seed), loss,
                          examples, options);
}

}  // namespace prefopt::inline v0_2
