// SPDX-License-Identifier: MIT
#pragma once
// reward_model: a scalar model, read at the end of a response. To trainers it is a policy whose
// responses have a reward instead of a log-probability: the number of a response's last token is
// the reward, that of the others is 0, and so the sum over tokens that a loss reads is the reward.
// `bradley_terry` trains it on pairs.

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/batch_rows.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/microbatches.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/policy/backend_of.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/policy/microbatch_tokens.hpp"
#include "prefopt/policy/response_scorer.hpp"
#include "prefopt/policy/scalar_model.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// The index of each sequence's last target. Throws value_error for a sequence without one.
[[nodiscard]] inline std::vector<std::size_t> last_targets(const prefix_tree_batch& batch) {
  std::vector<std::size_t> last;
  for (const tree_sequence& sequence : batch.sequences) {
    if (sequence.count == 0)
      throw value_error(concat("reward_model: response ", sequence.response_index, " of example ",
                               sequence.example,
                               " has no token of its own, expected at least one"));
    last.push_back(static_cast<std::size_t>(sequence.first_target + sequence.count) - 1);
  }
  return last;
}

/// [M] zeros except for the rewards [S], each at its offset.
[[nodiscard]] inline std::vector<double> at_offsets(std::size_t targets,
                                                    std::span<const std::size_t> last,
                                                    std::span<const double> rewards) {
  std::vector<double> numbers(targets);
  for (std::size_t s = 0; s < last.size(); ++s) numbers[last[s]] = rewards[s];
  return numbers;
}

}  // namespace detail

/// Models trainable_policy and response_scorer. Owns its model.
template <trainable_scalar_model Model>
class reward_model {
 public:
  /// Its numbers are rewards: losses of log-probs do not compile with it.
  static constexpr bool gives_rewards = true;

  explicit reward_model(Model&& model) : model_(std::move(model)) {}

  [[nodiscard]] const Model& model() const { return model_; }
  [[nodiscard]] auto&& backend() const
    requires detail::has_own_backend<const Model>
  {
    return model_.backend();
  }
  [[nodiscard]] decltype(auto) parameters() { return model_.parameters(); }
  void set_trainable(std::string_view name, bool trainable)
    requires requires(Model& model) { model.set_trainable(name, trainable); }
  {
    model_.set_trainable(name, trainable);
  }

  /// The reward of each sequence, [S].
  [[nodiscard]] std::vector<double> rewards(const prefix_tree_batch& batch) const {
    return model_.values(batch, last_rows(batch));
  }

  /// The rewards of all responses, example by example. Packs at most this many tokens at once; 0:
  /// all; none: as many as the model's backend prefers.
  template <example_range Examples>
  [[nodiscard]] std::vector<double> rewards(
      const Examples& examples, std::optional<std::size_t> tokens_per_microbatch = {}) const;

  [[nodiscard]] std::vector<double> operator()(std::span<const tokenized_example> examples) const {
    return rewards(examples);
  }

  /// The substitute for log-probs: each response's reward at its last token, else 0; [M]. Throws
  /// value_error for a response without a token.
  [[nodiscard]] std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    // throws before the model does any work
    const std::vector<std::size_t> last = detail::last_targets(batch);
    return detail::at_offsets(batch.targets.size(), last, rewards(batch));
  }

  /// A forward pass with these numbers.
  class pass {
   public:
    pass(reward_model& owner, const prefix_tree_batch& batch)
        : last_(detail::last_targets(batch)),
          run_(owner.model_.forward(batch, last_rows(batch))),
          numbers_(detail::at_offsets(batch.targets.size(), last_, run_.values())) {}
    pass(pass&&) noexcept = default;
    pass& operator=(pass&&) noexcept = default;

    [[nodiscard]] std::span<const double> log_probs() const { return numbers_; }

    /// `slopes` [M]; those of tokens other than a response's last have no effect.
    void backward(std::span<const double> slopes) {
      if (slopes.size() != numbers_.size())
        throw shape_error(
            concat("reward_model: ", slopes.size(), " slopes for ", numbers_.size(), " targets"));
      std::vector<double> by_rewards;  // [S]
      for (const std::size_t offset : last_) by_rewards.push_back(slopes[offset]);
      run_.backward(by_rewards);
    }

   private:
    using run_type = decltype(std::declval<Model&>().forward(
        std::declval<const prefix_tree_batch&>(), std::span<const std::int32_t>{}));
    std::vector<std::size_t> last_;  // [S]
    run_type run_;
    std::vector<double> numbers_;  // [M]
  };

  /// The pass must not outlive the reward model, which must not change in between.
  [[nodiscard]] pass forward(const prefix_tree_batch& batch) { return {*this, batch}; }

 private:
  Model model_;
};

template <trainable_scalar_model Model>
template <example_range Examples>
std::vector<double> reward_model<Model>::rewards(
    const Examples& examples, std::optional<std::size_t> tokens_per_microbatch) const {
  std::vector<std::size_t> all(std::ranges::size(examples)), begins{0};
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (const auto& example : examples) begins.push_back(begins.back() + response_count(example));
  std::vector<double> by_response(begins.back());
  const std::size_t tokens = microbatch_tokens(*this, tokens_per_microbatch);
  for (const auto& cut : microbatches(examples, all, {.tokens = tokens})) {
    const prefix_tree_batch batch = pack(examples, cut);
    const std::vector<double> found = rewards(batch);
    for (std::size_t s = 0; s < found.size(); ++s) {
      const tree_sequence& sequence = batch.sequences[s];
      by_response[begins[static_cast<std::size_t>(sequence.example)] +
                  static_cast<std::size_t>(sequence.response_index)] = found[s];
    }
  }
  return by_response;
}

}  // namespace prefopt::inline v0_2
