// SPDX-License-Identifier: MIT

#include "demo/standing.hpp"

#include <algorithm>
#include <utility>

namespace demo {
namespace {

constexpr std::size_t sample_count = 160;
constexpr std::size_t longest_completion = 40;  // tokens; the data's longest response has 21

/// Log-probs of whole responses, [P] each, nats.
struct response_log_probs {
  std::vector<double> chosen;
  std::vector<double> rejected;
};

response_log_probs score(const model& policy, std::span<const prefopt::tokenized_pair> pairs) {
  const auto tokens = prefopt::reference_log_probs(policy, pairs);
  const auto sum = [&](std::size_t pair, std::int32_t index) {
    return prefopt::reduce(prefopt::token_reduction::sum,
                           tokens.log_probs({static_cast<std::int32_t>(pair), index}));
  };
  response_log_probs sums;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    sums.chosen.push_back(sum(i, prefopt::chosen_index));
    sums.rejected.push_back(sum(i, prefopt::rejected_index));
  }
  return sums;
}

/// 1, 0, or one half if the two are equal.
double win(double a, double b) { return a > b ? 1 : a < b ? 0 : 0.5; }

void measure_pairs(const response_log_probs& policy, const response_log_probs& reference,
                   const prefopt::dpo& loss, standing& result) {
  result.loss = prefopt::evaluate_pairs(loss, policy.chosen, policy.rejected, reference.chosen,
                                        reference.rejected)
                    .loss;
  const auto pairs = static_cast<double>(policy.chosen.size());
  for (std::size_t i = 0; i < policy.chosen.size(); ++i) {
    const double chosen_reward = loss.beta * (policy.chosen[i] - reference.chosen[i]);
    const double rejected_reward = loss.beta * (policy.rejected[i] - reference.rejected[i]);
    result.accuracy += win(chosen_reward, rejected_reward) / pairs;
    result.margin += (chosen_reward - rejected_reward) / pairs;
    result.prefers_chosen += win(policy.chosen[i], policy.rejected[i]) / pairs;
  }
}

}  // namespace

std::vector<std::size_t> spread(std::size_t size, std::size_t count) {
  count = std::min(size, count);
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < count; ++i) indices.push_back(i * size / count);
  return indices;
}

prefopt::token_ids complete(const model& policy, const prefopt::token_ids& prompt,
                            prefopt::token_id end_of_text, const prefopt::sampling_options& how,
                            std::uint64_t seed) {
  prefopt::random_generator random(seed);
  return prefopt::generate(
      policy, prompt,
      {.max_new_tokens = longest_completion, .end_of_text = end_of_text, .sampling = how}, random);
}

std::string text_of(prefopt::token_ids response, const prefopt::gpt2_tokenizer& tokenizer) {
  if (!response.empty() && response.back() == tokenizer.end_of_text()) response.pop_back();
  std::string text;
  for (const auto id : response) text += tokenizer.display(id);
  return text;
}

standing measure(const model& policy, const model& reference, const prefopt::dpo& loss,
                 std::span<const prefopt::tokenized_pair> pairs,
                 const prefopt::gpt2_tokenizer& tokenizer, const phrases& known,
                 std::uint64_t seed) {
  standing result;
  measure_pairs(score(policy, pairs), score(reference, pairs), loss, result);

  std::vector<prefopt::tokenized_example> sampled;
  std::vector<std::string> texts;
  std::vector<std::size_t> all;
  std::size_t ended = 0;
  for (const std::size_t i : spread(pairs.size(), sample_count)) {
    auto response = complete(policy, pairs[i].prompt, tokenizer.end_of_text(), {}, seed + i);
    if (!response.empty() && response.back() == tokenizer.end_of_text()) ++ended;
    texts.push_back(text_of(response, tokenizer));
    all.push_back(sampled.size());
    sampled.push_back({pairs[i].prompt, {std::move(response)}});
  }
  result.samples = sampled.size();
  result.ended = static_cast<double>(ended) / static_cast<double>(sampled.size());
  result.text = known.measure(texts);
  const auto batch = prefopt::pack(sampled, all);
  // [S], nats
  const auto now = prefopt::sequence_log_probs(batch, policy.token_log_probs(batch));
  // [S], nats
  const auto before = prefopt::sequence_log_probs(batch, reference.token_log_probs(batch));
  for (std::size_t s = 0; s < now.size(); ++s)
    result.log_ratio += (now[s] - before[s]) / static_cast<double>(now.size());
  return result;
}

}  // namespace demo
