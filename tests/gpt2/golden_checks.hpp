// SPDX-License-Identifier: MIT
#pragma once
// What a GPT-2 in `Real` must share with PyTorch in float64: log-probs, losses, gradients and AdamW's steps. Templates,
// so that each type's machine is compiled once, beside the other's.

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "gpt2/golden.hpp"
#include "gpt2/golden_reference.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/eigen/backend.hpp"
#include "prefopt/io/gpt2_folder.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/optim/adamw.hpp"
#include "prefopt/optim/clip.hpp"
#include "prefopt/train/step.hpp"

namespace golden {

/// Packed pairs get the log-probs of separate sequences.
template <class Real>
void check_log_probs() {
  const prefopt::eigen_backend<Real> machine{{.threads = 2}};
  for (const std::string model : models) {
    BOOST_TEST_CONTEXT(model) {
      auto policy = prefopt::load_gpt2(machine, path(model));
      const auto batch = prefopt::pack(pairs(), members());
      const auto wanted = numbers(model, "log_probs");
      BOOST_TEST(relative_error(policy.token_log_probs(batch), wanted) <= prefopt_test::model_error<Real>);
      BOOST_TEST(relative_error(policy.forward(batch).log_probs(), wanted) <= prefopt_test::model_error<Real>);
    }
  }
}

/// Place of each loss's value in losses.npy, and the name of its gradient's file.
struct loss_file {
  std::size_t place;
  std::string gradient;
};

template <class Real, class Loss>
void check_gradient(const std::string& model, const Loss& loss, const loss_file& file, std::size_t budget) {
  const prefopt::eigen_backend<Real> machine{{.threads = 2}};
  auto policy = prefopt::load_gpt2(machine, path(model));
  const auto gradient = [&](const auto& reference) {
    return prefopt::accumulate_gradient(policy, reference, loss, pairs(), members(), {.tokens_per_microbatch = budget});
  };
  prefopt::step_gradient step;
  if constexpr (Loss::inputs.reference)
    step = gradient(reference(model));
  else
    step = gradient(prefopt::no_reference{});

  const double wanted = numbers(model, "losses").at(file.place);
  BOOST_TEST(std::abs(step.loss - wanted) <= prefopt_test::model_error<Real> * std::abs(wanted));
  using parameter = prefopt::parameter<Real>;
  check_tensors<Real>(policy.parameters(), &parameter::gradient, numbers(model, file.gradient));
}

/// The mean loss over all pairs and the gradient of every parameter, for both models, with all pairs in one pass and
/// with a pass for each two or so.
template <class Real, class Loss>
void check_gradients(const Loss& loss, const loss_file& file) {
  for (const std::string model : models) {
    for (const std::size_t budget : {std::size_t{0}, std::size_t{60}}) {
      BOOST_TEST_CONTEXT(model << ", " << file.gradient << ", token budget " << budget) {
        check_gradient<Real>(model, loss, file, budget);
      }
    }
  }
}

template <class Real>
void check_adamw(const std::string& model) {
  const prefopt::eigen_backend<Real> machine{{.threads = 2}};
  auto policy = prefopt::load_gpt2(machine, path(model));
  const reference reference(model);
  prefopt::adamw optimizer{policy.machine(), policy.parameters(), {.learning_rate = 1e-3, .weight_decay = 0.01}};
  std::vector<double> losses, norms;
  while (losses.size() < 10) {
    const auto step = prefopt::accumulate_gradient(policy, reference, prefopt::dpo{.beta = 0.1}, pairs(), members());
    losses.push_back(step.loss);
    norms.push_back(prefopt::gradient_norm(machine, policy.parameters()));
    optimizer.step(policy.parameters(), optimizer.options().learning_rate, prefopt::clip_scale(norms.back(), 1.0));
  }
  BOOST_TEST(relative_error(losses, numbers(model, "adamw_losses")) <= prefopt_test::model_error<Real>);
  BOOST_TEST(relative_error(norms, numbers(model, "adamw_gradient_norms")) <= prefopt_test::model_error<Real>);
  using parameter = prefopt::parameter<Real>;
  check_tensors<Real>(policy.parameters(), &parameter::value, numbers(model, "adamw_parameters"));
}

/// Ten steps of DPO with decay on matrices only. One model's gradients are clipped, the other's are not.
template <class Real>
void check_adamw() {
  for (const std::string model : models) {
    BOOST_TEST_CONTEXT(model) { check_adamw<Real>(model); }
  }
}

}  // namespace golden
