// SPDX-License-Identifier: MIT
#pragma once
// The gradient of one PPO update: reads sampled responses again and propagates the slopes of both
// terms.

#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/batch_rows.hpp"
#include "prefopt/loss/ppo.hpp"
#include "prefopt/policy/backend_of.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/policy/microbatch_tokens.hpp"
#include "prefopt/policy/scalar_model.hpp"
#include "prefopt/train/rollouts.hpp"

namespace prefopt::inline v0_2 {

/// The results of one pass over some responses: sums over tokens of the two terms, and of what a
/// log shows.
struct ppo_sums {
  double tokens = 0;
  double policy_loss = 0;
  double value_loss = 0;
  double policy_clipped = 0;
  double value_clipped = 0;
  double ratio = 0;
  double squared_log_ratio = 0;  ///< (log pi - log pi_old)^2

  [[nodiscard]] double loss(const ppo& options) const {
    return (policy_loss + options.vf_coef * value_loss) / tokens;
  }
};

namespace detail {

/// The policy's part of one batch: adds its terms to `sums` and propagates its slopes.
/// `sums.tokens` counts all batches.
template <class Policy>
void send_back_policy(Policy& policy, const ppo& options, const rollouts& made,
                      const prefix_tree_batch& batch, std::span<const std::size_t> offsets,
                      ppo_sums& sums) {
  auto run = policy.forward(batch);
  const std::span<const double> log_probs = run.log_probs();
  std::vector<double> slopes;  // [targets]
  for (std::size_t m = 0; m < offsets.size(); ++m) {
    const double old = made.log_probs[offsets[m]], log_ratio = log_probs[m] - old;
    const ppo_term term =
        ppo_policy_term(log_probs[m], old, made.advantages[offsets[m]], options.cliprange);
    sums.policy_loss += term.loss;
    sums.policy_clipped += term.clipped ? 1 : 0;
    sums.ratio += std::exp(log_ratio);
    sums.squared_log_ratio += log_ratio * log_ratio;
    slopes.push_back(term.slope / sums.tokens);
  }
  run.backward(slopes);
}

/// The same for the critic, after the policy's activations are freed.
template <class Critic>
void send_back_critic(Critic& critic, const ppo& options, const rollouts& made,
                      const prefix_tree_batch& batch, std::span<const std::size_t> offsets,
                      ppo_sums& sums) {
  auto run = critic.forward(batch, target_rows(batch));
  const std::span<const double> values = run.values();
  std::vector<double> slopes;  // [targets]
  for (std::size_t m = 0; m < offsets.size(); ++m) {
    const ppo_term term = ppo_value_term(values[m], made.values[offsets[m]],
                                         made.returns[offsets[m]], options.cliprange_value);
    sums.value_loss += term.loss;
    sums.value_clipped += term.clipped ? 1 : 0;
    slopes.push_back(options.vf_coef * term.slope / sums.tokens);
  }
  run.backward(slopes);
}

}  // namespace detail

/// Sets the gradients of policy and critic to those of PPO's loss over these responses: the mean
/// over their tokens, no matter how they are split: into this many tokens at once; 0: all; none: as
/// many as the policy's backend prefers. Throws value_error for no members or one out of range, and
/// what check(options), check(made), policy and critic throw.
template <trainable_policy Policy, trainable_scalar_model Critic>
ppo_sums accumulate_ppo_gradient(Policy& policy, Critic& critic, const ppo& options,
                                 const rollouts& made, std::span<const std::size_t> members,
                                 std::optional<std::size_t> tokens_per_microbatch = {}) {
  check(options);
  check(made);
  if (members.empty()) throw value_error("accumulate_ppo_gradient: no responses");
  for (auto&& parameter : policy.parameters()) backend_of(policy).fill(parameter.gradient, 0);
  for (auto&& parameter : critic.parameters()) backend_of(critic).fill(parameter.gradient, 0);
  ppo_sums sums;
  for (const std::size_t e : members) {
    if (e >= made.size())
      throw value_error(concat("accumulate_ppo_gradient: response ", e, " of ", made.size()));
    sums.tokens += static_cast<double>(made.begins[e + 1] - made.begins[e]);
  }
  for_each_microbatch(made, members, microbatch_tokens(policy, tokens_per_microbatch),
                      [&](const prefix_tree_batch& batch, std::span<const std::size_t> offsets) {
                        detail::send_back_policy(policy, options, made, batch, offsets, sums);
                        detail::send_back_critic(critic, options, made, batch, offsets, sums);
                      });
  return sums;
}

}  // namespace prefopt::inline v0_2
