// SPDX-License-Identifier: MIT
#pragma once
// preference_metrics: means over pairs of what a log shows beside the loss, under the names that TRL's users know.
// Always of log-probs summed over the response, whatever the loss reads, so that runs with different losses can be
// compared.

#include <concepts>
#include <cstdint>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/concepts.hpp"

namespace prefopt {

/// Accumulates pairs. A response's reward is beta (log pi - log ref), Rafailov et al. 2023, arXiv:2305.18290, sec. 4,
/// with the loss's `beta`, or 1 where it has none. What the loss does not read has no metrics: no rewards without
/// a reference, nothing of rejected responses without them.
class preference_metrics {
 public:
  template <class Loss>
  requires(!std::same_as<Loss, preference_metrics>) && pairwise_loss<Loss>  // a copy must not ask whether it is a loss
      explicit preference_metrics(const Loss& loss) : inputs_(Loss::inputs) {
    if constexpr (requires { static_cast<double>(loss.beta); }) beta_ = static_cast<double>(loss.beta);
  }

  /// `summed`: log-probs summed over each response's tokens, nats; what the loss does not read is not looked at.
  void add(const pair_log_probs& summed) {
    const double chosen = beta_ * (summed.policy_chosen - summed.reference_chosen);
    const double rejected = beta_ * (summed.policy_rejected - summed.reference_rejected);
    ++pairs_;
    chosen_log_probs_ += summed.policy_chosen;
    rejected_log_probs_ += summed.policy_rejected;
    chosen_rewards_ += chosen;
    rejected_rewards_ += rejected;
    margins_ += chosen - rejected;
    wins_ += chosen > rejected ? 1 : 0;  // strictly: a policy that is its own reference wins nothing
  }

  /// Adds the pairs of another accumulator. Throws value_error if it was made for another loss or beta.
  void combine(const preference_metrics& other) {
    if (inputs_.rejected != other.inputs_.rejected || inputs_.reference != other.inputs_.reference ||
        beta_ != other.beta_) {
      throw value_error("preference_metrics: the metrics of another loss or beta, wanted those of the same");
    }
    pairs_ += other.pairs_;
    chosen_log_probs_ += other.chosen_log_probs_;
    rejected_log_probs_ += other.rejected_log_probs_;
    chosen_rewards_ += other.chosen_rewards_;
    rejected_rewards_ += other.rejected_rewards_;
    margins_ += other.margins_;
    wins_ += other.wins_;
  }

  [[nodiscard]] std::int64_t pairs() const { return pairs_; }

  /// Calls `visit(std::string_view name, double mean)` for each metric, always in this order. Names are literals. No
  /// metrics as long as there are no pairs.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    if (pairs_ == 0) return;
    const auto mean = [&](double sum) { return sum / static_cast<double>(pairs_); };
    if (inputs_.reference) {
      visit(std::string_view("rewards/chosen"), mean(chosen_rewards_));
      if (inputs_.rejected) {
        visit(std::string_view("rewards/rejected"), mean(rejected_rewards_));
        visit(std::string_view("rewards/accuracies"), mean(static_cast<double>(wins_)));
        visit(std::string_view("rewards/margins"), mean(margins_));
      }
    }
    visit(std::string_view("logps/chosen"), mean(chosen_log_probs_));
    if (inputs_.rejected) visit(std::string_view("logps/rejected"), mean(rejected_log_probs_));
  }

 private:
  loss_inputs inputs_;
  double beta_ = 1;
  std::int64_t pairs_ = 0;
  double chosen_log_probs_ = 0;
  double rejected_log_probs_ = 0;
  double chosen_rewards_ = 0;
  double rejected_rewards_ = 0;
  double margins_ = 0;
  std::int64_t wins_ = 0;
};

}  // namespace prefopt
