// SPDX-License-Identifier: MIT
//
// 05: Is the gradient right?
//
// You know:  what a derivative is; the DPO loss and its slopes (lesson 04).
// You learn: how a policy's backward is checked against central differences, and why that is done in double.
// Run:       ./lesson_05_gradient_check
// Expect:    a line for each tensor of a tiny GPT-2 with an error below 1e-7, then "the gradient is right".
//
// GPT-2's backward is derived by hand. A wrong sign in it would not crash: training would only be worse. But a gradient
// can be asked for twice: once from the backward, and once by moving each weight a little both ways and looking at the
// loss. (loss(w + h) - loss(w - h)) / 2h is off by about h^2 and by rounding / h, so in double, with h = 1e-5, about
// nine digits are left; in float it would be three at best, too few to tell a small mistake from none.

#include <prefopt/eigen.hpp>
#include <prefopt/prefopt.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <numeric>
#include <vector>

namespace {

/// Three pairs of token ids. The first two share a prompt and stand on one tree; the third has responses that begin
/// alike.
const std::vector<prefopt::tokenized_pair> pairs{
    {.prompt = {1, 4, 2}, .chosen = {7, 3, 0}, .rejected = {5, 0}},
    {.prompt = {1, 4, 2}, .chosen = {6, 6, 2, 0}, .rejected = {7, 0}},
    {.prompt = {9}, .chosen = {8, 8, 1, 0}, .rejected = {8, 8, 3, 3, 0}},
};

// [shake]
/// GPT-2's initialization is nearly linear: deviations of 0.02. Larger weights make every term of the backward count.
void shake(prefopt::gpt2<prefopt::eigen_backend<double>>& policy) {
  prefopt::random_generator random(2);
  for (const auto& tensor : policy.parameters())
    for (double& weight : tensor.value) weight += 0.3 * random.normal();
}
// [/shake]

/// || a - b || / || b ||
double relative_distance(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(difference / size);
}

}  // namespace

int main() {
  // [policy]
  // The same templates that train in float, in double.
  prefopt::eigen_backend<double> machine;
  prefopt::gpt2 policy{machine, {.n_layer = 2, .n_head = 2, .n_embd = 8, .vocab_size = 10, .n_positions = 8}};
  prefopt::initialize(policy, 1);
  const auto reference = prefopt::reference_log_probs(policy, pairs);
  shake(policy);  // away from the reference, where nothing cancels

  const prefopt::dpo loss{.beta = 0.5, .label_smoothing = 0.1};
  const auto loss_now = [&] { return prefopt::evaluate(policy, reference, loss, pairs).loss; };
  // [/policy]

  // [backward]
  // Once from the backward: the gradient of the mean loss over all pairs, left in each tensor's `gradient`.
  std::vector<std::size_t> all(pairs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto step = prefopt::accumulate_gradient(policy, reference, loss, pairs, all);
  // [/backward]
  std::printf("loss %.6f over %d pairs\n\n%-22s %7s %12s %10s\n", step.loss, static_cast<int>(step.pairs), "tensor",
              "weights", "|gradient|", "error");

  // [differences]
  // And once from the loss alone.
  constexpr double h = 1e-5;
  double worst = 0;
  for (const auto& tensor : policy.parameters()) {
    const std::vector<double> backward(tensor.gradient.begin(), tensor.gradient.end());
    std::vector<double> differences;
    for (double& weight : tensor.value) {
      const double here = weight;
      weight = here + h;
      const double above = loss_now();
      weight = here - h;
      const double below = loss_now();
      weight = here;
      differences.push_back((above - below) / (2 * h));
    }
    const double error = relative_distance(backward, differences);
    const double norm = std::sqrt(std::inner_product(backward.begin(), backward.end(), backward.begin(), 0.0));
    std::printf("%-22s %7zu %12.3e %10.1e\n", tensor.name.c_str(), backward.size(), norm, error);
    if (!(error <= worst)) worst = error;  // also where it is not a number
  }
  // [/differences]

  const bool right = worst < 1e-7;
  std::printf("\nlargest error %.1e: the gradient is %s\n", worst, right ? "right" : "WRONG");
  return right ? 0 : 1;
}
