// SPDX-License-Identifier: MIT
// The smallest policy and the smallest loss, trained without writing a reference.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <vector>

#include <prefopt/prefopt.hpp>

using namespace prefopt;

namespace {

// [policy]
/// One distribution for every position: log p(v) = logits[v] - log sum_w exp(logits[w]).
struct unigram {
  std::vector<double> logits = std::vector<double>(5), gradient = logits;

  double log_prob(token_id v) const {
    double sum = 0;
    for (const double logit : logits) sum += std::exp(logit);
    return logits[std::size_t(v)] - std::log(sum);
  }
  std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    std::vector<double> log_probs;  // [M], nats
    for (const tree_target& target : batch.targets) log_probs.push_back(log_prob(target.token));
    return log_probs;
  }
  struct pass {
    unigram* policy;
    std::vector<tree_target> targets;
    std::vector<double> values;
    std::span<const double> log_probs() const { return values; }
    void backward(std::span<const double> slopes) {
      for (std::size_t m = 0; m < targets.size(); ++m)
        for (token_id w = 0; w < 5; ++w)
          policy->gradient[std::size_t(w)] +=
              slopes[m] * ((w == targets[m].token ? 1 : 0) - std::exp(policy->log_prob(w)));
    }
  };
  pass forward(const prefix_tree_batch& batch) {
    return {this, batch.targets, token_log_probs(batch)};
  }
  std::vector<parameter<double>> parameters() { return {{"logits", {5}, logits, gradient}}; }
};
// [/policy]

// [loss]
struct soft_hinge {
  double beta = 0.1;
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};  // both responses and the reference
  pair_loss operator()(const pair_log_probs& pair) const {
    const double short_of = std::max(0.0, 1 - beta * preference_margin(pair));
    return through_margin(short_of * short_of, -2 * beta * short_of);
  }
  friend void check(const soft_hinge& loss) { check_beta("soft_hinge", loss.beta); }
};
// [/loss]

}  // namespace

int main() {
  const std::vector<tokenized_pair> pairs{{.prompt = {1}, .chosen = {2, 0}, .rejected = {3, 0}},
                                          {.prompt = {4}, .chosen = {2}, .rejected = {3, 3}}};
  unigram policy;
  // [check]
  const gradient_check check = check_gradient(policy, soft_hinge{}, pairs);
  if (!(check.error < 1e-7))
    std::printf("%s, element %zu: %g from backward, %g from differences\n", check.tensor.c_str(),
                check.element, check.backward, check.difference);
  // [/check]
  // [run]
  trainer trainer{policy, soft_hinge{.beta = 0.5}, {.learning_rate = 0.1, .epochs = 100}};
  trainer.train(pairs);
  // [/run]
  std::printf("chosen %.2f, rejected %.2f nats; derivatives %.3g and %.3g\n", policy.log_prob(2),
              policy.log_prob(3), check.backward, check.difference);
  const bool is_right = check.error < 1e-7 && check.backward != 0;
  return policy.log_prob(2) > policy.log_prob(3) + 2 && is_right ? 0 : 1;
}
