// SPDX-License-Identifier: MIT
#pragma once
// Proximal policy optimization, Schulman et al. 2017, arXiv:1707.06347, as used on language models
// (Ouyang et al. 2022, arXiv:2203.02155, sec. 3.5; names and defaults follow TRL's PPOTrainer where
// it has them). Every token is an action:
//
//   policy   max(-A rho, -A clip(rho, 1 - e, 1 + e)),  rho = pi / pi_old of the token, eq. 7
//   value    1/2 max((V - R)^2, (clip(V, V_old - c, V_old + c) - R)^2)
//
// and the loss is the mean of both over tokens, the second times vf_coef.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/advantages.hpp"
#include "prefopt/loss/bounded_exp.hpp"

namespace prefopt::inline v0_2 {

/// How a token's divergence from the reference is estimated from one sample (Schulman 2020,
/// "Approximating KL divergence"): k1 = log pi - log ref; k3 = exp(-k1) - 1 + k1, never below 0.
/// Both are unbiased. As a penalty on sampled tokens, only k1 has the gradient of the divergence;
/// k3 constrains the policy less.
enum class kl_estimator { k1, k3 };

[[nodiscard]] inline double estimated_kl(kl_estimator estimator, double policy, double reference) {
  const double ratio = policy - reference;
  return estimator == kl_estimator::k1 ? ratio : bounded_expm1(-ratio) + ratio;
}

/// PPO's options, in addition to trainer_options.
struct ppo {
  double kl_coef = 0.05;  ///< penalty per nat from the reference, in rewards; like beta in DPO
  prefopt::kl_estimator kl_estimator = prefopt::kl_estimator::k1;
  double cliprange = 0.2;             ///< e, above 0
  double vf_coef = 0.1;               ///< of the value loss, above 0
  double cliprange_value = 0.2;       ///< c, above 0
  advantage_options advantage{};      ///< gamma, lambda
  std::int64_t num_ppo_epochs = 4;    ///< passes over a step's responses
  std::int64_t num_mini_batches = 1;  ///< updates per epoch
  double critic_rate_factor = 1;      ///< the critic's learning rate over the policy's
  bool whiten_rewards = false;
  /// subtracted from the reward of a response without an end
  std::optional<double> missing_eos_penalty = {};
};

/// Throws value_error for a hyper-parameter outside its range.
inline void check(const ppo& options) {
  const auto above_zero = [](std::string_view name, double value) {
    if (!(std::isfinite(value) && value > 0))
      throw value_error(concat("ppo: ", name, " is ", value, ", expected > 0"));
  };
  if (!(std::isfinite(options.kl_coef) && options.kl_coef >= 0))
    throw value_error(concat("ppo: kl_coef is ", options.kl_coef, ", expected >= 0"));
  above_zero("cliprange", options.cliprange);
  above_zero("vf_coef", options.vf_coef);
  above_zero("cliprange_value", options.cliprange_value);
  above_zero("critic_rate_factor", options.critic_rate_factor);
  check(options.advantage);
  for (const auto& [name, count] : std::array<std::pair<std::string_view, std::int64_t>, 2>{
           {{"num_ppo_epochs", options.num_ppo_epochs},
            {"num_mini_batches", options.num_mini_batches}}})
    if (count < 1) throw value_error(concat("ppo: ", name, " is ", count, ", expected >= 1"));
  if (options.missing_eos_penalty && !std::isfinite(*options.missing_eos_penalty))
    throw value_error(concat("ppo: missing_eos_penalty is ", *options.missing_eos_penalty));
}

/// A term of one token, and its derivative.
struct ppo_term {
  double loss = 0;
  double slope = 0;      ///< with respect to the policy's log-prob or the value
  bool clipped = false;  ///< moving further in this direction gains nothing
};

/// The policy's term of a token with this advantage; log-probs in nats. `cliprange` is above 0, as
/// check(ppo) requires.
[[nodiscard]] inline ppo_term ppo_policy_term(double log_prob, double old_log_prob,
                                              double advantage, double cliprange) {
  const double ratio = bounded_exp(log_prob - old_log_prob);
  const double plain = -advantage * ratio;
  const double held = -advantage * std::clamp(ratio, 1 - cliprange, 1 + cliprange);
  if (held > plain) return {held, 0, true};
  return {plain, plain, false};  // d ratio / d log_prob = ratio
}

/// The critic's term of a token, whose target is `expected`. `cliprange_value` is above 0, as
/// check(ppo) requires.
[[nodiscard]] inline ppo_term ppo_value_term(double value, double old_value, double expected,
                                             double cliprange_value) {
  if (std::isnan(old_value)) return {old_value, old_value, false};  // clamp would lose it
  const double held = std::clamp(value, old_value - cliprange_value, old_value + cliprange_value);
  const double plain_loss = (value - expected) * (value - expected),
               held_loss = (held - expected) * (held - expected);
  if (held_loss > plain_loss) return {0.5 * held_loss, 0, true};
  return {0.5 * plain_loss, value - expected, false};
}

}  // namespace prefopt::inline v0_2
