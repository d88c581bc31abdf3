// SPDX-License-Identifier: MIT
// A decoder with a scalar head agrees with PyTorch in float64: rewards, and loss and gradient of
// the pairs' Bradley-Terry loss; make_score_golden.py and make_golden.py of tests/golden made the
// numbers.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "prefopt/data/pack.hpp"
#include "prefopt/eigen.hpp"
#include "prefopt/hub/load_model.hpp"
#include "prefopt/loss/bradley_terry.hpp"
#include "prefopt/nn/scalar_lm.hpp"
#include "prefopt/policy/reward_model.hpp"
#include "prefopt/train/step.hpp"
#include "nn/golden.hpp"

using namespace prefopt;

namespace {

template <class Real>
constexpr double error = prefopt_test::model_error<Real>;

template <class Real>
auto golden_model(const eigen_backend<Real>& backend, const std::string& model) {
  scalar_lm scalar(load_model(backend, golden::path(model)));
  const auto head = scalar.parameters().back().value;
  const auto expected = golden::numbers(model, "score");
  BOOST_REQUIRE_EQUAL(head.size(), expected.size());
  std::ranges::transform(expected, head.begin(),
                         [](double value) { return static_cast<Real>(value); });
  return reward_model(std::move(scalar));
}

/// Packed pairs, pairs in small batches, and a pass give the rewards of separate sequences.
template <class Real>
void check_rewards(const eigen_backend<Real>& backend) {
  for (const std::string model : golden::scored_models) {
    BOOST_TEST_CONTEXT(model) {
      auto rewards = golden_model(backend, model);
      const auto expected = golden::numbers(model, "rewards");
      const auto batch = pack(golden::pairs(model), golden::members(model));
      BOOST_TEST(golden::relative_error(rewards.rewards(batch), expected) <= error<Real>);
      BOOST_TEST(golden::relative_error(rewards.rewards(golden::pairs(model), 60), expected) <=
                 error<Real>);
      const auto pass = rewards.forward(batch);
      std::vector<double> at_last_tokens;
      for (const tree_sequence& sequence : batch.sequences)
        at_last_tokens.push_back(
            pass.log_probs()[static_cast<std::size_t>(sequence.first_target + sequence.count) - 1]);
      BOOST_TEST(golden::relative_error(at_last_tokens, expected) <= error<Real>);
    }
  }
}

/// With all pairs in one pass and with one pass for every two or so.
template <class Real>
void check_gradients(const eigen_backend<Real>& backend) {
  const bradley_terry loss{.margin_scale = 0.5, .center_rewards_coefficient = 0.01};
  for (const std::string model : golden::scored_models) {
    for (const std::size_t budget : {std::size_t{0}, std::size_t{60}}) {
      BOOST_TEST_CONTEXT(model << ", token budget " << budget) {
        auto rewards = golden_model(backend, model);
        const auto step =
            accumulate_gradient(rewards, no_reference{}, loss, golden::pairs(model),
                                golden::members(model), {.tokens_per_microbatch = budget});
        const double expected = golden::numbers(model, "loss_bradley_terry").at(0);
        BOOST_TEST(std::abs(step.loss - expected) <= error<Real> * expected);
        golden::check_tensors(backend, rewards.parameters(), &parameter<Real>::gradient,
                              golden::numbers(model, "gradient_bradley_terry"), error<Real>);
      }
    }
  }
}

const eigen_backend<double> doubles{{.threads = 2}};
const eigen_backend<float> floats{{.threads = 2}};

}  // namespace

BOOST_AUTO_TEST_SUITE(score_golden)

BOOST_AUTO_TEST_CASE(rewards_agree_with_pytorch) {
  check_rewards(doubles);
  check_rewards(floats);
}

BOOST_AUTO_TEST_CASE(loss_and_gradients_agree_with_pytorch) {
  check_gradients(doubles);
  check_gradients(floats);
}

BOOST_AUTO_TEST_SUITE_END()
