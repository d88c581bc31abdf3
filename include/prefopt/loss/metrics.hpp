// SPDX-License-Identifier: MIT
#pragma once
// preference_metrics: means over examples of what a log shows next to the loss, under the names
// that TRL users know. They always use log-probs summed over the response, no matter what the loss
// reads, so that you can compare runs with different losses.

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "prefopt/core/best_score.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/token_losses.hpp"

namespace prefopt::inline v0_2 {

/// Accumulates examples. A response's reward is beta (log pi - log ref), Rafailov et al. 2023,
/// arXiv:2305.18290, sec. 4, with the loss's `beta`, or 1 if it has none. A loss without a
/// reference that reads more than one response has the rewards beta log pi, of the mean over tokens
/// if it reads that, as TRL's CPO and ORPO trainers log them. Metrics of inputs that the loss does
/// not read are omitted: nothing about rejected responses without them, and no rewards if there is
/// neither a reference nor a second response. If a loss reads rewards instead of log-probs, they
/// are the rewards, and there are no log-probs.
///
/// For a list, the chosen response is the best one, the rejected number is the mean of the others',
/// and the accuracy is the share of its unequal pairs that the rewards order correctly. For an
/// unpaired response, the label says which it is; there is no accuracy, and the margin is between
/// the two means. Responses to another prompt are left out.
class preference_metrics {
 public:
  // Copying must not check whether this is a loss.
  template <class Loss>
    requires(!std::same_as<Loss, preference_metrics>) && preference_loss<Loss>
  explicit preference_metrics(const Loss& loss)
      : inputs_(loss.inputs),
        of_rewards_(reads_rewards<Loss>()),
        of_means_(!loss.inputs.reference && reads_means(loss)),
        beta_(reward_scale(loss)) {}

  /// Adds an example's responses, with log-probs summed over tokens, nats; inputs that the loss
  /// does not read are ignored.
  void add(std::span<const response_log_probs> responses) {
    ++examples_;
    std::size_t first =
        best_score(responses.size(), [&](std::size_t i) { return responses[i].score; });
    if (first == responses.size() && !inputs_.rejected) first = 0;  // read regardless of its score
    if (first >= responses.size()) return;
    const response_log_probs* const best = &responses[first];
    side others;
    double pairs = 0, right = 0;
    for (const response_log_probs& one : responses) {
      if (std::isnan(one.score)) continue;
      if (&one != best) others.add(one, reward(one));
      for (const response_log_probs& other : responses) {
        if (!(one.score > other.score)) continue;
        pairs += 1;
        // strictly: a policy that is its own reference wins nothing
        right += reward(one) > reward(other) ? 1 : 0;
      }
    }
    const bool alone = others.count == 0 && inputs_.rejected;
    side& own = alone && !(best->score > 0) ? rejected_ : chosen_;
    own.add(*best, reward(*best));
    if (others.count == 0) return;
    rejected_.add(others);
    margins_ += reward(*best) - others.rewards / others.count;
    ++compared_;
    if (pairs == 0) return;
    accuracies_ += right / pairs;
    ++ordered_;
  }

  /// Adds a pair.
  void add(const pair_log_probs& summed) {
    const response_log_probs both[] = {
        {summed.policy_chosen, summed.reference_chosen, summed.chosen_tokens, 1},
        {summed.policy_rejected, summed.reference_rejected, summed.rejected_tokens, 0}};
    add(std::span(both).first(inputs_.rejected ? 2 : 1));
  }

  /// Adds the examples of another accumulator. Throws value_error if it was made for a different
  /// loss or beta.
  void combine(const preference_metrics& other) {
    if (inputs_.rejected != other.inputs_.rejected ||
        inputs_.reference != other.inputs_.reference || of_rewards_ != other.of_rewards_ ||
        of_means_ != other.of_means_ || beta_ != other.beta_) {
      throw value_error(
          "preference_metrics: metrics of another loss or beta, expected the same loss and beta");
    }
    examples_ += other.examples_;
    chosen_.add_all(other.chosen_);
    rejected_.add_all(other.rejected_);
    margins_ += other.margins_;
    compared_ += other.compared_;
    accuracies_ += other.accuracies_;
    ordered_ += other.ordered_;
  }

  [[nodiscard]] std::int64_t examples() const { return examples_; }

  /// Calls `visit(std::string_view name, double mean)` for each metric, always in this order; those
  /// without data are left out. Names are literals.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    const auto mean_of = [&](std::string_view name, double sum, double count) {
      if (count > 0) visit(name, sum / count);
    };
    if (inputs_.reference || inputs_.rejected || of_rewards_) {
      mean_of("rewards/chosen", chosen_.rewards, chosen_.count);
      mean_of("rewards/rejected", rejected_.rewards, rejected_.count);
      mean_of("rewards/accuracies", accuracies_, ordered_);
      if (compared_ > 0) {
        mean_of("rewards/margins", margins_, compared_);
      } else if (chosen_.count > 0 && rejected_.count > 0) {
        visit(std::string_view("rewards/margins"),
              chosen_.rewards / chosen_.count - rejected_.rewards / rejected_.count);
      }
    }
    if (of_rewards_) return;
    mean_of("logps/chosen", chosen_.log_probs, chosen_.count);
    mean_of("logps/rejected", rejected_.log_probs, rejected_.count);
  }

 private:
  /// Sums over responses of one kind.
  struct side {
    double count = 0;
    double rewards = 0;
    double log_probs = 0;

    void add(const response_log_probs& one, double reward) {
      count += 1;
      rewards += reward;
      log_probs += one.policy;
    }
    /// Adds the mean of several as one.
    void add(const side& several) {
      count += 1;
      rewards += several.rewards / several.count;
      log_probs += several.log_probs / several.count;
    }
    void add_all(const side& other) {
      count += other.count;
      rewards += other.rewards;
      log_probs += other.log_probs;
    }
  };

  [[nodiscard]] double reward(const response_log_probs& one) const {
    if (inputs_.reference) return beta_ * (one.policy - one.reference);
    return beta_ * (of_means_ && one.tokens > 1 ? one.policy / static_cast<double>(one.tokens)
                                                : one.policy);
  }

  loss_inputs inputs_;
  bool of_rewards_ = false;
  bool of_means_ = false;
  double beta_ = 1;
  std::int64_t examples_ = 0;
  side chosen_;
  side rejected_;
  double margins_ = 0;
  double compared_ = 0;
  double accuracies_ = 0;
  double ordered_ = 0;
};

}  // namespace prefopt::inline v0_2
