// SPDX-License-Identifier: MIT
#pragma once
// Training callbacks. A callback is any object with one or more of the members below, found by
// name; there is no base class. After each optimizer step, a run calls, in this order and each for
// all callbacks: on_step; evaluate, whose reports go to on_evaluate; save, whose names go to
// on_save. So a saved state is never ahead of the log.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/train/detail/member_names.hpp"
#include "prefopt/train/evaluation_report.hpp"
#include "prefopt/train/step_report.hpp"

namespace prefopt::inline v0_2 {

/// What a callback may return from on_step: `stop` ends the run after this step's evaluation and
/// saving, which treat the step as the last.
enum class run_control { keep_going, stop };

/// Is notified of every step. Needs: `on_step(const step_report&)`, which returns nothing or a
/// run_control.
template <class C>
concept step_callback = requires(C& callback, const step_report& report) {
  requires std::is_void_v<decltype(callback.on_step(report))> ||
               std::same_as<decltype(callback.on_step(report)), run_control>;
};

namespace detail {

/// Has an on_step whose return value would be lost.
template <class C>
concept answers_no_flow = !step_callback<C> && requires(C& callback, const step_report& report) {
  callback.on_step(report);
};

}  // namespace detail

/// Is notified of evaluations. Needs: `on_evaluate(const evaluation_report&)`.
template <class C>
concept evaluation_callback =
    requires(C& callback, const evaluation_report& report) { callback.on_evaluate(report); };

/// Evaluates. Needs: `evaluate(trainer, report)`, which returns a report or nothing; called after
/// every step.
template <class C, class Trainer>
concept evaluator = requires(C& callback, const Trainer& trainer, const step_report& report) {
  { callback.evaluate(trainer, report) } -> std::same_as<std::optional<evaluation_report>>;
};

/// Saves. Needs: `save(trainer, report)`, which returns the name of what it saved or nothing;
/// called after every step.
template <class C, class Trainer>
concept saver = requires(C& callback, const Trainer& trainer, const step_report& report) {
  { callback.save(trainer, report) } -> std::same_as<std::optional<std::string>>;
};

/// Is notified of saved states. Needs: `on_save(name)`.
template <class C>
concept save_callback = requires(C& callback, const std::string& name) { callback.on_save(name); };

namespace detail {

/// Every member with the name of a callback member can be called as one, and no member's name is a
/// common misspelling of one.
template <class C, class Trainer, class Bare = std::remove_const_t<C>>
inline constexpr bool calls_what_it_names = (!names_on_step<Bare> || step_callback<C>)&&(
    !names_on_evaluate<Bare> ||
    evaluation_callback<
        C>)&&(!names_evaluate<Bare> ||
              evaluator<C, Trainer>)&&(!names_save<Bare> ||
                                       saver<C, Trainer>)&&(!names_on_save<Bare> ||
                                                            save_callback<
                                                                C>)&&!has_a_near_name<Bare,
                                                                                      Trainer>;

}  // namespace detail

/// Any of these. A callback that models none of them has a mistake in a name, and a member that has
/// one of these names but cannot be called this way has a mistake in a type; the trainer rejects
/// both at compile time, no matter what else the callback has. It also rejects a list of common
/// misspellings, such as `on_saved`. Any other misspelling next to a correct member compiles and is
/// never called: to be sure, assert the concepts that you mean, as in
/// `static_assert(saver<my_callback, trainer_type>)`; there is one for each of the five members.
template <class C, class Trainer>
concept run_callback = detail::calls_what_it_names<C, Trainer> &&
                       (step_callback<C> || evaluation_callback<C> || evaluator<C, Trainer> ||
                        saver<C, Trainer> || save_callback<C>);

namespace detail {

/// Explains why `C` is not a run_callback.
template <class C, class Trainer>
struct callback_requirements {
  using bare = std::remove_const_t<C>;
  static_assert(near_names<bare, Trainer>::none);
  static_assert(
      !answers_no_flow<C>,
      "a callback's on_step must return nothing or a run_control: run_control::stop ends a run");
  static_assert(!names_on_step<bare> || step_callback<C> || answers_no_flow<C>,
                "a callback's on_step must take a const step_report&");
  static_assert(!names_on_evaluate<bare> || evaluation_callback<C>,
                "a callback's on_evaluate must take a const evaluation_report&");
  static_assert(
      !names_evaluate<bare> || evaluator<C, Trainer>,
      "a callback's evaluate must take (const auto& trainer, const step_report&) and return "
      "std::optional<evaluation_report>");
  static_assert(!names_save<bare> || saver<C, Trainer>,
                "a callback's save must take (const auto& trainer, const step_report&) and return "
                "std::optional<std::string>, the name of what it saved");
  static_assert(!names_on_save<bare> || save_callback<C>,
                "a callback's on_save must take a const std::string&");
  static_assert(
      names_on_step<bare> || names_on_evaluate<bare> || names_evaluate<bare> || names_save<bare> ||
          names_on_save<bare>,
      "a callback has one or more of the members on_step, evaluate, on_evaluate, save and on_save; this one "
      "has none");
  static constexpr bool met = true;
};

}  // namespace detail

namespace detail {

/// Notifies a callback of a step, if it listens. Returns whether it asks to stop.
template <class Callback>
bool notify_of_step(Callback& callback, const step_report& report) {
  if constexpr (step_callback<Callback>) {
    if constexpr (std::same_as<decltype(callback.on_step(report)), run_control>)
      return callback.on_step(report) == run_control::stop;
    callback.on_step(report);
  }
  return false;
}

}  // namespace detail

/// Whether something is due at the end of this step: every `interval` steps and at the run's last;
/// 0: only at the last.
[[nodiscard]] inline bool is_due(const step_report& report, std::int64_t interval) {
  return report.last || (interval > 0 && report.step % interval == 0);
}

}  // namespace prefopt::inline v0_2
