// SPDX-License-Identifier: MIT
// A program that trains a small GPT-2 with prefopt::compiled, uses Eigen itself, and prints the
// bits of log-probs, loss and gradient.

#include <cstddef>
#include <cstdio>
#include <vector>

#include <Eigen/Dense>

#include <prefopt/eigen/tensor_traits.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/pretrained.hpp>

namespace {

/// A solution of linear equations, with Eigen's aligned memory; 0 if it is wrong.
std::size_t solved(Eigen::Index size) {
  std::vector<Eigen::Vector4d, Eigen::aligned_allocator<Eigen::Vector4d>> aligned(7);
  for (auto& vector : aligned) vector.setOnes();
  Eigen::MatrixXd left = Eigen::MatrixXd::Random(size, size);
  left.diagonal().array() += 10;
  const Eigen::MatrixXd right = left * Eigen::MatrixXd::Ones(size, 1) * aligned[6].sum() / 4;
  const Eigen::VectorXd x = left.partialPivLu().solve(right);
  return (x.array() - 1).abs().maxCoeff() < 1e-9 ? static_cast<std::size_t>(x.size()) : 0;
}

template <class Real>
void print_bits(const char* name) {
  const prefopt::eigen_backend<Real> backend;
  auto policy = prefopt::gpt2(
      backend, {.n_layer = 2, .n_head = 2, .n_embd = 32, .vocab_size = 257, .n_positions = 64});
  prefopt::initialize(policy, 2);
  const auto tokenizer = prefopt::gpt2_tokenizer::byte_level();
  const std::vector<prefopt::preference_pair> texts{{"Is it cold? ", "Very cold.", "No."},
                                                    {"Is it ", "warm there?", "snowing?"}};
  std::vector<prefopt::tokenized_pair> pairs;
  for (const auto& [prompt, chosen, rejected] : texts)
    pairs.push_back(
        {tokenizer.encode(prompt), tokenizer.encode(chosen), tokenizer.encode(rejected)});
  const auto reference = prefopt::reference_log_probs(policy, pairs);
  for (const double log_prob : reference.values()) std::printf("%s log-prob %a\n", name, log_prob);
  const std::vector<std::size_t> members{0, 1};
  const auto gradient =
      prefopt::accumulate_gradient(policy, reference, prefopt::dpo{.beta = 0.1}, pairs, members);
  std::printf("%s loss %a, norm of the gradient %a\n", name, gradient.loss,
              prefopt::gradient_norm(backend, policy.parameters()));
}

}  // namespace

int main() {
  if (solved(50) == 0) return 1;
  print_bits<float>("float");
  print_bits<double>("double");
  print_bits<prefopt::bfloat16>("bfloat16");
  return solved(50) == 0 ? 1 : 0;
}
