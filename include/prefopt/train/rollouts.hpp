// SPDX-License-Identifier: MIT
#pragma once
// rollouts: sampled responses with everything that PPO knows about them before the policy moves.
//
// Legend: E responses, M tokens of all of them, response by response.

#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/batch_rows.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/microbatches.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/loss/advantages.hpp"
#include "prefopt/loss/ppo.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/policy/response_scorer.hpp"
#include "prefopt/policy/scalar_model.hpp"

namespace prefopt::inline v0_2 {

struct rollouts {
  std::vector<tokenized_example> examples;  // [E] a prompt and one response each
  std::vector<std::size_t> begins{0};       // [E + 1] where each response's tokens begin, and M
  std::vector<double> scores;               // [E] rewards of whole responses
  std::vector<double> log_probs;            // [M] nats, of the policy that wrote them
  std::vector<double> reference;            // [M] nats
  std::vector<double> values;               // [M] the critic's, before each token
  std::vector<double> advantages;           // [M] whitened
  std::vector<double> returns;              // [M]

  [[nodiscard]] std::size_t size() const { return examples.size(); }
};

/// Throws shape_error unless there is a number for each token of each response, at the places that
/// `begins` gives.
inline void check(const rollouts& made) {
  bool fits = made.begins.size() == made.size() + 1 && made.begins[0] == 0;
  for (std::size_t e = 0; fits && e < made.size(); ++e)
    fits = made.examples[e].responses.size() == 1 &&
           made.begins[e] + made.examples[e].responses[0].size() == made.begins[e + 1];
  for (const auto* numbers :
       {&made.log_probs, &made.reference, &made.values, &made.advantages, &made.returns})
    fits = fits && numbers->size() == made.begins.back();
  if (!fits)
    throw shape_error(
        concat("rollouts: expected one number per token of ", made.size(), " responses"));
}

/// Calls visit(batch, places): a batch, and the index among M of each of its targets.
template <class Visitor>
void for_each_microbatch(const rollouts& made, std::span<const std::size_t> members,
                         std::size_t tokens, const Visitor& visit) {
  for (const auto& cut : microbatches(made.examples, members, {.tokens = tokens})) {
    const prefix_tree_batch batch = pack(made.examples, cut);
    std::vector<std::size_t> offsets(batch.targets.size());  // [targets]
    for (const tree_sequence& sequence : batch.sequences) {
      const auto first = offsets.begin() + sequence.first_target;
      std::iota(first, first + sequence.count,
                made.begins[static_cast<std::size_t>(sequence.example)]);
    }
    visit(batch, std::span<const std::size_t>(offsets));
  }
}

namespace detail {

/// A token's reward for its divergence: negative if it is penalized.
[[nodiscard]] inline double price_of(const rollouts& made, std::size_t m, const ppo& options) {
  return -options.kl_coef *
         estimated_kl(options.kl_estimator, made.log_probs[m], made.reference[m]);
}

/// Computes the rewards of tokens (each is penalized for its divergence, the last earns the
/// response's score), and then what each was worth.
inline void add_advantages(rollouts& made, const ppo& options) {
  std::vector<double> rewards(made.log_probs.size());
  for (std::size_t m = 0; m < rewards.size(); ++m) rewards[m] = price_of(made, m, options);
  for (std::size_t e = 0; e < made.size(); ++e) rewards[made.begins[e + 1] - 1] += made.scores[e];
  if (options.whiten_rewards) whiten(rewards, true);
  for (std::size_t e = 0; e < made.size(); ++e) {
    const auto own = [&](const std::vector<double>& numbers) {
      return std::span(numbers).subspan(made.begins[e], made.begins[e + 1] - made.begins[e]);
    };
    const auto [advantages, returns] =
        generalized_advantages(own(rewards), own(made.values), options.advantage);
    made.advantages.insert(made.advantages.end(), advantages.begin(), advantages.end());
    made.returns.insert(made.returns.end(), returns.begin(), returns.end());
  }
  whiten(made.advantages);
}

}  // namespace detail

/// Scores the examples, each a prompt with one response, and lets policy, reference and critic read
/// them, at most `tokens` packed tokens at once. Throws value_error unless prompt and response have
/// at least one token each, shape_error unless there is one score per response and one number per
/// token, and what check(options) throws.
template <policy_model Policy, policy_model Reference, scalar_model Critic, response_scorer Reward>
  requires(!gives_rewards<Reference>())
[[nodiscard]] rollouts read_rollouts(std::vector<tokenized_example> examples, const Policy& policy,
                                     const Reference& reference, const Critic& critic,
                                     const Reward& reward, const ppo& options, token_id end_of_text,
                                     std::size_t tokens) {
  check(options);
  for (std::size_t e = 0; e < examples.size(); ++e)
    if (const auto& responses = examples[e].responses;
        examples[e].prompt.empty() || responses.size() != 1 || responses[0].empty() ||
        !examples[e].targets.empty())
      throw value_error(
          concat("ppo: example ", e,
                 " is not a prompt and one response, of at least one token each, all of them "
                 "targets"));
  rollouts made;
  made.examples = std::move(examples);
  made.scores = reward(std::span<const tokenized_example>(made.examples));
  if (made.scores.size() != made.size())
    throw shape_error(
        concat("ppo: ", made.scores.size(), " rewards for ", made.size(), " responses"));
  std::vector<std::size_t> all(made.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (std::size_t e = 0; e < made.size(); ++e) {
    const token_ids& response = made.examples[e].responses[0];
    made.begins.push_back(made.begins.back() + response.size());
    if (options.missing_eos_penalty && response.back() != end_of_text)
      made.scores[e] -= *options.missing_eos_penalty;
  }
  const std::size_t count = made.begins.back();
  for (std::vector<double>* numbers : {&made.log_probs, &made.reference, &made.values})
    numbers->resize(count);
  for_each_microbatch(
      made, all, tokens, [&](const prefix_tree_batch& batch, std::span<const std::size_t> offsets) {
        const auto put = [&](const std::vector<double>& from, std::vector<double>& to) {
          if (from.size() != offsets.size())
            throw shape_error(
                concat("ppo: ", from.size(), " numbers for ", offsets.size(), " tokens"));
          for (std::size_t m = 0; m < offsets.size(); ++m) to[offsets[m]] = from[m];
        };
        put(policy.token_log_probs(batch), made.log_probs);
        put(reference.token_log_probs(batch), made.reference);
        put(critic.values(batch, target_rows(batch)), made.values);
      });
  detail::add_advantages(made, options);
  return made;
}

}  // namespace prefopt::inline v0_2
