// SPDX-License-Identifier: MIT
#pragma once
// weighted_sum: adds losses, as RPO and MPO add a supervised term to a preference loss (Pang et al.
// 2024, arXiv:2404.19733; Wang et al. 2024, arXiv:2411.10442). Each term reads the tokens in its
// own way; token slopes add up.

#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/word_hash.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/loss_hash.hpp"
#include "prefopt/loss/token_losses.hpp"

namespace prefopt::inline v0_2 {

/// A term of a sum, over log-probs: no single model returns both rewards and log-probs.
template <preference_loss Loss>
  requires(!reads_rewards<Loss>())
struct weighted {
  Loss loss;
  double weight = 1;  ///< finite
};

template <class Loss>
weighted(Loss, double) -> weighted<Loss>;

/// `weighted_sum{weighted{dpo{}, 0.8}, weighted{sft{}, 1}}`. For more than two terms, use a sum as
/// a term.
template <preference_loss First, preference_loss Second>
class weighted_sum {
 public:
  static constexpr std::string_view name = "weighted_sum";
  loss_inputs inputs;

  weighted_sum(weighted<First> first, weighted<Second> second)
      : inputs(first.loss.inputs | second.loss.inputs),
        first_(std::move(first)),
        second_(std::move(second)) {}

  [[nodiscard]] bool couples() const {
    return prefopt::couples(first_.loss) || prefopt::couples(second_.loss);
  }

  [[nodiscard]] bool carries_state() const {
    return prefopt::carries_state(first_.loss) || prefopt::carries_state(second_.loss);
  }

  /// That of the first term that reads a reference; if none does, of the first that reads more than
  /// one response.
  [[nodiscard]] double reward_scale() const {
    return rewards_are_the_firsts() ? prefopt::reward_scale(first_.loss)
                                    : prefopt::reward_scale(second_.loss);
  }
  [[nodiscard]] bool reads_means() const {
    return rewards_are_the_firsts() ? prefopt::reads_means(first_.loss)
                                    : prefopt::reads_means(second_.loss);
  }

  [[nodiscard]] std::uint64_t parts_hash() const {
    detail::word_hash hash;
    hash.add(first_.weight);
    hash.add(loss_hash(first_.loss));
    hash.add(second_.weight);
    hash.add(loss_hash(second_.loss));
    return hash.value();
  }

  [[nodiscard]] token_results operator()(const token_groups& groups) const {
    token_results sum{
        std::vector<double>(groups.size()), std::vector<double>(groups.policy.size()), {}};
    add(first_, groups, sum);
    add(second_, groups, sum);
    return sum;
  }

  void observe(const token_groups& groups) {
    prefopt::observe(first_.loss, groups);
    prefopt::observe(second_.loss, groups);
  }

  /// The terms' states, preceded by the first one's length.
  [[nodiscard]] std::vector<double> state() const {
    const std::vector<double> first = state_of(first_.loss), second = state_of(second_.loss);
    if (first.empty() && second.empty()) return {};
    std::vector<double> all{static_cast<double>(first.size())};
    all.insert(all.end(), first.begin(), first.end());
    all.insert(all.end(), second.begin(), second.end());
    return all;
  }

  void restore(std::span<const double> state) {
    const double length = state.empty() ? 0 : state[0];
    const auto terms = state.empty() ? state : state.subspan(1);
    if (!(length >= 0 && length <= static_cast<double>(terms.size()) &&
          length == std::floor(length)))
      throw value_error(concat(name, ": a state that does not fit its terms"));
    restore_state(first_.loss, terms.first(static_cast<std::size_t>(length)));
    restore_state(second_.loss, terms.subspan(static_cast<std::size_t>(length)));
  }

  /// Throws value_error for a weight that is not finite and for the terms' own hyper-parameters.
  friend void check(const weighted_sum& sum) {
    for (const double weight : {sum.first_.weight, sum.second_.weight})
      if (!std::isfinite(weight))
        throw value_error(concat(name, ": a weight of ", weight, ", expected a finite number"));
    check(sum.first_.loss);
    check(sum.second_.loss);
  }

 private:
  [[nodiscard]] bool rewards_are_the_firsts() const {
    const loss_inputs &first = first_.loss.inputs, &second = second_.loss.inputs;
    return first.reference || (!second.reference && first.rejected);
  }

  template <class Term>
  static void add(const Term& term, const token_groups& groups, token_results& sum) {
    const token_results one = token_losses(term.loss, groups);
    const auto add_all = [&](const std::vector<double>& from, std::vector<double>& to) {
      if (to.size() < from.size()) to.resize(from.size());
      for (std::size_t i = 0; i < from.size(); ++i) to[i] += term.weight * from[i];
    };
    add_all(one.losses, sum.losses);
    add_all(one.slopes, sum.slopes);
    add_all(one.divergence_slopes, sum.divergence_slopes);
  }

  weighted<First> first_;
  weighted<Second> second_;
};

}  // namespace prefopt::inline v0_2
