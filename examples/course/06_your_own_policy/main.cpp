// SPDX-License-Identifier: MIT
//
// 06: Your own policy, and what DPO makes of it
//
// You know:  the closed form of the best policy (lesson 02), a pair's loss (04), how a backward
//            pass is checked (05).
// You learn: what the library needs from a policy, and that DPO reaches the closed form of lesson
//            02.
// Run:       ./lesson_06_your_own_policy
// Expect:    each prompt's responses: reference, trained policy, closed form; the last two agree
//            within 0.00005.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <vector>

#include <prefopt/prefopt.hpp>

using namespace prefopt;

namespace {

constexpr std::size_t vocabulary = 3, length = 2;  // a prompt is one token, a response two

// [a policy]
/// After token u at a position,
/// log p(v) = logits[position, u, v] - log sum_w exp(logits[position, u, w]).
struct table_policy {
  std::vector<double> logits = std::vector<double>(length * vocabulary * vocabulary),
                      gradient = logits;

  /// The table's index for `token` after `before`.
  static std::size_t cell(std::size_t position, int before, int token) {
    return (position * vocabulary + std::size_t(before)) * vocabulary + std::size_t(token);
  }
  double log_prob(std::size_t at) const {
    double sum = 0;
    for (std::size_t w = 0, row = at - at % vocabulary; w < vocabulary; ++w)
      sum += std::exp(logits[row + w]);
    return logits[at] - std::log(sum);
  }
  static std::vector<std::size_t> cells(const prefix_tree_batch& batch) {
    std::vector<std::size_t> all;
    for_each_sequence(batch, [&](const sequence_path& path) {  // one by one: no trees in sight
      for (std::size_t p = 0; p < length; ++p)
        all.push_back(cell(p, path.tokens[p], path.tokens[p + 1]));
    });
    return all;
  }
  double probability(int x, const token_ids& y) const {
    return std::exp(log_prob(cell(0, x, y[0])) + log_prob(cell(1, y[0], y[1])));
  }

  // 1. Log-probs of a batch's targets, [M] in nats.
  std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    std::vector<double> log_probs;
    for (const std::size_t at : cells(batch)) log_probs.push_back(log_prob(at));
    return log_probs;
  }
  // 2. A forward pass that owns what its `backward` reads:
  // d log p(v) / d logits[u, w] = [v = w] - p(w).
  struct pass {
    table_policy* policy;
    std::vector<std::size_t> at;
    std::vector<double> values;
    std::span<const double> log_probs() const { return values; }
    void backward(std::span<const double> slopes) {
      for (std::size_t m = 0; m < at.size(); ++m)
        for (std::size_t w = at[m] - at[m] % vocabulary, end = w + vocabulary; w < end; ++w)
          policy->gradient[w] += slopes[m] * ((w == at[m] ? 1 : 0) - std::exp(policy->log_prob(w)));
    }
  };
  pass forward(const prefix_tree_batch& batch) {
    return {this, cells(batch), token_log_probs(batch)};
  }
  // 3. The tensors.
  std::vector<parameter<double>> parameters() {
    return {{.name = "logits",
             .shape = {length, vocabulary, vocabulary},
             .value = logits,
             .gradient = gradient}};
  }
};
static_assert(trainable_policy<table_policy>);
// [/a policy]

/// exp r(x, y) is a whole number: times 2 for each step to the next token, times 3 for each
/// repetition.
int exp_r(int x, const token_ids& y) {
  const auto factor = [](int from, int to) { return to == from + 1 ? 2 : to == from ? 3 : 1; };
  return factor(x, y[0]) * factor(y[0], y[1]);
}

}  // namespace

int main() {
  // [training]
  const std::vector<token_ids> all{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1},
                                   {1, 2}, {2, 0}, {2, 1}, {2, 2}};
  // Bradley and Terry: y beats z in exp r(y) of exp r(y) + exp r(z) comparisons. All are here, so
  // there is no noise.
  std::vector<tokenized_pair> pairs;
  for (int x = 0; x < 3; ++x)
    for (const token_ids& y : all)
      for (const token_ids& z : all)
        if (y != z) pairs.insert(pairs.end(), std::size_t(exp_r(x, y)), {{x}, y, z});
  table_policy policy;
  random_generator random(1);
  for (double& logit : policy.logits) logit = random.normal();
  const table_policy reference = policy;
  const dpo loss{.beta = 0.5};
  trainer run{policy,
              reference,
              loss,
              {.learning_rate = 0.1, .batch_size = std::ssize(pairs), .epochs = 200}};
  run.train(pairs);
  // [/training]
  double worst = 0;
  std::puts("x y     reference trained  closed form");
  for (int x = 0; x < 3; ++x) {
    double sum = 0;
    const auto tilted = [&](auto& y) {
      return reference.probability(x, y) * std::pow(exp_r(x, y), 1 / loss.beta);
    };
    for (const token_ids& y : all) sum += tilted(y);
    for (const token_ids& y : all) {
      const double trained = policy.probability(x, y), expected = tilted(y) / sum;
      worst = std::max(worst, std::abs(trained - expected));
      std::printf("%d %d %d   %.4f    %.4f   %.4f\n", x, y[0], y[1], reference.probability(x, y),
                  trained, expected);
    }
  }
  std::puts(worst < 5e-5 ? "the closed form is reached" : "THE CLOSED FORM IS NOT REACHED");
  return worst < 5e-5 ? 0 : 1;
}
