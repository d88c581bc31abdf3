// SPDX-License-Identifier: MIT
#pragma once
// f-DPO, Wang et al. 2023, arXiv:2309.16240: a policy that an f-divergence keeps near the reference
// has the reward beta f'(pi / ref), where KL gives beta log(pi / ref). So any loss of the margin
// becomes one of the divergence if the scores s = f'(exp r) replace the log-ratios r:
//
//   reverse KL   s = r                     (the loss itself)
//   forward KL   s = 1 - exp(-r)
//   Jensen-Shannon  s = log 2 + log sigmoid(r)
//   alpha        s = (exp((alpha - 1) r) - 1) / (alpha - 1), at alpha = 1: r
//
// f' is defined up to a constant, chosen so that s is 0 where policy and reference agree. In a
// margin it cancels, like the normalizer of the optimal policy, unless a loss divides by lengths
// (as Hugging Face TRL does). Losses that read each response by itself have no such form.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <numbers>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/core/word_hash.hpp"
#include "prefopt/loss/bounded_exp.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/log_ratios.hpp"
#include "prefopt/loss/loss_around.hpp"

namespace prefopt::inline v0_2 {

/// A response's score and its derivative with respect to the log-ratio.
struct divergence_score {
  double score = 0;
  double slope = 0;
};

struct reverse_kl {
  static constexpr std::string_view name = "reverse_kl";

  [[nodiscard]] PREFOPT_HOST_DEVICE divergence_score operator()(double log_ratio) const {
    return {log_ratio, 1};
  }
};

/// Grows with the exponential of how far the policy falls below the reference; beyond 690 nats,
/// score and slope stay constant. So a pair whose rejected response is that far below counts as
/// solved. A squared loss (ipo) is infinite from half that distance on.
struct forward_kl {
  static constexpr std::string_view name = "forward_kl";

  [[nodiscard]] PREFOPT_HOST_DEVICE divergence_score operator()(double log_ratio) const {
    return {-bounded_expm1(-log_ratio), bounded_exp(-log_ratio)};
  }
};

struct js_divergence {
  static constexpr std::string_view name = "js_divergence";

  [[nodiscard]] PREFOPT_HOST_DEVICE divergence_score operator()(double log_ratio) const {
    return {std::numbers::ln2 - log1p_exp(-log_ratio), sigmoid(-log_ratio)};
  }
};

/// Between forward (alpha = 0) and reverse KL (alpha = 1). The exponent is bounded as in
/// forward_kl.
struct alpha_divergence {
  static constexpr std::string_view name = "alpha_divergence";

  double alpha = 1;  ///< finite

  [[nodiscard]] PREFOPT_HOST_DEVICE divergence_score operator()(double log_ratio) const {
    const double power = alpha - 1;
    if (power == 0) return {log_ratio, 1};
    return {bounded_expm1(power * log_ratio) / power, bounded_exp(power * log_ratio)};
  }
};

/// A divergence: a call operator from a response's summed log-ratio to its score.
template <class D>
concept divergence_of_responses = std::copyable<D> && requires(const D& divergence) {
  { divergence(0.0) } -> std::same_as<divergence_score>;
};

/// `f_divergence{dpo{.beta = 0.1}, js_divergence{}}`. If the loss takes means over tokens, the
/// score of the whole response is divided by its length.
template <margin_loss Loss, divergence_of_responses Divergence>
  requires std::same_as<decltype(Loss::reduction), const token_reduction>
struct f_divergence : loss_around<Loss> {
  Divergence divergence;

  static constexpr std::string_view name = loss_name<Loss>();
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{.lengths = Loss::reduction == token_reduction::mean ||
                                                 Loss::inputs.lengths};

  PREFOPT_HOST_DEVICE constexpr explicit f_divergence(Loss inner = Loss{},
                                                      Divergence held_by = Divergence{})
      : loss_around<Loss>(std::move(inner)), divergence(std::move(held_by)) {}

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const auto [chosen, rejected] = log_ratios(pair);
    const divergence_score c = divergence(chosen), j = divergence(rejected);
    const double share_c = share(pair.chosen_tokens), share_j = share(pair.rejected_tokens);
    const pair_loss of_scores = this->loss({.policy_chosen = c.score * share_c,
                                            .policy_rejected = j.score * share_j,
                                            .chosen_tokens = pair.chosen_tokens,
                                            .rejected_tokens = pair.rejected_tokens});
    return {of_scores.loss, of_scores.slope_chosen * c.slope * share_c,
            of_scores.slope_rejected * j.slope * share_j};
  }

  /// A divergence is identified by its name and its alpha, if it has them.
  [[nodiscard]] std::uint64_t parts_hash() const {
    detail::word_hash hash;
    hash.add(loss_hash(this->loss));
    if constexpr (requires { std::string_view(Divergence::name); })
      hash.add(std::string_view(Divergence::name));
    if constexpr (requires { static_cast<double>(divergence.alpha); })
      hash.add(static_cast<double>(divergence.alpha));
    return hash.value();
  }

  /// A stateful loss observes scores, as it reads them.
  void observe(const response_groups& groups)
    requires stateful_loss<Loss>
  {
    std::vector<response_log_probs> scores(groups.responses.begin(), groups.responses.end());
    for (response_log_probs& one : scores) {
      one.policy = divergence(one.policy - one.reference).score * share(one.tokens);
      one.reference = 0;
    }
    this->loss.observe(response_groups{scores, groups.begins});
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const f_divergence& self) {
    check(self.loss);
    if constexpr (requires { self.divergence.alpha; }) {
      if (!std::isfinite(self.divergence.alpha))
        throw value_error(
            concat(name, ": alpha is ", self.divergence.alpha, ", expected a finite number"));
    }
  }

 private:
  [[nodiscard]] PREFOPT_HOST_DEVICE static double share(std::int64_t tokens) {
    return Loss::reduction == token_reduction::mean && tokens > 1 ? 1 / static_cast<double>(tokens)
                                                                  : 1;
  }
};

template <class Loss, class Divergence>
f_divergence(Loss, Divergence) -> f_divergence<Loss, Divergence>;

}  // namespace prefopt::inline v0_2
