// SPDX-License-Identifier: MIT
#pragma once
// What a decoder on a backend must have in common with PyTorch in float64: log-probs, losses,
// gradients and AdamW's steps. Templates, so that each backend's model is compiled once, next to
// the other's. `error` is how far off it may be.

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "prefopt/data/pack.hpp"
#include "prefopt/hub/load_model.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/optim/adamw.hpp"
#include "prefopt/optim/clip.hpp"
#include "prefopt/train/step.hpp"
#include "nn/golden.hpp"
#include "nn/golden_reference.hpp"

namespace golden {

/// How far off a model may be, relative: log-probs, losses and norms; gradients and parameters,
/// tensor by tensor.
struct errors {
  double numbers, tensors;
};

template <class Real>
inline constexpr errors errors_of = {prefopt_test::model_error<Real>,
                                     prefopt_test::model_error<Real>};

/// Packed pairs get the log-probs of separate sequences.
template <class Backend>
void check_log_probs(const Backend& backend, const errors& error) {
  for (const std::string model : models) {
    BOOST_TEST_CONTEXT(model) {
      auto policy = prefopt::load_model(backend, path(model));
      const auto batch = prefopt::pack(pairs(model), members(model));
      const auto expected = numbers(model, "log_probs");
      BOOST_TEST(relative_error(policy.token_log_probs(batch), expected) <= error.numbers);
      BOOST_TEST(relative_error(policy.forward(batch).log_probs(), expected) <= error.numbers);
    }
  }
}

/// Index of each loss's value in losses.npy, and the name of its gradient's file.
struct loss_file {
  std::size_t index;
  std::string gradient;
};

template <class Backend, class Loss>
void check_gradient(const Backend& backend, const errors& error, const std::string& model,
                    const Loss& loss, const loss_file& file, std::size_t budget) {
  auto policy = prefopt::load_model(backend, path(model));
  const auto gradient = [&](const auto& reference) {
    return prefopt::accumulate_gradient(policy, reference, loss, pairs(model), members(model),
                                        {.tokens_per_microbatch = budget});
  };
  prefopt::step_gradient step;
  if constexpr (Loss::inputs.reference)
    step = gradient(reference(model));
  else
    step = gradient(prefopt::no_reference{});

  const double expected = numbers(model, "losses").at(file.index);
  BOOST_TEST(std::abs(step.loss - expected) <= error.numbers * std::abs(expected));
  using parameter = prefopt::parameter<typename Backend::value_type>;
  check_tensors(backend, policy.parameters(), &parameter::gradient, numbers(model, file.gradient),
                error.tensors);
}

/// The mean loss over all pairs and the gradient of every parameter, for some models, with all
/// pairs in one pass and with one pass for every two or so.
template <class Backend, class Loss>
void check_gradients(const Backend& backend, const errors& error, const auto& models_with_it,
                     const Loss& loss, const loss_file& file) {
  for (const std::string model : models_with_it) {
    for (const std::size_t budget : {std::size_t{0}, std::size_t{60}}) {
      BOOST_TEST_CONTEXT(model << ", " << file.gradient << ", token budget " << budget) {
        check_gradient(backend, error, model, loss, file, budget);
      }
    }
  }
}

template <class Backend>
void check_adamw(const Backend& backend, const errors& error, const std::string& model) {
  auto policy = prefopt::load_model(backend, path(model));
  const reference reference(model);
  prefopt::adamw optimizer{
      policy.backend(), policy.parameters(), {.learning_rate = 1e-3, .weight_decay = 0.01}};
  std::vector<double> losses, norms;
  while (losses.size() < 10) {
    const auto step = prefopt::accumulate_gradient(policy, reference, prefopt::dpo{.beta = 0.1},
                                                   pairs(model), members(model));
    losses.push_back(step.loss);
    norms.push_back(prefopt::gradient_norm(backend, policy.parameters()));
    optimizer.step(policy.parameters(), optimizer.options().learning_rate,
                   prefopt::clip_scale(norms.back(), 1.0));
  }
  BOOST_TEST(relative_error(losses, numbers(model, "adamw_losses")) <= error.numbers);
  BOOST_TEST(relative_error(norms, numbers(model, "adamw_gradient_norms")) <= error.numbers);
  if (model.starts_with("decoder/")) {  // has the log-probs after the last step instead
    const auto batch = prefopt::pack(pairs(model), members(model));
    BOOST_TEST(relative_error(policy.token_log_probs(batch), numbers(model, "adamw_log_probs")) <=
               error.tensors);
    return;
  }
  using parameter = prefopt::parameter<typename Backend::value_type>;
  check_tensors(backend, policy.parameters(), &parameter::value, numbers(model, "adamw_parameters"),
                error.tensors);
}

/// Ten steps of DPO with decay on matrices only. Some models' gradients are clipped, others' are
/// not.
template <class Backend>
void check_adamw(const Backend& backend, const errors& error) {
  for (const std::string model : models) {
    BOOST_TEST_CONTEXT(model) { check_adamw(backend, error, model); }
  }
}

}  // namespace golden
