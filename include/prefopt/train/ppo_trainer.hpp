// SPDX-License-Identifier: MIT
#pragma once
// ppo_trainer: reinforcement learning from a reward, for language models. A step lets the policy
// answer some prompts, scores the answers, and reads them a few times, moving policy and critic as
// `ppo` specifies.

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/loss/ppo.hpp"
#include "prefopt/optim/adamw.hpp"
#include "prefopt/optim/clip.hpp"
#include "prefopt/optim/schedule.hpp"
#include "prefopt/policy/backend_of.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/policy/generation.hpp"
#include "prefopt/policy/response_scorer.hpp"
#include "prefopt/policy/scalar_model.hpp"
#include "prefopt/train/callbacks.hpp"
#include "prefopt/train/detail/per_second.hpp"
#include "prefopt/train/not_finite.hpp"
#include "prefopt/train/ppo_step.hpp"
#include "prefopt/train/reference_for.hpp"
#include "prefopt/train/rollouts.hpp"
#include "prefopt/train/run_plan.hpp"
#include "prefopt/train/step_report.hpp"
#include "prefopt/train/trainer_options.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Listens to steps only; it does not evaluate or save.
template <class C, class Trainer>
concept ppo_callback =
    run_callback<C, Trainer> && step_callback<C> && !evaluator<C, Trainer> && !saver<C, Trainer>;

}  // namespace detail

/// Trains a policy and its critic against a reward. It holds references to policy, critic,
/// reference and reward, which must outlive it. Of the options, `batch_size` is the number of
/// responses that a step samples, one per prompt, and `seed` also seeds the samples. A run that
/// stops cannot continue: unlike `trainer`, this one has no state to save.
template <trainable_policy Policy, trainable_scalar_model Critic, policy_model Reference,
          response_scorer Reward>
  requires generating_policy<Policy> && (!gives_rewards<Reference>())
class ppo_trainer {
  static_assert(!detail::names_after_step<Reference>,
                "PPO's reference must not move: pass a frozen one");

 public:
  /// Throws value_error for invalid options, for a policy that is its own reference, and for
  /// sampling other than at temperature 1 from the whole distribution: PPO's ratios are between
  /// log-probs of the policy itself.
  ppo_trainer(Policy& policy, Critic& critic, const Reference& reference, const Reward& reward,
              const ppo& loss, const generation_options& generation, const trainer_options& options)
      : policy_(&policy),
        critic_(&critic),
        reference_(&reference),
        reward_(&reward),
        loss_(loss),
        generation_(generation),
        options_(on_backend(backend_of(policy), options)),
        policy_optimizer_(backend_of(policy), policy.parameters(), checked()),
        critic_optimizer_(backend_of(critic), critic.parameters(), optimizer_options(options_)) {}

  ppo_trainer(Policy&, Critic&, const Reference&&, const Reward&, const ppo&,
              const generation_options&,
              const trainer_options&) = delete;  // the reference would dangle
  ppo_trainer(Policy&, Critic&, const Reference&, const Reward&&, const ppo&,
              const generation_options&,
              const trainer_options&) = delete;  // the reward would dangle
  ppo_trainer(Policy&, Critic&, const Reference&&, const Reward&&, const ppo&,
              const generation_options&, const trainer_options&) = delete;

  /// Makes the run's steps over the prompts, in the order that `trainer` uses, and returns how many
  /// were made. Callbacks are notified of every step; one that would evaluate or save is rejected,
  /// because there is no state to save. Metrics have TRL's names, and objective/kl uses k1 no
  /// matter what the penalty uses. Throws value_error for no prompts and for one without tokens,
  /// not_finite if a number is not finite (policy and critic are then between two updates of that
  /// step, or corrupted by the last one), and what callbacks throw.
  template <class... Callbacks>
    requires(detail::ppo_callback<std::remove_reference_t<Callbacks>, ppo_trainer> && ...)
  std::int64_t train(std::span<const token_ids> prompts, Callbacks&&... callbacks) {
    for (std::size_t i = 0; i < prompts.size(); ++i)
      if (prompts[i].empty()) throw value_error(concat("ppo: prompt ", i, " has no token"));
    run_plan plan(prompts.size(), options_);
    while (step_ < plan.total_steps()) {
      step_report report = make_step(prompts, plan.members(step_), plan.total_steps());
      report.epoch = plan.epochs_after(step_);
      bool stop = false;
      ((stop = detail::notify_of_step(callbacks, report) || stop), ...);
      if (stop) break;
    }
    return step_;
  }

  [[nodiscard]] const Policy& policy() const { return *policy_; }
  [[nodiscard]] const Critic& critic() const { return *critic_; }
  [[nodiscard]] std::int64_t steps_done() const { return step_; }
  /// Tokens sampled since the run began.
  [[nodiscard]] std::int64_t num_tokens() const { return num_tokens_; }

 private:
  /// The optimizers' options, after everything is checked.
  [[nodiscard]] adamw_options checked() const {
    check(options_);
    check(loss_);
    check(generation_);
    detail::refuse_itself_as_reference("ppo", *policy_, *reference_);
    const sampling_options& sampling = generation_.sampling;
    if (sampling.temperature != 1 || sampling.top_k != 0 || sampling.top_p != 1)
      throw value_error(
          "ppo: truncated or tempered samples, expected temperature 1, top_k 0 and top_p 1");
    if (loss_.num_mini_batches > options_.batch_size)
      throw value_error(concat("ppo: ", loss_.num_mini_batches, " mini-batches of ",
                               options_.batch_size, " responses, expected at least one each"));
    if (loss_.missing_eos_penalty && generation_.end_of_text < 0)
      throw value_error("ppo: missing_eos_penalty without an end_of_text");
    return optimizer_options(options_);
  }

  /// The results of a step's updates, summed over them.
  struct update_sums {
    ppo_sums tokens;
    double norms = 0;
    double updates = 0;
  };

  step_report make_step(std::span<const token_ids> prompts, std::span<const std::size_t> members,
                        std::int64_t total_steps) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<token_ids> asked;
    for (const std::size_t member : members) asked.push_back(prompts[member]);
    random_generator random(options_.seed, sampling_stream + static_cast<std::uint64_t>(step_));
    const auto tokens = static_cast<std::size_t>(*options_.tokens_per_microbatch);
    const rollouts made =
        read_rollouts(sample_responses(*policy_, asked, 1, generation_, random), *policy_,
                      *reference_, *critic_, *reward_, loss_, generation_.end_of_text, tokens);
    require_finite(made, members);
    const double rate =
        options_.learning_rate *
        learning_rate_factor(options_.schedule, step_,
                             {.warmup = options_.warmup_steps, .total = total_steps});
    const update_sums updates = update(made, members, rate, random, tokens);
    ++step_;
    num_tokens_ += static_cast<std::int64_t>(made.log_probs.size());
    return {.step = step_,
            .total_steps = total_steps,
            .last = step_ == total_steps,
            .loss = updates.tokens.loss(loss_),
            .metrics = metrics_of(made, updates.tokens),
            .grad_norm = updates.norms / updates.updates,
            .learning_rate = rate,
            .num_tokens = num_tokens_,
            .pairs_per_second = detail::per_second(made.size(), start)};
  }

  /// Reads the responses num_ppo_epochs times, in num_mini_batches parts of nearly equal size.
  update_sums update(const rollouts& made, std::span<const std::size_t> prompts, double rate,
                     random_generator& random, std::size_t tokens) {
    update_sums all;
    const auto parts = static_cast<std::size_t>(loss_.num_mini_batches);
    for (std::int64_t epoch = 0; epoch < loss_.num_ppo_epochs; ++epoch) {
      const std::vector<std::size_t> order = shuffled_indices(made.size(), random.next(), 0);
      for (std::size_t part = 0; part < parts; ++part) {
        const std::size_t begin = made.size() * part / parts,
                          end = made.size() * (part + 1) / parts;
        if (begin == end) continue;
        const auto part_of_it = std::span(order).subspan(begin, end - begin);
        const ppo_sums sums =
            accumulate_ppo_gradient(*policy_, *critic_, loss_, made, part_of_it, tokens);
        std::vector<std::size_t> read;  // prompts by their index in the data set
        for (const std::size_t e : part_of_it) read.push_back(prompts[e]);
        all.norms += move(rate, read);
        all.updates += 1;
        add(all.tokens, sums);
      }
    }
    return all;
  }

  static void add(ppo_sums& to, const ppo_sums& from) {
    to.tokens += from.tokens;
    to.policy_loss += from.policy_loss;
    to.value_loss += from.value_loss;
    to.policy_clipped += from.policy_clipped;
    to.value_clipped += from.value_clipped;
    to.ratio += from.ratio;
    to.squared_log_ratio += from.squared_log_ratio;
  }

  /// Steps both optimizers, clipped by the norm of both gradients together, which it returns.
  double move(double rate, const std::vector<std::size_t>& read) {
    const auto refuse = [&](const std::string& what) {
      throw not_finite(concat("ppo: step ", step_ + 1, ": ", what, " at the responses to ",
                              detail::example_list(read, "prompt")),
                       read);
    };
    const double norm = std::hypot(gradient_norm(backend_of(*policy_), policy_->parameters()),
                                   gradient_norm(backend_of(*critic_), critic_->parameters()));
    if (!std::isfinite(norm)) refuse(concat("gradient norm is ", norm));
    const double scale = clip_scale(norm, options_.max_grad_norm);
    policy_optimizer_.step(policy_->parameters(), rate, scale);
    critic_optimizer_.step(critic_->parameters(), rate * loss_.critic_rate_factor, scale);
    if (!std::isfinite(value_norm(backend_of(*policy_), policy_->parameters()) +
                       value_norm(backend_of(*critic_), critic_->parameters())))
      refuse("weights are not finite after an update");
    return norm;
  }

  void require_finite(const rollouts& made, std::span<const std::size_t> members) const {
    for (std::size_t e = 0; e < made.size(); ++e) {
      double size = std::abs(made.scores[e]);
      for (std::size_t m = made.begins[e]; m < made.begins[e + 1]; ++m)
        size +=
            std::abs(made.log_probs[m]) + std::abs(made.reference[m]) + std::abs(made.values[m]);
      if (!std::isfinite(size))
        throw not_finite(
            concat("ppo: step ", step_ + 1, ": the response to prompt ", members[e],
                   " has a reward of ", made.scores[e], " or numbers that are not finite"),
            {members[e]});
    }
  }

  [[nodiscard]] std::vector<metric> metrics_of(const rollouts& made, const ppo_sums& sums) const {
    double divergence = 0, entropy = 0, price = 0, score = 0;
    for (std::size_t m = 0; m < made.log_probs.size(); ++m) {
      divergence += made.log_probs[m] - made.reference[m];
      entropy -= made.log_probs[m];
      price += detail::price_of(made, m, loss_);
    }
    for (const double one : made.scores) score += one;
    const auto count = static_cast<double>(made.size());
    return {{"objective/kl", divergence / count},
            {"objective/entropy", entropy / count},
            {"objective/non_score_reward", price / count},
            {"objective/rlhf_reward", (score + price) / count},
            {"objective/scores", score / count},
            {"policy/approxkl_avg", 0.5 * sums.squared_log_ratio / sums.tokens},
            {"policy/clipfrac_avg", sums.policy_clipped / sums.tokens},
            {"loss/policy_avg", sums.policy_loss / sums.tokens},
            {"loss/value_avg", sums.value_loss / sums.tokens},
            {"val/clipfrac_avg", sums.value_clipped / sums.tokens},
            {"val/ratio", sums.ratio / sums.tokens}};
  }

  // lower streams are the epochs' shuffles
  static constexpr std::uint64_t sampling_stream = std::uint64_t{1} << 32;

  Policy* policy_;
  Critic* critic_;
  const Reference* reference_;
  const Reward* reward_;
  ppo loss_;
  generation_options generation_;
  trainer_options options_;
  adamw<backend_type_of<Policy>> policy_optimizer_;
  adamw<backend_type_of<Critic>> critic_optimizer_;
  std::int64_t step_ = 0;
  std::int64_t num_tokens_ = 0;
};

}  // namespace prefopt::inline v0_2
