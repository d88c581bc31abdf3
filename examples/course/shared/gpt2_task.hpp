// SPDX-License-Identifier: MIT
#pragma once
// The course's task for a GPT-2: the world's responses, written by a transformer. The reference is
// a small GPT-2 that was fine-tuned on responses of the world's bigram; pairs are its own samples,
// judged by the true reward. Everything is sampled, as with real models, and only the true reward
// is known.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <prefopt/eigen.hpp>
#include <prefopt/prefopt.hpp>
#include "course/shared/world.hpp"

namespace course {

using backend_type = prefopt::eigen_backend<float>;
using gpt2_type = prefopt::causal_lm<backend_type>;
using reward_model_type = prefopt::reward_model<prefopt::scalar_lm<backend_type>>;

class gpt2_task {
 public:
  /// Fine-tunes the reference, in half a second. The seed is for weights and samples; the world is
  /// always the same one. The task must not move: models refer to its backend.
  explicit gpt2_task(std::uint64_t seed, std::uint64_t world_seed = 2);
  gpt2_task(const gpt2_task&) = delete;

  [[nodiscard]] const gpt2_type& reference() const { return reference_; }
  [[nodiscard]] const world& true_world() const { return world_; }

  /// Prompts drawn at random, with their own seed.
  [[nodiscard]] std::vector<token_ids> prompts(std::size_t count, std::uint64_t seed) const;

  /// Pairs of the reference's responses, judged by the Bradley-Terry model.
  [[nodiscard]] std::vector<prefopt::tokenized_pair> pairs(std::size_t count,
                                                           std::uint64_t seed) const;

  /// A reward model on the reference's trunk, trained on pairs.
  [[nodiscard]] reward_model_type train_reward_model(
      const std::vector<prefopt::tokenized_pair>& pairs) const;

  /// The true reward of each response: a response_scorer.
  [[nodiscard]] std::vector<double> operator()(
      std::span<const prefopt::tokenized_example> examples) const;

  struct standing {
    double reward = 0;      ///< mean true reward of samples
    double divergence = 0;  ///< their mean log pi - log ref, nats: KL(policy || reference)
    double length = 0;      ///< mean tokens
  };
  /// Of `samples` responses, with the same random numbers for every policy.
  [[nodiscard]] standing measure(const gpt2_type& policy, std::size_t samples = 2000) const;

  /// Up to ten tokens, of which 0 is the end.
  static constexpr prefopt::generation_options generation{.max_new_tokens = world::longest,
                                                          .end_of_text = 0};

 private:
  world world_;
  backend_type backend_;
  gpt2_type reference_;
};

}  // namespace course
