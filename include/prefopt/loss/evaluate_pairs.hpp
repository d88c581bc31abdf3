// SPDX-License-Identifier: MIT
#pragma once
// evaluate_pairs: a loss over many pairs at once, from any kind of vectors of sequence log-probs:
// std::vector, std::span, Eigen arrays, xtensor expressions, or a mix.
//
// Legend: P pairs.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "prefopt/core/double_values.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/core/tensor.hpp"
#include "prefopt/loss/concepts.hpp"

namespace prefopt::inline v0_2 {

/// The losses of P pairs. A slope is the derivative of its own pair's loss; that of `loss`, the
/// mean, is 1 / P of it.
struct evaluated_pairs {
  double loss = 0;                   ///< mean over the pairs
  std::vector<double> losses;        // [P]
  std::vector<double> slope_chosen;  // [P] with respect to policy_chosen
  // [P] with respect to policy_rejected; all 0 if the loss does not read it
  std::vector<double> slope_rejected;
};

namespace detail {

/// Throws unless there is at least one pair, and one number per pair.
template <class Loss>
void check_pair_count(std::string_view what, std::size_t came, std::size_t pairs) {
  if (came != pairs)
    throw shape_error(concat(loss_name<Loss>(), ": ", came, " ", what, " for ", pairs, " chosen"));
  if (pairs == 0) throw value_error(concat(loss_name<Loss>(), ": no pairs, expected at least one"));
}

/// `pair_at(i)` gives the log-probs of the i-th pair.
template <pairwise_loss Loss, class PairAt>
[[nodiscard]] evaluated_pairs losses_of_pairs(const Loss& loss, std::size_t pairs,
                                              const PairAt& pair_at) {
  check(loss);
  evaluated_pairs result;
  for (std::size_t i = 0; i < pairs; ++i) {
    const pair_loss one = loss(pair_at(i));
    // the mean of equal losses is exactly their value
    result.loss += (one.loss - result.loss) / static_cast<double>(i + 1);
    result.losses.push_back(one.loss);
    result.slope_chosen.push_back(one.slope_chosen);
    result.slope_rejected.push_back(one.slope_rejected);
  }
  return result;
}

/// The four log-probs of each of P pairs.
template <class Loss>
class referenced_pairs {
 public:
  /// Throws shape_error if the lengths differ, value_error if they are 0.
  referenced_pairs(const vector_like auto& policy_chosen, const vector_like auto& policy_rejected,
                   const vector_like auto& reference_chosen,
                   const vector_like auto& reference_rejected)
      : chosen_(policy_chosen, loss_name<Loss>()),
        rejected_(policy_rejected, loss_name<Loss>()),
        chosen_before_(reference_chosen, loss_name<Loss>()),
        rejected_before_(reference_rejected, loss_name<Loss>()) {
    check_pair_count<Loss>("rejected log-probs", rejected_.size(), size());
    check_pair_count<Loss>("reference chosen log-probs", chosen_before_.size(), size());
    check_pair_count<Loss>("reference rejected log-probs", rejected_before_.size(), size());
  }

  [[nodiscard]] std::size_t size() const { return chosen_.size(); }
  [[nodiscard]] pair_log_probs at(std::size_t i, std::int64_t chosen_tokens,
                                  std::int64_t rejected_tokens) const {
    return {chosen_[i],          rejected_[i],  chosen_before_[i],
            rejected_before_[i], chosen_tokens, rejected_tokens};
  }

 private:
  double_values chosen_, rejected_, chosen_before_, rejected_before_;  // [P], nats
};

}  // namespace detail

/// For a loss that reads all four: each [P], nats, reduced over tokens as the loss requires
/// (`Loss::reduction`), for the policy and the reference. Throws shape_error if the lengths differ,
/// value_error for no pairs and for hyper-parameters outside their range.
template <pairwise_loss Loss, vector_like PolicyChosen, vector_like PolicyRejected,
          vector_like ReferenceChosen, vector_like ReferenceRejected>
  requires(Loss::inputs.rejected && Loss::inputs.reference && !Loss::inputs.lengths)
[[nodiscard]] evaluated_pairs evaluate_pairs(const Loss& loss, const PolicyChosen& policy_chosen,
                                             const PolicyRejected& policy_rejected,
                                             const ReferenceChosen& reference_chosen,
                                             const ReferenceRejected& reference_rejected) {
  const detail::referenced_pairs<Loss> pairs(policy_chosen, policy_rejected, reference_chosen,
                                             reference_rejected);
  return detail::losses_of_pairs(loss, pairs.size(),
                                 [&](std::size_t i) { return pairs.at(i, 0, 0); });
}

/// For a loss that also reads the responses' lengths in tokens, such as `f_divergence` of a loss of
/// averaged log-probs, whose log-probs are sums. Throws value_error for a length below 0.
template <pairwise_loss Loss, vector_like PolicyChosen, vector_like PolicyRejected,
          vector_like ReferenceChosen, vector_like ReferenceRejected>
  requires(Loss::inputs.rejected && Loss::inputs.reference && Loss::inputs.lengths)
[[nodiscard]] evaluated_pairs evaluate_pairs(const Loss& loss, const PolicyChosen& policy_chosen,
                                             const PolicyRejected& policy_rejected,
                                             const ReferenceChosen& reference_chosen,
                                             const ReferenceRejected& reference_rejected,
                                             std::span<const std::int64_t> chosen_tokens,
                                             std::span<const std::int64_t> rejected_tokens) {
  const detail::referenced_pairs<Loss> pairs(policy_chosen, policy_rejected, reference_chosen,
                                             reference_rejected);
  detail::check_pair_count<Loss>("lengths of chosen responses", chosen_tokens.size(), pairs.size());
  detail::check_pair_count<Loss>("lengths of rejected responses", rejected_tokens.size(),
                                 pairs.size());
  return detail::losses_of_pairs(loss, pairs.size(), [&](std::size_t i) {
    if (chosen_tokens[i] < 0 || rejected_tokens[i] < 0)
      throw value_error(concat(loss_name<Loss>(), ": pair ", i, " has responses of ",
                               chosen_tokens[i], " and ", rejected_tokens[i],
                               " tokens, expected lengths of at least 0"));
    return pairs.at(i, chosen_tokens[i], rejected_tokens[i]);
  });
}

/// For a loss that reads no reference.
template <pairwise_loss Loss, vector_like PolicyChosen, vector_like PolicyRejected>
  requires(Loss::inputs.rejected && !Loss::inputs.reference && !Loss::inputs.lengths)
[[nodiscard]] evaluated_pairs evaluate_pairs(const Loss& loss, const PolicyChosen& policy_chosen,
                                             const PolicyRejected& policy_rejected) {
  constexpr std::string_view name = loss_name<Loss>();
  const double_values chosen(policy_chosen, name);
  const double_values rejected(policy_rejected, name);
  detail::check_pair_count<Loss>("rejected log-probs", rejected.size(), chosen.size());
  return detail::losses_of_pairs(loss, chosen.size(), [&](std::size_t i) {
    return pair_log_probs{chosen[i], rejected[i], 0, 0, 0, 0};
  });
}

/// For a loss that reads only the policy's chosen responses.
template <pairwise_loss Loss, vector_like PolicyChosen>
  requires(!Loss::inputs.rejected && !Loss::inputs.reference && !Loss::inputs.lengths)
[[nodiscard]] evaluated_pairs evaluate_pairs(const Loss& loss, const PolicyChosen& policy_chosen) {
  const double_values chosen(policy_chosen, loss_name<Loss>());
  detail::check_pair_count<Loss>("chosen log-probs", chosen.size(), chosen.size());
  return detail::losses_of_pairs(
      loss, chosen.size(), [&](std::size_t i) { return pair_log_probs{chosen[i], 0, 0, 0, 0, 0}; });
}

}  // namespace prefopt::inline v0_2
