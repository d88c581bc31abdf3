// SPDX-License-Identifier: MIT
//
// 05: Is the gradient right?
//
// You know:  what a derivative is; the DPO loss and its slopes (lesson 04).
// You learn: how a policy's backward pass is checked against central differences, and why that is
//            done in double.
// Run:       ./lesson_05_gradient_check
// Expect:    a line for each tensor of a tiny GPT-2 with an error below 1e-7; then the error of the
//            whole gradient for several h, in double and in float: smallest in between, and never
//            below 1e-4 in float.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <prefopt/eigen.hpp>
#include <prefopt/prefopt.hpp>
#include "course/shared/lesson.hpp"

namespace {

/// Token ids. The first two pairs share a prompt and are stored as one tree; the third has
/// responses that begin alike.
const std::vector<prefopt::tokenized_pair> pairs{
    {.prompt = {1, 4, 2}, .chosen = {7, 3, 0}, .rejected = {5, 0}},
    {.prompt = {1, 4, 2}, .chosen = {6, 6, 2, 0}, .rejected = {7, 0}},
    {.prompt = {9}, .chosen = {8, 8, 1, 0}, .rejected = {8, 8, 3, 3, 0}},
};

// [perturb]
/// GPT-2's initialization is nearly linear (deviation 0.02). Larger weights make all terms count.
void perturb(auto& policy) {
  prefopt::random_generator random(2);
  for (const auto& tensor : policy.parameters())
    for (auto& weight : tensor.value)
      weight += static_cast<std::decay_t<decltype(weight)>>(0.3 * random.normal());
}
// [/perturb]
struct checked_tensor {
  std::string name;
  std::vector<double> backward, differences;
};
/// || backward - differences || / || differences ||
double error_of(std::span<const checked_tensor> tensors) {
  double apart = 0, size = 0;
  for (const auto& [name, backward, differences] : tensors)
    for (std::size_t i = 0; i < backward.size(); ++i) {
      apart += (backward[i] - differences[i]) * (backward[i] - differences[i]);
      size += differences[i] * differences[i];
    }
  return std::sqrt(apart / size);
}

template <class Number>
std::vector<checked_tensor> check_gradient(Number h) {
  // [policy]
  prefopt::eigen_backend<Number> backend{{.threads = 1}};
  auto policy = prefopt::gpt2(
      backend, {.n_layer = 2, .n_head = 2, .n_embd = 8, .vocab_size = 10, .n_positions = 8});
  prefopt::initialize(policy, 1);
  const auto reference = prefopt::reference_log_probs(policy, pairs);
  perturb(policy);  // at the reference, where all margins are 0, every pair has the same slope
  const prefopt::dpo loss{.beta = 0.5, .label_smoothing = 0.1};
  const auto loss_now = [&] { return prefopt::evaluate(policy, reference, loss, pairs).loss; };
  // [/policy]
  // [backward]
  // First with the backward pass: the gradient of the mean loss, left in each tensor's `gradient`.
  std::vector<std::size_t> all(pairs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  prefopt::accumulate_gradient(policy, reference, loss, pairs, all);
  // [/backward]
  // [differences]
  // Then from the loss alone, weight by weight.
  std::vector<checked_tensor> found;
  for (const auto& tensor : policy.parameters()) {
    checked_tensor one{tensor.name, {tensor.gradient.begin(), tensor.gradient.end()}, {}};
    for (Number& weight : tensor.value) {
      const Number here = weight;
      weight = here + h;
      const double above = loss_now();
      weight = here - h;
      const double below = loss_now();
      weight = here;
      one.differences.push_back((above - below) / (2 * double{h}));
    }
    found.push_back(std::move(one));
  }
  return found;
  // [/differences]
}

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "05_gradient_check");
  double worst = 0;
  {
    const course::lesson::region table("tensors");
    std::printf("%-22s %7s %10s\n", "tensor", "weights", "error");
    for (const checked_tensor& tensor : check_gradient<double>(1e-5)) {
      const double error = error_of({&tensor, 1});
      std::printf("%-22s %7zu %10.1e\n", tensor.name.c_str(), tensor.backward.size(), error);
      if (!(error <= worst)) worst = error;  // also if it is not a number
    }
  }
  auto csv = lesson.csv({"h", "in_double", "in_float"});
  const int each = lesson.size(1, 4);  // values of h in a factor of ten
  std::vector<double> in_double, in_float;
  {
    const course::lesson::region table("steps");
    std::puts("h        error in double   in float");
    for (int i = each; i <= 9 * each; ++i) {
      const double h = std::pow(10.0, -i / double(each));
      in_double.push_back(error_of(check_gradient<double>(h)));
      in_float.push_back(error_of(check_gradient<float>(float(h))));
      csv.row({h, in_double.back(), in_float.back()});
      if (i % each == 0)
        std::printf("%.0e    %.1e           %.1e\n", h, in_double.back(), in_float.back());
    }
  }
  const double best = std::ranges::min(in_double);
  lesson.claim(worst < 1e-7,
               "in double, with h = 1e-5, every tensor's gradient is right to seven digits");
  lesson.claim(in_double.front() > 1e3 * best && in_double.back() > 1e3 * best,
               "a larger or a smaller h is worse");
  lesson.claim(std::ranges::min(in_float) > 1e4 * best, "float is four digits worse at its best h");
  return lesson.end();
}
