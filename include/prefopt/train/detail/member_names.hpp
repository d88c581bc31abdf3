// SPDX-License-Identifier: MIT
#pragma once
// Which members a callback has, by name. A member that has the name of a callback member but cannot
// be called as one, or a common misspelling of such a name, would be silently ignored; the trainer
// rejects it at compile time instead. It cannot know other misspellings.

#include <string>
#include <type_traits>

#include "prefopt/train/evaluation_report.hpp"
#include "prefopt/train/step_report.hpp"

namespace prefopt::inline v0_2::detail {

template <class Pointer>
inline constexpr bool points_to_data =
    std::is_member_object_pointer_v<Pointer> ||
    (std::is_pointer_v<Pointer> && std::is_object_v<std::remove_pointer_t<Pointer>>);

// names_X<C>: whether C has a member X of any kind, including an overloaded one or a template. A
// name that comes from two bases is ambiguous. Nothing can derive from a final class, so only its
// plain members are seen. functions_X<C>: the same without data members.
#define PREFOPT_MEMBER_NAME(member)                                                              \
  struct beside_##member {                                                                       \
    int member;                                                                                  \
  };                                                                                             \
  template <class C>                                                                             \
  struct with_##member : C, beside_##member {};                                                  \
  template <class C>                                                                             \
  concept names_##member =                                                                       \
      std::is_class_v<C> && ((std::is_final_v<C> && requires { &C::member; }) ||                 \
                             (!std::is_final_v<C> && !requires { &with_##member<C>::member; })); \
  template <class C>                                                                             \
  concept functions_##member =                                                                   \
      names_##member<C> && !requires { requires points_to_data<decltype(&C::member)>; };

PREFOPT_MEMBER_NAME(on_step)
PREFOPT_MEMBER_NAME(on_evaluate)
PREFOPT_MEMBER_NAME(evaluate)
PREFOPT_MEMBER_NAME(save)
PREFOPT_MEMBER_NAME(on_save)
PREFOPT_MEMBER_NAME(after_step)

// Names that mean one of a callback's members: X(name, the member that is called).
#define PREFOPT_NEARLY_LISTENING(X) \
  X(on_steps, on_step)              \
  X(on_stepped, on_step)            \
  X(on_step_end, on_step)           \
  X(on_step_done, on_step)          \
  X(on_train_step, on_step)         \
  X(onStep, on_step)                \
  X(OnStep, on_step)                \
  X(on_evaluation, on_evaluate)     \
  X(on_evaluations, on_evaluate)    \
  X(on_evaluated, on_evaluate)      \
  X(on_evaluates, on_evaluate)      \
  X(on_eval, on_evaluate)           \
  X(onEvaluate, on_evaluate)        \
  X(OnEvaluate, on_evaluate)        \
  X(on_saved, on_save)              \
  X(on_saves, on_save)              \
  X(on_saving, on_save)             \
  X(on_checkpoint, on_save)         \
  X(onSave, on_save)                \
  X(OnSave, on_save)

// The same for words that a class may well use for something else: only if they can be called like
// that member.
#define PREFOPT_NEARLY_ACTING(X) \
  X(evaluates, evaluate)         \
  X(evaluated, evaluate)         \
  X(evaluation, evaluate)        \
  X(eval, evaluate)              \
  X(Evaluate, evaluate)          \
  X(saves, save)                 \
  X(saved, save)                 \
  X(saving, save)                \
  X(save_checkpoint, save)       \
  X(checkpoint, save)            \
  X(Save, save)

#define PREFOPT_NEAR_LISTENER(near, member) PREFOPT_MEMBER_NAME(near)
PREFOPT_NEARLY_LISTENING(PREFOPT_NEAR_LISTENER)
#undef PREFOPT_NEAR_LISTENER

/// Whether a member of `C` is nearly, but not quite, named like one that a run calls.
template <class C, class Trainer>
inline constexpr bool has_a_near_name = false
#define PREFOPT_NEAR_LISTENER(near, member) || functions_##near<C>
#define PREFOPT_NEAR_ACTOR(near, member) \
  || requires(C& c, const Trainer& t, const step_report& r) { c.near(t, r); }
    PREFOPT_NEARLY_LISTENING(PREFOPT_NEAR_LISTENER) PREFOPT_NEARLY_ACTING(PREFOPT_NEAR_ACTOR);
#undef PREFOPT_NEAR_LISTENER
#undef PREFOPT_NEAR_ACTOR

/// Names each of these members in a separate error.
template <class C, class Trainer>
struct near_names {
#define PREFOPT_NEAR_LISTENER(near, member)                                              \
  static_assert(!functions_##near<C>, "a callback's " #near " is never called: " #member \
                                      " is the member that a run calls");
#define PREFOPT_NEAR_ACTOR(near, member)                                         \
  static_assert(                                                                 \
      !requires(C& c, const Trainer& t, const step_report& r) { c.near(t, r); }, \
      "a callback's " #near " is never called: " #member " is the member that a run calls");
  PREFOPT_NEARLY_LISTENING(PREFOPT_NEAR_LISTENER)
  PREFOPT_NEARLY_ACTING(PREFOPT_NEAR_ACTOR)
#undef PREFOPT_NEAR_LISTENER
#undef PREFOPT_NEAR_ACTOR
  static constexpr bool none = true;
};

#undef PREFOPT_NEARLY_ACTING
#undef PREFOPT_NEARLY_LISTENING
#undef PREFOPT_MEMBER_NAME

}  // namespace prefopt::inline v0_2::detail
