// SPDX-License-Identifier: MIT
#pragma once
// frozen: a policy of which only the log-probs are left, so that nothing can move it and no gradient can leak into it.
// A live reference, for runs that keep no cache.

#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/policy/concepts.hpp"

namespace prefopt {

/// Models policy_model. `frozen reference{std::move(policy)}` owns the policy; `frozen reference{policy}` refers to
/// one that stays its caller's, and must outlive it.
template <class Policy>
requires policy_model<std::remove_cvref_t<Policy>>
class frozen {
 public:
  explicit frozen(Policy&& policy) : policy_(std::forward<Policy>(policy)) {}

  /// [M], nats.
  [[nodiscard]] std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    return std::as_const(policy_).token_log_probs(batch);
  }

 private:
  Policy policy_;
};

template <class Policy>
frozen(Policy&&) -> frozen<Policy>;

}  // namespace prefopt
