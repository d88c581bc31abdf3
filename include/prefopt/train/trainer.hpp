// SPDX-License-Identifier: MIT
#pragma once
// trainer: a policy, a reference, a loss and options; `run` makes the steps. All that a run carries from one step to
// the next is the policy's weights and `state()`: which pairs a step reads follows from its number. So a run that stops
// after any step and goes on from its state gives the bits of one that never stopped.

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "prefopt/optim/adamw.hpp"
#include "prefopt/optim/clip.hpp"
#include "prefopt/optim/schedule.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/train/callbacks.hpp"
#include "prefopt/train/not_finite.hpp"
#include "prefopt/train/reference_for.hpp"
#include "prefopt/train/run_plan.hpp"
#include "prefopt/train/step.hpp"
#include "prefopt/train/step_report.hpp"
#include "prefopt/train/trainer_options.hpp"

namespace prefopt {

/// What a run carries from one step to the next, but for the weights.
template <class Real>
struct training_state {
  std::int64_t step = 0;  ///< steps done
  std::int64_t num_tokens = 0;
  adamw_state<Real> optimizer;
  std::vector<double> loss = {};  ///< what the loss carries; nothing for most

  friend bool operator==(const training_state&, const training_state&) = default;
};

/// Trains a policy. It refers to policy and reference, which must outlive it; the policy itself may be its reference.
template <trainable_policy Policy, class Reference, loss_for<Policy> Loss>
requires reference_for<Reference, Loss>
class trainer {
 public:
  using machine_type = std::remove_reference_t<decltype(std::declval<Policy&>().machine())>;
  using optimizer_type = adamw<machine_type>;
  using state_type = training_state<typename optimizer_type::value_type>;

  /// Throws value_error for bad options or hyper-parameters of the loss.
  trainer(Policy& policy, const Reference& reference, Loss loss, trainer_options options = {})
      : policy_(&policy),
        reference_(detail::place_of(reference)),
        loss_(std::move(loss)),
        options_(checked(options, loss_)),
        optimizer_(policy.machine(), policy.parameters(), optimizer_options(options_)) {}

  /// A reference that would be gone before the first step; `no_reference{}` may.
  trainer(Policy&, const Reference&&, Loss,
          trainer_options = {}) requires(!std::same_as<Reference, no_reference>) = delete;

  /// Makes the steps that the state leaves to do, and returns the number of steps done since the run began: that of
  /// the plan, unless a callback stopped it. `reference` must answer for these examples under their index here.
  /// Callbacks are described in callbacks.hpp. Throws value_error for no pairs; not_finite, with step, pairs and the
  /// last saved state named, where a number is not finite (policy and loss then stand as before that step, but for
  /// weights that the update itself spoiled); and what callbacks throw.
  template <example_range Examples, class... Callbacks>
  requires(run_callback<std::remove_reference_t<Callbacks>, trainer>&&...) std::int64_t
      run(const Examples& examples, Callbacks&&... callbacks) {
    run_plan plan(std::ranges::size(examples), options_);
    while (step_ < plan.total_steps()) {
      step_report report = make_step(examples, plan.members(step_), plan.total_steps());
      report.epoch = plan.epochs_after(step_);
      bool stop = false;
      ((stop = detail::notify_of_step(callbacks, report) || stop), ...);
      report.last = report.last || stop;
      (forward_evaluation(callbacks, report, callbacks...), ...);
      (forward_save(callbacks, report, callbacks...), ...);
      if (stop) break;
    }
    return step_;
  }

  /// Makes one step on all of these examples: for data that come while training, such as judged samples. The schedule
  /// is that of a run of `max_steps` steps, of which this is the next. Throws as `run` does, and value_error where
  /// max_steps is 0 or that many steps are done.
  template <example_range Examples>
  step_report step(const Examples& examples) {
    if (options_.max_steps == 0)
      throw value_error("trainer: a single step needs max_steps, which the schedule ends at");
    if (step_ >= options_.max_steps) throw value_error(join("trainer: all of ", options_.max_steps, " steps are done"));
    std::vector<std::size_t> all(std::ranges::size(examples));
    std::iota(all.begin(), all.end(), std::size_t{0});
    return make_step(examples, all, options_.max_steps);
  }

  [[nodiscard]] const Policy& policy() const { return *policy_; }
  [[nodiscard]] const Reference& reference() const { return *reference_; }
  [[nodiscard]] const Loss& loss() const { return loss_; }
  [[nodiscard]] const trainer_options& options() const { return options_; }
  [[nodiscard]] const optimizer_type& optimizer() const { return optimizer_; }
  [[nodiscard]] std::int64_t steps_done() const { return step_; }

  /// Tokens read since the run began, each sequence counted whole.
  [[nodiscard]] std::int64_t num_tokens() const { return num_tokens_; }

  /// A copy in host memory; together with the policy's weights it is all that `run` needs to go on.
  [[nodiscard]] state_type state() const { return {step_, num_tokens_, optimizer_.state(), state_of(loss_)}; }

  /// Takes over a state. Throws value_error where its counts disagree, shape_error where it is of other parameters, and
  /// then changes nothing.
  void restore(const state_type& state) {
    constexpr std::int64_t most_tokens = std::int64_t{1} << 62;  // leaves room to count on
    if (state.step < 0 || state.num_tokens < 0 || state.num_tokens > most_tokens ||
        state.optimizer.steps != state.step) {
      throw value_error(join("trainer: a state of ", state.step, " steps, ", state.num_tokens, " tokens and ",
                             state.optimizer.steps, " optimizer steps"));
    }
    Loss loss = loss_;
    restore_state(loss, std::span<const double>(state.loss));
    optimizer_.restore(state.optimizer);
    loss_ = std::move(loss);
    step_ = state.step;
    num_tokens_ = state.num_tokens;
  }

 private:
  static const trainer_options& checked(const trainer_options& options, const Loss& loss) {
    check(options);
    check(loss);
    return options;
  }

  template <class Examples>
  step_report make_step(const Examples& examples, std::span<const std::size_t> members, std::int64_t total_steps) {
    const auto start = std::chrono::steady_clock::now();
    Loss loss = loss_;  // takes this step in, and is dropped where the step is not made
    const step_gradient gradient = gradient_of(loss, examples, members);
    const double norm = gradient_norm(policy_->machine(), policy_->parameters());
    if (!std::isfinite(norm)) {
      refuse(join("gradient norm is ", norm, " at ", detail::pair_list(members)), {members.begin(), members.end()});
    }
    const double rate =
        options_.learning_rate *
        learning_rate_factor(options_.schedule, step_, {.warmup = options_.warmup_steps, .total = total_steps});
    optimizer_.step(policy_->parameters(), rate, clip_scale(norm, options_.max_grad_norm));
    // A rate beyond the numbers' range spoils weights without a word, and they must not be saved.
    if (!std::isfinite(value_norm(policy_->machine(), policy_->parameters()))) {
      refuse("weights are not finite after the update", {members.begin(), members.end()});
    }
    loss_ = std::move(loss);
    ++step_;
    num_tokens_ += gradient.tokens;
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    return {.step = step_,
            .total_steps = total_steps,
            .last = step_ == total_steps,
            .loss = gradient.loss,
            .metrics = gradient.metrics,
            .grad_norm = norm,
            .learning_rate = rate,
            .num_tokens = num_tokens_,
            .pairs_per_second = static_cast<double>(members.size()) / spent.count()};
  }

  template <class Examples>
  step_gradient gradient_of(Loss& loss, const Examples& examples, std::span<const std::size_t> members) {
    try {
      return accumulate_gradient(*policy_, *reference_, loss, examples, members,
                                 {.tokens_per_microbatch = static_cast<std::size_t>(options_.tokens_per_microbatch)});
    } catch (const not_finite& cause) {
      refuse(cause.what(), cause.pairs());
    }
  }

  [[noreturn]] void refuse(const std::string& what, std::vector<std::size_t> pairs) const {
    const std::string saved = last_saved_.empty() ? "nothing was saved before it" : join("last saved: ", last_saved_);
    throw not_finite(join("step ", step_ + 1, ": ", what, "; ", saved), std::move(pairs));
  }

  template <class Callback, class... Listeners>
  void forward_evaluation(Callback& callback, const step_report& report, Listeners&... listeners) {
    if constexpr (evaluator<Callback, trainer>) {
      const std::optional<evaluation_report> evaluated = callback.evaluate(std::as_const(*this), report);
      const auto tell = [&](auto& listener) {
        if constexpr (evaluation_callback<decltype(listener)>) listener.on_evaluate(*evaluated);
      };
      if (evaluated) (tell(listeners), ...);
    }
  }

  template <class Callback, class... Listeners>
  void forward_save(Callback& callback, const step_report& report, Listeners&... listeners) {
    if constexpr (saver<Callback, trainer>) {
      const std::optional<std::string> saved = callback.save(std::as_const(*this), report);
      const auto tell = [&](auto& listener) {
        if constexpr (save_callback<decltype(listener)>) listener.on_save(*saved);
      };
      if (!saved) return;
      last_saved_ = *saved;
      (tell(listeners), ...);
    }
  }

  Policy* policy_;
  const Reference* reference_;
  Loss loss_;
  trainer_options options_;
  optimizer_type optimizer_;
  std::int64_t step_ = 0;
  std::int64_t num_tokens_ = 0;
  std::string last_saved_;
};

}  // namespace prefopt
