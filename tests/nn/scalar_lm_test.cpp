// SPDX-License-Identifier: MIT
// GPT-2 with a scalar head is a trainable scalar model: the laws, in float64, float32 and bfloat16,
// of a tied and of an untied configuration, with one thread and with several.

#include "prefopt/nn/scalar_lm.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/eigen.hpp"
#include "prefopt/loss/bradley_terry.hpp"
#include "prefopt/models/gpt2.hpp"
#include "prefopt/policy/reward_model.hpp"
#include "prefopt/train/evaluate.hpp"
#include "prefopt/train/step.hpp"
#include "laws/trainable_scalar_model_laws.hpp"
#include "support/tiny_gpt2.hpp"

using namespace prefopt;
using tests::tied;
using tests::untied;

static_assert(trainable_scalar_model<scalar_lm<eigen_backend<float>>>);
static_assert(trainable_policy<reward_model<scalar_lm<eigen_backend<bfloat16>>>>);

namespace {

template <class Compute>
scalar_lm<eigen_backend<Compute>> random_model(const eigen_backend<Compute>& backend,
                                               const gpt2_config& config) {
  scalar_lm model(backend, config);
  tests::fill(model);
  return model;
}

template <class Compute>
auto subject(const eigen_backend<Compute>& backend, const gpt2_config& config, double rounding) {
  return tests::scalar_subject([&backend, config] { return random_model(backend, config); },
                               {.vocabulary_size = config.vocab_size,
                                .positions = config.n_positions,
                                .rounding = rounding,
                                .difference_tolerance = 1e-6});
}

const eigen_backend<double> one_thread;

prefix_tree_batch some_batch() {
  const std::vector<tokenized_pair> pairs = {{{1, 2}, {3, 4}, {3, 5, 6}}, {{7}, {8}, {9, 10}}};
  const std::vector<std::size_t> members = {0, 1};
  return pack(pairs, members);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gpt2_with_a_scalar_head)

BOOST_AUTO_TEST_CASE(the_laws_hold_in_float64) {
  for (const gpt2_config& config : {tied, untied})
    tests::check_trainable_scalar_model_laws(subject(one_thread, config, 1e-11));
}

BOOST_AUTO_TEST_CASE(the_laws_hold_in_float32) {
  const eigen_backend<float> backend;
  for (const gpt2_config& config : {tied, untied})
    tests::check_trainable_scalar_model_laws(subject(backend, config, 1e-4));
}

// A slope is rounded to bfloat16 (2^-9) a few times on its way down, in another order.
BOOST_AUTO_TEST_CASE(the_laws_hold_in_bfloat16) {
  const eigen_backend<bfloat16> backend;
  for (const gpt2_config& config : {tied, untied})
    tests::check_trainable_scalar_model_laws(subject(backend, config, 0.02));
}

#ifdef _OPENMP
BOOST_AUTO_TEST_CASE(the_laws_hold_with_three_threads) {
  const eigen_backend<double> backend({.threads = 3});
  tests::check_trainable_scalar_model_laws(subject(backend, tied, 1e-11));
}
#endif

BOOST_AUTO_TEST_CASE(the_whole_backward_is_the_derivative_of_the_forward) {
  for (const gpt2_config& config : {tied, untied})
    tests::backward_of_values_agrees_with_finite_differences(subject(one_thread, config, 1e-11));
}

// From token ids through packing, trunk, head, reward and loss to the gradient.
BOOST_AUTO_TEST_CASE(the_gradient_of_a_step_is_that_of_the_mean_loss) {
  const std::vector<tokenized_pair> pairs = {
      {{1, 2}, {3, 4}, {3, 5, 6}}, {{7}, {8}, {9, 10}}, {{1, 2}, {3}, {4, 0, 0}}};
  const std::vector<std::size_t> members = {0, 1, 2};
  const bradley_terry loss{.margin_scale = 0.3, .center_rewards_coefficient = 0.05};
  for (const gpt2_config& config : {tied, untied}) {
    reward_model model(random_model(one_thread, config));
    accumulate_gradient(model, no_reference{}, loss, pairs, members, {.tokens_per_microbatch = 9});
    const auto claimed = tests::model_laws::gradients(model);
    const auto mean_loss = [&] {
      return std::vector<double>{evaluate(model, no_reference{}, loss, pairs).loss};
    };
    const std::vector<double> one{1};
    tests::model_laws::check_differences(model, {.difference_tolerance = 1e-6}, claimed, one,
                                         mean_loss);
  }
}

BOOST_AUTO_TEST_CASE(the_head_is_named_and_shaped_as_in_hugging_face_checkpoints) {
  for (const gpt2_config& config : {tied, untied}) {
    scalar_lm model(one_thread, config);
    const auto parameters = model.parameters();
    BOOST_TEST(parameters.back().name == "score.weight");
    BOOST_TEST(parameters.back().shape == (std::vector<std::size_t>{1, 12}),
               boost::test_tools::per_element());
    BOOST_TEST(parameters.back().decays);
    for (const auto& parameter : parameters) BOOST_TEST(parameter.name != "lm_head.weight");
    BOOST_TEST(parameters[parameters.size() - 2].name == "ln_f.bias");
  }
}

BOOST_AUTO_TEST_CASE(on_a_policys_trunk_every_path_is_worth_nothing_at_first) {
  for (const gpt2_config& config : {tied, untied}) {
    causal_lm policy(one_thread, config);
    tests::fill(policy);
    scalar_lm model(policy);
    const auto batch = some_batch();
    BOOST_TEST(model.values(batch, last_rows(batch)) == std::vector<double>(4),
               boost::test_tools::per_element());
    const auto trunk = policy.parameters(), copied = model.parameters();
    for (std::size_t i = 0; i + 1 < copied.size(); ++i) {
      BOOST_TEST(copied[i].name == trunk[i].name);
      BOOST_TEST(std::vector<double>(copied[i].value.begin(), copied[i].value.end()) ==
                     std::vector<double>(trunk[i].value.begin(), trunk[i].value.end()),
                 boost::test_tools::per_element());
    }
    copied[0].value[0] += 1;
    BOOST_TEST(trunk[0].value[0] != copied[0].value[0]);
  }
}

BOOST_AUTO_TEST_CASE(a_clone_has_the_same_weights_and_a_life_of_its_own) {
  auto model = random_model(one_thread, untied);
  auto copy = model.clone();
  const auto batch = some_batch();
  const auto before = model.values(batch, last_rows(batch));
  BOOST_TEST(copy.values(batch, last_rows(batch)) == before, boost::test_tools::per_element());
  for (const auto& parameter : model.parameters()) parameter.value[0] += 1;
  BOOST_TEST(copy.values(batch, last_rows(batch)) == before, boost::test_tools::per_element());
  BOOST_TEST(model.values(batch, last_rows(batch)) != before);
}

BOOST_AUTO_TEST_CASE(what_cannot_go_backward_is_refused) {
  auto model = random_model(one_thread, tied);
  const auto batch = some_batch();
  BOOST_CHECK_THROW((void)model.forward(batch, {}), value_error);
  auto pass = model.forward(batch, last_rows(batch));
  const std::vector<double> slopes(4, 1.0);
  pass.backward(slopes);
  BOOST_CHECK_THROW(pass.backward(slopes), value_error);
  const std::vector<tokenized_pair> beyond = {{token_ids(24, 1), {2}, {3}}};
  const std::vector<std::size_t> members = {0};
  BOOST_CHECK_THROW((void)model.values(pack(beyond, members), {}), value_error);
  BOOST_CHECK_THROW(scalar_lm(one_thread, gpt2_config{.n_layer = 0}), value_error);
}

BOOST_AUTO_TEST_SUITE_END()
