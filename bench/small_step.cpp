// SPDX-License-Identifier: MIT
// One DPO step of a small GPT-2 on one thread with seeded tokens, for count_instructions: the same
// work every time.

#include <cstdio>
#include <vector>

#include "prefopt/eigen.hpp"
#include "prefopt/prefopt.hpp"

int main() {
  prefopt::random_generator random(1);
  const auto tokens = [&](int count) {
    prefopt::token_ids ids(static_cast<std::size_t>(count));
    for (auto& id : ids) id = static_cast<prefopt::token_id>(random.below(1000));
    return ids;
  };
  std::vector<prefopt::tokenized_pair> pairs(4);
  for (auto& pair : pairs)
    pair = {.prompt = tokens(60), .chosen = tokens(40), .rejected = tokens(30)};

  const prefopt::eigen_backend<float> backend;
  auto policy = prefopt::gpt2(
      backend, {.n_layer = 3, .n_head = 4, .n_embd = 128, .vocab_size = 1000, .n_positions = 128});
  prefopt::initialize(policy, 2);
  const auto reference = prefopt::reference_log_probs(policy, pairs);
  prefopt::adamw optimizer(backend, policy.parameters());
  const std::vector<std::size_t> members = {0, 1, 2, 3};
  const auto gradient =
      prefopt::accumulate_gradient(policy, reference, prefopt::dpo{.beta = 0.1}, pairs, members);
  const double norm = prefopt::gradient_norm(backend, policy.parameters());
  optimizer.step(policy.parameters(), 1e-4, prefopt::clip_scale(norm, 1));
  std::printf("loss %.17g\n", gradient.loss);
}
