// SPDX-License-Identifier: MIT
#pragma once
// frozen: owns a policy and exposes only its log-probs, so that nothing can change it and no
// gradient can leak into it. A live reference for runs that keep no cache.

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/policy/concepts.hpp"

namespace prefopt::inline v0_2 {

/// Models policy_model. Takes ownership of its policy: `frozen{std::move(model)}`, or a copy of one
/// that continues to train. There is no form that refers to a policy owned elsewhere, which could
/// be the one in training: a policy is itself a policy_model.
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

}  // namespace prefopt::inline v0_2
