// SPDX-License-Identifier: MIT

#include "course/shared/world.hpp"

#include <cmath>
#include <utility>

namespace course {

namespace {

constexpr std::size_t V = world::vocabulary;

}  // namespace

world::world(std::uint64_t seed) : random_(seed), values_(vocabulary) {
  const auto table = reference_.parameters().at(0).value;
  for (double& logit : table) logit = 0.7 * random_.normal();
  for (std::size_t t = 1; t < vocabulary; ++t) values_[t] = 0.7 * random_.normal();
}

double world::reward(const token_ids& response) const {
  double sum = 0;
  for (const token_id token : response) sum += values_[static_cast<std::size_t>(token)];
  return sum;
}

token_id world::prompt(random_generator& random) {
  return 1 + static_cast<token_id>(random.below(vocabulary - 1));
}

bool world::bradley_terry(double difference, random_generator& random) {
  return random.uniform() < prefopt::sigmoid(difference);
}

token_ids respond(const bigram& policy, token_id prompt, random_generator& random) {
  const std::vector<token_ids> prompts{{prompt}};
  return prefopt::generate(policy, prompts, {.max_new_tokens = world::longest, .end_of_text = 0},
                           random)
      .at(0);
}

std::vector<prefopt::tokenized_pair> world::pairs(std::size_t count, const judge& prefers) {
  return pairs_of(reference_, count, prefers);
}

std::vector<prefopt::tokenized_pair> world::pairs_of(const bigram& policy, std::size_t count,
                                                     const judge& prefers) {
  std::vector<prefopt::tokenized_pair> all;
  while (all.size() < count) {
    const token_id first = prompt(random_);
    token_ids a = respond(policy, first, random_), b = respond(policy, first, random_);
    if (a == b) continue;
    if (!prefers(reward(a) - reward(b), random_)) std::swap(a, b);
    all.push_back({{first}, std::move(a), std::move(b)});
  }
  return all;
}

std::vector<prefopt::tokenized_example> world::lists(std::size_t count, std::size_t responses) {
  std::vector<prefopt::tokenized_example> all;
  for (std::size_t i = 0; i < count; ++i) {
    prefopt::tokenized_example list{{prompt(random_)}, {}};
    for (std::size_t k = 0; k < responses; ++k) {
      list.responses.push_back(respond(reference_, list.prompt[0], random_));
      list.scores.push_back(reward(list.responses.back()) -
                            std::log(-std::log(1 - random_.uniform())));
    }
    all.push_back(std::move(list));
  }
  return all;
}

world::standing world::measure(const bigram& policy) const {
  // [V], for each token as the last one, with `left` tokens to go; left = 0 at first.
  std::vector<standing> with_fewer(V), here(V);
  for (std::size_t left = 1; left <= longest; ++left) {
    for (std::size_t u = 0; u < V; ++u) {
      here[u] = {};
      for (std::size_t v = 0; v < V; ++v) {
        const double log_p = policy.log_prob(u, v), p = std::exp(log_p);
        const standing after = v == 0 ? standing{} : with_fewer[v];
        here[u].reward += p * (values_[v] + after.reward);
        here[u].divergence += p * (log_p - reference_.log_prob(u, v) + after.divergence);
        here[u].length += p * (1 + after.length);
      }
    }
    std::swap(with_fewer, here);
  }
  standing mean;
  for (std::size_t u = 1; u < V; ++u) {
    mean.reward += with_fewer[u].reward / (V - 1);
    mean.divergence += with_fewer[u].divergence / (V - 1);
    mean.length += with_fewer[u].length / (V - 1);
  }
  return mean;
}

}  // namespace course
