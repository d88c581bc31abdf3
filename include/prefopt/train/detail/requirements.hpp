// SPDX-License-Identifier: MIT
#pragma once
// Explains, in one sentence each, what keeps a type from being a trainer's policy, loss or
// reference. The concepts say the same, but for a concept with many requirements a compiler prints
// all of them, and for a disjunction not even that. Each struct below is complete if its type is
// right; otherwise the first failing static_assert names the first thing that is missing.

#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/backend/concepts.hpp"
#include "prefopt/core/parameter_range.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "prefopt/policy/backend_of.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/train/detail/member_names.hpp"
#include "prefopt/train/reference_for.hpp"

namespace prefopt::inline v0_2::detail {

/// The `token_log_probs` of a would-be policy or reference.
template <class P>
struct answers {
  static constexpr bool mutable_there =
      requires(P& p, const prefix_tree_batch& batch) { p.token_log_probs(batch); };
  static constexpr bool there =
      requires(const P& p, const prefix_tree_batch& batch) { p.token_log_probs(batch); };
  static constexpr bool right = policy_model<P>;
};

template <class Pass>
struct pass_requirements {
  static_assert(std::movable<Pass>, "the pass that forward(batch) returns must be movable");
  static_assert(
      requires(const Pass& pass) {
        { pass.log_probs() } -> std::convertible_to<std::span<const double>>;
      },
      "the pass that forward(batch) returns needs log_probs() const, which returns a std::span<const double>");
  static_assert(
      requires(Pass& pass, std::span<const double> slopes) { pass.backward(slopes); },
      "the pass that forward(batch) returns needs backward(std::span<const double> slopes)");
  static constexpr bool met = true;
};

/// Whether `parameters()` lists the backend's numbers; true if one of the two is missing.
template <class P>
[[nodiscard]] constexpr bool lists_its_parameters() {
  if constexpr (requires(P& p) { p.parameters(); }) {
    if constexpr (has_own_backend<P>) {
      using backend = std::remove_cvref_t<decltype(std::declval<P&>().backend())>;
      if constexpr (optimizer_backend<backend>)
        return parameter_range<decltype(std::declval<P&>().parameters()),
                               typename backend::value_type>;
    } else if constexpr (lists_numbers<P>) {
      return parameter_range<decltype(std::declval<P&>().parameters()),
                             typename backend_type_of<P>::value_type>;
    } else {
      return false;
    }
  }
  return true;
}

template <class P>
struct policy_requirements {
  static_assert(answers<P>::mutable_there,
                "the policy's token_log_probs(const prefix_tree_batch&) is missing");
  static_assert(!answers<P>::mutable_there || answers<P>::there,
                "the policy's token_log_probs must be const");
  static_assert(!answers<P>::there || answers<P>::right,
                "the policy's token_log_probs must be const and return std::vector<double>");

  static constexpr bool has_forward =
      requires(P& p, const prefix_tree_batch& batch) { p.forward(batch); };
  static_assert(has_forward, "the policy's forward(const prefix_tree_batch&) is missing");
  static constexpr bool check_pass() {
    if constexpr (has_forward)
      return pass_requirements<decltype(std::declval<P&>().forward(
          std::declval<const prefix_tree_batch&>()))>::met;
    return true;
  }
  static_assert(check_pass());

  static constexpr bool has_parameters = requires(P& p) { p.parameters(); };
  static constexpr bool has_backend = has_own_backend<P>;
  static constexpr bool has_backend_reference =
      requires(P& p) { requires std::is_lvalue_reference_v<decltype(p.backend())>; };
  static constexpr bool has_right_backend = requires(P& p) {
    requires optimizer_backend<std::remove_reference_t<decltype(p.backend())>>;
  };
  static_assert(has_parameters, "the policy's parameters() is missing");
  static_assert(
      !has_backend || has_backend_reference,
      "the policy's backend() must return a reference: the backend must outlive the call");
  static_assert(!has_backend_reference || has_right_backend,
                "the policy's backend() must return an optimizer_backend");
  static_assert(!has_right_backend || has_own_backend<const P>,
                "the policy's backend() must be const");
  static_assert(
      !has_backend || lists_its_parameters<P>(),
      "the policy's parameters() must be a parameter_range of its backend's numbers: elements with name, shape, "
      "value and gradient (spans of backend().value_type), trainable and decays");
  static_assert(
      has_backend || lists_its_parameters<P>(),
      "the policy's parameters() must be a parameter_range, without a backend() of float or double: elements with "
      "name, shape, value and gradient (spans), trainable and decays");
  static constexpr bool met = true;
};

template <class P>
struct policy_requirements<const P> {
  static_assert(!std::is_same_v<P, P>, "the policy is const: a trainer updates its weights");
  static constexpr bool met = true;
};

/// `Loss&` or `const Loss&` called with one argument of this kind.
template <class L, class Argument>
concept takes = requires(L loss, const Argument& argument) { loss(argument); };
template <class L, class Argument, class Result>
concept gives = requires(L loss, const Argument& argument) {
  { loss(argument) } -> std::same_as<Result>;
};

template <class L>
struct loss_requirements {
  using list = std::span<const response_log_probs>;
  template <class Called>
  static constexpr bool takes_any = takes<Called, pair_log_probs> || takes<Called, list> ||
                                    takes<Called, response_groups> || takes<Called, token_groups>;
  static constexpr bool is_one = gives<const L&, pair_log_probs, pair_loss> ||
                                 gives<const L&, list, list_loss> ||
                                 gives<const L&, response_groups, batch_losses> ||
                                 gives<const L&, token_groups, token_results>;
  static_assert(std::copyable<L>, "the loss must be copyable");
  static_assert(
      takes_any<L&> || takes_any<const L&>,
      "this is not a loss: it needs operator()(const pair_log_probs&) const that returns pair_loss, or "
      "operator()(std::span<const response_log_probs>) const that returns list_loss, or "
      "operator()(const response_groups&) const that returns batch_losses, or "
      "operator()(const token_groups&) const that returns token_results");
  static_assert(!takes_any<L&> || takes_any<const L&>, "the loss's operator() must be const");
  static_assert(is_one || !takes<const L&, pair_log_probs>,
                "the loss's operator()(const pair_log_probs&) const must return pair_loss");
  static_assert(
      is_one || !takes<const L&, list>,
      "the loss's operator()(std::span<const response_log_probs>) const must return list_loss");
  static_assert(is_one || !takes<const L&, response_groups>,
                "the loss's operator()(const response_groups&) const must return batch_losses");
  static_assert(is_one || !takes<const L&, token_groups>,
                "the loss's operator()(const token_groups&) const must return token_results");

  static constexpr bool reads_tokens = gives<const L&, token_groups, token_results>;
  static constexpr bool has_reduction = requires(const L& loss) { loss.reduction; };
  static constexpr bool has_right_reduction = requires(const L& loss) {
    { loss.reduction } -> reduction_of_tokens;
  };
  static_assert(
      reads_tokens || has_reduction,
      "the loss's reduction is missing: static constexpr token_reduction reduction = token_reduction::sum or "
      "::mean");
  static_assert(reads_tokens || !has_reduction || has_right_reduction,
                "the loss's reduction must be a token_reduction or a desensitized_sum");
  static_assert(
      requires(const L& loss) {
        { loss.inputs } -> std::convertible_to<loss_inputs>;
      }, "the loss's inputs is missing: static constexpr loss_inputs inputs{...}");
  static_assert(
      requires(const L& loss) { check(loss); },
      "check(loss) is missing: a function next to the loss that throws value_error for invalid hyper-parameters");
  static_assert(
      !reads_tokens ||
          requires(const L& loss) {
            { loss.couples() } -> std::same_as<bool>;
          },
      "the loss's couples() is missing: bool couples() const, whether it must see all examples of a step at once");
  static constexpr bool met = true;
};

/// Policy, reference and loss are each right; this checks whether they fit together.
template <class Policy, class Reference, class Loss>
struct fit_requirements {
  static constexpr bool loss_of_policy() {
    if constexpr (preference_loss<Loss>) return reads_rewards<Loss>() == gives_rewards<Policy>();
    return true;
  }
  static_assert(
      loss_of_policy(),
      "one of policy and loss uses rewards, the other log-probs: bradley_terry trains a reward_model");

  static constexpr bool none = std::same_as<Reference, no_reference>;
  static_assert(
      none || answers<Reference>::mutable_there,
      "the reference's token_log_probs(const prefix_tree_batch&) is missing; use no_reference{} for none");
  static_assert(none || !answers<Reference>::mutable_there || answers<Reference>::there,
                "the reference's token_log_probs must be const");
  static_assert(none || !answers<Reference>::there || answers<Reference>::right,
                "the reference's token_log_probs must be const and return std::vector<double>");
  static_assert(!gives_rewards<Reference>(),
                "the reference returns rewards, but a loss compares with log-probs");
  static constexpr bool read_or_none() {
    if constexpr (inputs_are_constant<Loss>) return !none || !reads_a_reference<Loss>;
    return true;
  }
  static_assert(
      read_or_none(),
      "the loss reads a reference: pass reference_log_probs(policy, examples) or a frozen "
      "policy instead of no_reference{}");
  static_assert(none || reads_a_reference<Loss>,
                "the loss reads no reference: pass no_reference{}");
  static_assert(
      !names_after_step<std::remove_const_t<Reference>> || !std::is_const_v<Reference>,
      "a reference that moves (it has after_step) must not be const: the trainer updates it");
  static_assert(
      !names_after_step<std::remove_const_t<Reference>> || std::is_const_v<Reference> ||
          following_reference<Reference, Policy>,
      "the reference's after_step must take (Policy&, std::int64_t step) with this trainer's policy");
  static constexpr bool met = true;
};

/// A trainer does not own its reference.
template <class Reference>
struct temporary_reference {
  static_assert(
      std::same_as<Reference, no_reference>,
      "the reference is a temporary, destroyed before the first step: name it so that it outlives the trainer");
  template <class Policy>
  static Policy& refused(Policy& policy) {
    return policy;
  }
};

}  // namespace prefopt::inline v0_2::detail
