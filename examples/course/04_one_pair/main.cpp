// SPDX-License-Identifier: MIT
//
// 04: What is the loss of one preference pair?
//
// You know:  that a language model gives each token a probability, given the tokens before it; and
//            where the loss comes from (lesson 03), but you can also read this first.
// You learn: what a preference pair's loss is, where its slopes push the model, and that the
//            library's functions take the types you already have: std::vector, Eigen, xtensor.
// Run:       ./lesson_04_one_pair
// Expect:    the same loss four times, by hand and with three libraries, and a smaller one after a
//            step against the slopes, then "all as expected".

#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <vector>

#include <Eigen/Core>

#include <prefopt/eigen/tensor_traits.hpp>
#include <prefopt/loss/dpo.hpp>
#include <prefopt/loss/evaluate_pairs.hpp>
#include <prefopt/loss/reduction.hpp>
#include <prefopt/xtensor.hpp>
#if __has_include(<xtensor/containers/xtensor.hpp>)  // after 0.24 the headers are in folders
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xtensor.hpp>
#endif

namespace {

// [one pair]
// "What is the capital of France?" A person preferred "It is Paris." to "Lyon.". Two models scored
// the responses, token by token, in nats: the policy, which we train, and the reference, the policy
// before training.
const std::vector<double> policy_chosen_tokens = {-0.9, -0.2, -1.1, -0.1};  // It | is | Paris | .
const std::vector<double> reference_chosen_tokens = {-0.9, -0.3, -1.6,
                                                     -0.1};       // the policy has gained 0.6 nats
const std::vector<double> policy_rejected_tokens = {-3.0, -0.2};  // Lyon | .
const std::vector<double> reference_rejected_tokens = {-2.5, -0.3};  // and lost 0.4

constexpr double beta = 0.1;
// [/one pair]

// [by hand]
// The loss as the paper writes it (Rafailov et al. 2023, arXiv:2305.18290, eq. 7), with only the
// standard library: how much likelier has the policy made the chosen response than the rejected
// one, both relative to the reference?
double loss_by_hand(double policy_chosen, double policy_rejected, double reference_chosen,
                    double reference_rejected) {
  const double chosen_reward = beta * (policy_chosen - reference_chosen);
  const double rejected_reward = beta * (policy_rejected - reference_rejected);
  return -std::log(1 / (1 + std::exp(-(chosen_reward - rejected_reward))));
}
// [/by hand]

bool is_close(double a, double b) { return std::abs(a - b) < 1e-6; }

bool all_hold(std::initializer_list<bool> claims) {
  for (const bool claim : claims)
    if (!claim) return false;
  return true;
}

}  // namespace

int main() {
  using prefopt::evaluate_pairs;

  // A response's log-prob is the sum over its tokens: a product of probabilities, in logarithms.
  const auto sum = [](const std::vector<double>& tokens) {
    return reduce(prefopt::token_reduction::sum, tokens);
  };
  const double policy_chosen = sum(policy_chosen_tokens);            // -2.3 nats
  const double policy_rejected = sum(policy_rejected_tokens);        // -3.2
  const double reference_chosen = sum(reference_chosen_tokens);      // -2.9
  const double reference_rejected = sum(reference_rejected_tokens);  // -2.8

  const double by_hand =
      loss_by_hand(policy_chosen, policy_rejected, reference_chosen, reference_rejected);
  std::printf("by hand      %.6f\n", by_hand);

  // [the loss]
  // The library's loss is a struct of hyper-parameters that can be called with a pair.
  const prefopt::dpo dpo{.beta = beta};
  const auto pair =
      dpo({policy_chosen, policy_rejected, reference_chosen, reference_rejected, 4, 2});
  // [/the loss]

  // `evaluate_pairs` takes many pairs at once. Here each vector holds one; any type will do.
  const std::vector<double> pc = {policy_chosen}, pr = {policy_rejected};
  const std::vector<double> rc = {reference_chosen}, rr = {reference_rejected};
  const auto standard = evaluate_pairs(dpo, pc, pr, rc, rr);
  std::printf("std::vector  %.6f\n", standard.loss);

  // [the call]
  const Eigen::ArrayXd policy = Eigen::Array2d(policy_chosen, policy_rejected);
  const Eigen::ArrayXd reference = Eigen::Array2d(reference_chosen, reference_rejected);
  const auto eigen =
      evaluate_pairs(dpo, policy.head(1), policy.tail(1), reference.head(1), reference.tail(1));
  // [/the call]
  std::printf("Eigen        %.6f\n", eigen.loss);

  // xtensor in float, with the reference as a lazy expression: it is evaluated when it is read.
  const xt::xtensor<float, 1> chosen = {static_cast<float>(policy_chosen)};
  const xt::xtensor<float, 1> rejected = {static_cast<float>(policy_rejected)};
  const auto xtensor = evaluate_pairs(dpo, chosen, rejected, chosen - 0.6f, rejected + 0.4f);
  std::printf("xtensor      %.6f\n", xtensor.loss);

  // [a step]
  // The slopes say how the loss changes with each log-prob. A step against them makes the chosen
  // response likelier and the rejected one less likely, with the same push; once the policy tells
  // the two apart, the push fades.
  std::printf("slopes       %+.6f chosen, %+.6f rejected\n", pair.slope_chosen,
              pair.slope_rejected);
  const auto after = dpo({policy_chosen - pair.slope_chosen, policy_rejected - pair.slope_rejected,
                          reference_chosen, reference_rejected, 4, 2});
  // [/a step]
  std::printf("a step on    %.6f\n", after.loss);

  const bool holds = all_hold({is_close(pair.loss, by_hand), is_close(standard.loss, by_hand),
                               is_close(eigen.loss, by_hand), is_close(xtensor.loss, by_hand),
                               pair.slope_chosen < 0, pair.slope_rejected == -pair.slope_chosen,
                               after.loss < pair.loss,
                               std::abs(after.slope_chosen) < std::abs(pair.slope_chosen)});
  std::puts(holds ? "all as expected" : "not as expected");
  return holds ? 0 : 1;
}
