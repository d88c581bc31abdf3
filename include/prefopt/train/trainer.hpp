// SPDX-License-Identifier: MIT
#pragma once
// trainer: combines a policy, a reference, a loss and options; `train` makes the steps. A run
// consists of its policy's weights, its reference and `state()`: a step's number determines which
// pairs it reads. So a run that stops after any step and continues from these, with the same
// options and data, gives the same bits as one that never stopped. The state knows the others by
// their fingerprint and does not continue with different ones.

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
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
#include "prefopt/policy/backend_of.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/policy/reference.hpp"
#include "prefopt/policy/reference_cache.hpp"
#include "prefopt/policy/weights_hash.hpp"
#include "prefopt/train/callbacks.hpp"
#include "prefopt/train/detail/check_parameters.hpp"
#include "prefopt/train/detail/per_second.hpp"
#include "prefopt/train/detail/requirements.hpp"
#include "prefopt/train/not_finite.hpp"
#include "prefopt/train/reference_for.hpp"
#include "prefopt/train/run_fingerprint.hpp"
#include "prefopt/train/run_plan.hpp"
#include "prefopt/train/step.hpp"
#include "prefopt/train/step_report.hpp"
#include "prefopt/train/trainer_options.hpp"

namespace prefopt::inline v0_2 {

/// What a run carries from one step to the next, except the weights.
template <class Real>
struct training_state {
  std::int64_t step = 0;  ///< steps done
  std::int64_t num_tokens = 0;
  adamw_state<Real> optimizer;
  std::vector<double> loss = {};     ///< the loss's state; empty for most
  run_fingerprint fingerprint = {};  ///< of options, data and reference; if cleared, any will do

  friend bool operator==(const training_state&, const training_state&) = default;
};

namespace detail {

/// What a trainer without a reference measures against.
template <class Loss>
using default_reference =
    std::conditional_t<reads_a_reference<Loss>, reference_cache, no_reference>;

}  // namespace detail

/// Trains a policy. It holds references to policy and reference, which must outlive it. It updates
/// a reference that moves. Types that do not model trainable_policy, reference_for<Loss> and
/// loss_for<Policy> do not compile; the error says what is missing.
template <class Policy, class Reference, class Loss>
class trainer {
  static_assert(detail::policy_requirements<Policy>::met && detail::loss_requirements<Loss>::met &&
                detail::fit_requirements<Policy, Reference, Loss>::met);
  static constexpr bool reference_moves = detail::names_after_step<Reference>;
  using held_reference = std::conditional_t<reference_moves, Reference, const Reference>;

 public:
  using backend_type = backend_type_of<Policy>;
  using optimizer_type = adamw<backend_type>;
  using state_type = training_state<typename optimizer_type::value_type>;

  /// Throws value_error for invalid options or hyper-parameters of the loss, for a policy that is
  /// its own reference or has nothing to train, and if policy or reference do not provide what the
  /// loss reads; shape_error if a reference could not follow the policy.
  trainer(Policy& policy, const Reference& reference, Loss loss, trainer_options options = {})
      : policy_(&policy),
        // the cast removes a const only where the assertion below refuses it
        reference_(const_cast<held_reference*>(detail::address_of(reference))),
        loss_(std::move(loss)),
        options_(on_backend(backend_of(policy), checked(policy, reference, options, loss_))),
        optimizer_(backend_of(policy), policy.parameters(), optimizer_options(options_)) {
    static_assert(
        !detail::names_after_step<Reference>,
        "a reference that moves (it has after_step) must not be const: the trainer updates it");
  }

  /// The same with a reference that moves.
  trainer(Policy& policy, Reference& reference, Loss loss, trainer_options options = {})
    requires(detail::names_after_step<std::remove_const_t<Reference>>)
      : policy_(&policy),
        reference_(&reference),
        loss_(std::move(loss)),
        options_(on_backend(backend_of(policy), checked(policy, reference, options, loss_))),
        optimizer_(backend_of(policy), policy.parameters(), optimizer_options(options_)) {
    if constexpr (requires { reference.require_same_shape(policy); })
      reference.require_same_shape(policy);
  }

  /// Without a reference: the reference is the policy as it is when `train` begins, whose log-probs
  /// of all examples the trainer computes then and keeps. If the loss reads none, there is none.
  /// A restored run does not have it anymore: pass the reference to continue one.
  trainer(Policy& policy, Loss loss, trainer_options options = {})
    requires std::same_as<Reference, detail::default_reference<Loss>>
      : policy_(&policy),
        own_(std::make_unique<Reference>()),
        reference_(own_.get()),
        loss_(std::move(loss)),
        options_(on_backend(backend_of(policy), checked(policy, *own_, options, loss_, true))),
        optimizer_(backend_of(policy), policy.parameters(), optimizer_options(options_)) {}

  /// A reference that would dangle before the first step does not compile; `no_reference{}` may be
  /// a temporary.
  trainer(Policy& policy, const Reference&& reference, Loss loss, trainer_options options = {})
    requires(!std::same_as<Reference, no_reference>)
      : trainer(detail::temporary_reference<Reference>::refused(policy), reference, std::move(loss),
                options) {}

  /// Makes the remaining steps of the run, and returns the number of steps done since it began:
  /// that of the plan, unless a callback stopped it. `reference` must answer for these examples by
  /// their index here. Callbacks are described in callbacks.hpp. Throws value_error for no pairs,
  /// and if the state was restored from a run with other options, other data, another reference or
  /// other weights of the policy;
  /// not_finite, naming the step, the pairs and the last saved state, if a number is not finite,
  /// for these examples or those that a callback evaluates (policy and loss are then as before that
  /// step, or as after it if it was evaluated, except for weights that the update itself
  /// corrupted); and what callbacks throw.
  template <example_range Examples, class... Callbacks>
  std::int64_t train(const Examples& examples, Callbacks&&... callbacks) {
    static_assert(
        (detail::callback_requirements<std::remove_reference_t<Callbacks>, trainer>::met && ...));
    run_plan plan(std::ranges::size(examples), options_);
    make_own_reference(examples);
    begin_with(detail::fingerprint_of(options_, *reference_, loss_, examples));
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

  /// Makes one step on all of these examples: for data that arrives during training, such as judged
  /// samples. The schedule is that of a run of `max_steps` steps, of which this is the next. Throws
  /// like `train`, and value_error if max_steps is 0 or that many steps are done. For a restored
  /// state, it checks options, loss and the weights of the policy and of a reference that moves;
  /// not the data, and neither a cache nor a frozen model, which are identified by their answers
  /// for data.
  template <example_range Examples>
  step_report step(const Examples& examples) {
    if (options_.max_steps == 0)
      throw value_error("trainer: a single step needs max_steps, where the schedule ends");
    if (step_ >= options_.max_steps)
      throw value_error(concat("trainer: all of ", options_.max_steps, " steps are done"));
    if (own_ && loss_inputs(loss_.inputs).reference)
      throw value_error(
          "trainer: a single step needs a reference that answers for new data, such as a frozen "
          "copy of the policy");
    std::vector<std::size_t> all(std::ranges::size(examples));
    std::iota(all.begin(), all.end(), std::size_t{0});
    // The data is not known in advance.
    begin_with({.options = detail::texts_of(options_, loss_),
                .reference_weights = restored_ ? detail::weights_of_reference(*reference_) : 0});
    return make_step(examples, all, options_.max_steps);
  }

  [[nodiscard]] const Policy& policy() const { return *policy_; }
  [[nodiscard]] const Reference& reference() const { return *reference_; }
  [[nodiscard]] const Loss& loss() const { return loss_; }
  [[nodiscard]] const trainer_options& options() const { return options_; }
  [[nodiscard]] const optimizer_type& optimizer() const { return optimizer_; }
  [[nodiscard]] std::int64_t steps_done() const { return step_; }

  /// Tokens read since the run began, each sequence counted in full.
  [[nodiscard]] std::int64_t num_tokens() const { return num_tokens_; }

  /// A copy in host memory; `train` needs it, the policy's weights and the reference to continue.
  [[nodiscard]] state_type state() const {
    return {step_, num_tokens_, optimizer_.state(), state_of(loss_), fingerprint()};
  }

  /// The fingerprint of the state's run: begun by `train`, or restored. Cost: reads all weights.
  [[nodiscard]] run_fingerprint fingerprint() const {
    run_fingerprint made = fingerprint_;
    if (restored_) return made;
    made.reference_weights = detail::weights_of_reference(*reference_);
    made.weights = weights_hash(*policy_);
    return made;
  }

  /// Restores a state. Throws value_error if its counts disagree, shape_error if it belongs to
  /// other parameters, and then changes nothing. Only the next `train` can tell whether the run is
  /// the same one, and whether the policy has the weights that it had there.
  void restore(const state_type& state) {
    constexpr std::int64_t most_tokens = std::int64_t{1} << 62;  // leaves room to keep counting
    if (state.step < 0 || state.num_tokens < 0 || state.num_tokens > most_tokens ||
        state.optimizer.steps != state.step) {
      throw value_error(concat("trainer: a state of ", state.step, " steps, ", state.num_tokens,
                               " tokens and ", state.optimizer.steps, " optimizer steps"));
    }
    Loss loss = loss_;
    restore_state(loss, std::span<const double>(state.loss));
    optimizer_.restore(state.optimizer);
    loss_ = std::move(loss);
    step_ = state.step;
    num_tokens_ = state.num_tokens;
    fingerprint_ = state.fingerprint;
    restored_ = true;
  }

 private:
  static const trainer_options& checked(Policy& policy, const Reference& reference,
                                        const trainer_options& options, const Loss& loss,
                                        bool is_own = false) {
    check(options);
    check(loss);
    detail::require_inputs<Policy, Reference>(loss, is_own);
    detail::refuse_itself_as_reference("trainer", policy, reference);
    detail::check_parameters("trainer", policy);
    bool trains = false;
    for (auto&& parameter : policy.parameters()) trains = trains || parameter.trainable;
    if (!trains) throw value_error("trainer: the policy has no trainable parameter");
    return options;
  }

  /// Asks the policy for its log-probs before it moves.
  template <class Examples>
  void make_own_reference(const Examples& examples) {
    if constexpr (std::same_as<Reference, reference_cache>) {
      if (!own_ || !loss_inputs(loss_.inputs).reference) return;
      if (step_ > 0 && own_->size() > 0) return;
      if (step_ > 0)
        throw value_error(concat("trainer: a run that continues after step ", step_,
                                 ", whose reference was the policy at its beginning; pass that "
                                 "reference as the second argument"));
      *own_ = reference_log_probs(
          *policy_, examples,
          {.tokens_per_microbatch = static_cast<std::size_t>(*options_.tokens_per_microbatch),
           .responses = detail::responses_read(loss_.inputs)});
    }
  }

  /// Throws value_error if the state is from another run.
  void begin_with(run_fingerprint now) {
    if (restored_) {
      now.weights = fingerprint_.weights == 0 ? 0 : weights_hash(*policy_);
      detail::require_same_run(fingerprint_, now);
    }
    fingerprint_ = std::move(now);
    restored_ = false;
  }

  template <class Examples>
  step_report make_step(const Examples& examples, std::span<const std::size_t> members,
                        std::int64_t total_steps) {
    const auto start = std::chrono::steady_clock::now();
    Loss loss = loss_;  // observes this step; dropped if the step is not made
    const step_gradient gradient = gradient_of(loss, examples, members);
    const double norm = gradient_norm(backend_of(*policy_), policy_->parameters());
    if (!std::isfinite(norm)) {
      refuse(concat("gradient norm is ", norm, " at ", detail::example_list(members)),
             {members.begin(), members.end()});
    }
    const double rate =
        options_.learning_rate *
        learning_rate_factor(options_.schedule, step_,
                             {.warmup = options_.warmup_steps, .total = total_steps});
    optimizer_.step(policy_->parameters(), rate, clip_scale(norm, options_.max_grad_norm));
    // An out-of-range learning rate silently corrupts the weights, which must not be saved.
    if (!std::isfinite(value_norm(backend_of(*policy_), policy_->parameters())))
      refuse("weights are not finite after the update", {members.begin(), members.end()});
    loss_ = std::move(loss);
    ++step_;
    num_tokens_ += gradient.tokens;
    if constexpr (reference_moves) reference_->after_step(*policy_, step_);
    return {.step = step_,
            .total_steps = total_steps,
            .last = step_ == total_steps,
            .loss = gradient.loss,
            .metrics = gradient.metrics,
            .grad_norm = norm,
            .learning_rate = rate,
            .num_tokens = num_tokens_,
            .pairs_per_second = detail::per_second(members.size(), start)};
  }

  template <class Examples>
  step_gradient gradient_of(Loss& loss, const Examples& examples,
                            std::span<const std::size_t> members) {
    try {
      return accumulate_gradient(
          *policy_, *reference_, loss, examples, members,
          {.tokens_per_microbatch = static_cast<std::size_t>(*options_.tokens_per_microbatch)});
    } catch (const not_finite& cause) {
      refuse(cause.what(), cause.examples());
    }
  }

  [[noreturn]] void refuse(const std::string& what, std::vector<std::size_t> examples) const {
    throw not_finite(concat("step ", step_ + 1, ": ", what, "; ", what_was_saved()),
                     std::move(examples));
  }

  [[nodiscard]] std::string what_was_saved() const {
    return last_saved_.empty() ? "nothing was saved before it"
                               : concat("last saved: ", last_saved_);
  }

  /// Asks for an evaluation on held-out examples.
  template <class Callback>
  std::optional<evaluation_report> ask_for_evaluation(Callback& callback,
                                                      const step_report& report) const {
    try {
      return callback.evaluate(*this, report);
    } catch (const not_finite& cause) {
      throw not_finite(concat("evaluation of examples held out, after step ", step_, ": ",
                              cause.what(), "; ", what_was_saved()),
                       cause.examples(), true);
    }
  }

  template <class Callback, class... Listeners>
  void forward_evaluation(Callback& callback, const step_report& report, Listeners&... listeners) {
    if constexpr (evaluator<Callback, trainer>) {
      const std::optional<evaluation_report> evaluated = ask_for_evaluation(callback, report);
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
  std::unique_ptr<Reference> own_;  // null if the reference was given
  held_reference* reference_;
  Loss loss_;
  trainer_options options_;
  optimizer_type optimizer_;
  std::int64_t step_ = 0;
  std::int64_t num_tokens_ = 0;
  std::string last_saved_;
  run_fingerprint fingerprint_;
  bool restored_ = false;  // and not continued yet
};

template <class Policy, class Loss>
trainer(Policy&, Loss, trainer_options = {})
    -> trainer<Policy, detail::default_reference<Loss>, Loss>;

}  // namespace prefopt::inline v0_2
