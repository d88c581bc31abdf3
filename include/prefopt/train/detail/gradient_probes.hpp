// SPDX-License-Identifier: MIT
#pragma once
// What check_gradient does before it compares derivatives: it makes sure that a backward pass adds,
// and makes a reference at which a wrong slope shows.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/policy/backend_of.hpp"
#include "prefopt/policy/reference.hpp"
#include "prefopt/policy/reference_cache.hpp"

namespace prefopt::inline v0_2::detail {

/// Runs `add`, which adds the gradient that the policy has once more, onto another number. Leaves
/// the gradients as they were. Throws value_error, naming an element, if it was not added.
template <class Policy, class Add>
void require_adding(Policy& policy, const Add& add) {
  using real = typename std::remove_cvref_t<decltype(backend_of(policy))>::value_type;
  auto&& backend = backend_of(policy);
  std::vector<std::vector<real>> gradients;  // as they were
  std::vector<double> starts;
  for (auto&& parameter : policy.parameters()) {
    auto& gradient = gradients.emplace_back(parameter.gradient.size());
    backend.copy_to_host(std::span<const real>(parameter.gradient), std::span(gradient));
    double greatest = 0;  // as large a start, so that rounding hides neither of the two
    for (const real one : gradient)
      if (std::isfinite(one)) greatest = std::max(greatest, std::abs(static_cast<double>(one)));
    starts.push_back(greatest > 0 ? greatest : 1);
    backend.fill(parameter.gradient, static_cast<real>(starts.back()));
  }
  add();
  std::size_t at = 0;
  for (auto&& parameter : policy.parameters()) {
    std::vector<real>& before = gradients[at];
    std::vector<real> after(before.size());
    backend.copy_to_host(std::span<const real>(parameter.gradient), std::span(after));
    backend.copy_from_host(std::span<const real>(before), parameter.gradient);
    const double start = starts[at++];
    for (std::size_t i = 0; parameter.trainable && i < before.size(); ++i) {
      const double expected = start + static_cast<double>(before[i]);
      if (std::abs(static_cast<double>(after[i]) - expected) <= 0.01 * start ||
          !std::isfinite(after[i]) || !std::isfinite(expected))
        continue;
      throw value_error(concat(
          "check_gradient: a pass's backward must add to the gradients, because a step runs several "
          "passes; from 0 it left ",
          before[i], " at element ", i, " of ", parameter.name, ", and from ", start, " it left ",
          after[i], ", expected ", expected));
    }
  }
}

/// A reference whose log-prob of each response is 1 to 4 nats above or below the policy's, spread
/// over its tokens; none of them is above 0.
template <class Policy, class Examples>
[[nodiscard]] reference_cache reference_apart(const Policy& policy, const Examples& examples,
                                              std::uint64_t seed) {
  const reference_cache same = reference_log_probs(policy, examples);
  random_generator random(seed, 1);
  std::vector<double> values = same.values();
  for (std::size_t s = 0; s < same.size(); ++s) {
    const std::size_t first = same.offsets()[s], last = same.offsets()[s + 1];
    const double by = (random.uniform() < 0.5 ? -1 : 1) * (1 + 3 * random.uniform()) /
                      static_cast<double>(std::max<std::size_t>(last - first, 1));
    for (std::size_t m = first; m < last; ++m) values[m] = std::min(values[m] + by, 0.0);
  }
  return {same.keys(), same.token_hashes(), same.offsets(), values};
}

}  // namespace prefopt::inline v0_2::detail
