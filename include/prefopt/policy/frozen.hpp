// SPDX-License-Identifier: MIT
#pragma once
// frozen: a policy of its own of which only the log-probs are left, so that nothing can move it and
// no gradient can leak into it. A live reference, for runs that keep no cache.

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/policy/concepts.hpp"

namespace prefopt {

/// Models policy_model. Takes its policy over: `frozen{std::move(model)}`, or a copy of one that
/// goes on moving. There is no form that refers to another's policy, which could be the one in
/// training: a policy is a policy_model itself.
template <policy_model Policy>
  requires std::same_as<Policy, std::remove_cvref_t<Policy>> && std::move_constructible<Policy>
class frozen {
 public:
  static constexpr bool gives_rewards = prefopt::gives_rewards<Policy>();

  explicit frozen(Policy&& policy) : policy_(std::move(policy)) {}

  /// [M], nats.
  [[nodiscard]] std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    return std::as_const(policy_).token_log_probs(batch);
  }

 private:
  Policy policy_;
};

}  // namespace prefopt
