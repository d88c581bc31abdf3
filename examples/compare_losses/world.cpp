// SPDX-License-Identifier: MIT

#include "compare_losses/world.hpp"

#include <cmath>
#include <span>
#include <utility>

namespace compare {

using prefopt::random_generator;
using prefopt::token_id;
using prefopt::token_ids;

world::world(std::uint64_t seed) : random_(seed), values_(vocabulary) {
  const auto table = reference_.parameters().at(0).value;
  for (double& logit : table) logit = 0.7 * random_.normal();
  for (std::size_t t = 1; t < vocabulary; ++t) values_[t] = 0.7 * random_.normal();
}

token_id world::prompt() { return 1 + static_cast<token_id>(random_.below(vocabulary - 1)); }

token_ids world::sample(prefopt::bigram& policy, token_id prompt, random_generator& random) {
  const std::span<const double> table = policy.parameters().at(0).value;
  token_ids response;
  for (token_id last = prompt; response.size() < longest && (response.empty() || last != 0);) {
    last = prefopt::sample_token(table.subspan(static_cast<std::size_t>(last) * vocabulary, vocabulary), {}, random);
    response.push_back(last);
  }
  return response;
}

double world::reward(const token_ids& response) const {
  double sum = 0;
  for (const token_id token : response) sum += values_[static_cast<std::size_t>(token)];
  return sum;
}

std::vector<prefopt::tokenized_pair> world::pairs(std::size_t count) {
  std::vector<prefopt::tokenized_pair> all;
  while (all.size() < count) {
    const token_id first = prompt();
    token_ids a = sample(reference_, first, random_), b = sample(reference_, first, random_);
    if (a == b) continue;
    if (random_.uniform() >= prefopt::sigmoid(reward(a) - reward(b))) std::swap(a, b);
    all.push_back({{first}, std::move(a), std::move(b)});
  }
  return all;
}

std::vector<prefopt::tokenized_example> world::lists(std::size_t count) {
  std::vector<prefopt::tokenized_example> all;
  for (std::size_t i = 0; i < count; ++i) {
    prefopt::tokenized_example list{{prompt()}, {}};
    for (int k = 0; k < 4; ++k) {
      list.responses.push_back(sample(reference_, list.prompt[0], random_));
      list.scores.push_back(reward(list.responses.back()) - std::log(-std::log(1 - random_.uniform())));
    }
    all.push_back(std::move(list));
  }
  return all;
}

world::standing world::measure(prefopt::bigram& policy) const {
  constexpr std::size_t samples = 4000;
  random_generator random(1);
  std::vector<prefopt::tokenized_example> all;
  standing now;
  for (std::size_t i = 0; i < samples; ++i) {
    const token_id first = 1 + static_cast<token_id>(random.below(vocabulary - 1));
    all.push_back({{first}, {sample(policy, first, random)}});
    now.reward += reward(all.back().responses[0]) / samples;
  }
  std::vector<std::size_t> members(samples);
  for (std::size_t i = 0; i < samples; ++i) members[i] = i;
  const auto batch = prefopt::pack(all, members);
  const auto after = policy.token_log_probs(batch), before = reference_.token_log_probs(batch);
  for (std::size_t m = 0; m < after.size(); ++m) now.divergence += (after[m] - before[m]) / samples;
  return now;
}

}  // namespace compare
