// SPDX-License-Identifier: MIT
// Tensors that are not trained: they keep their bits, have no moments and no part in the norm, and
// a run with them resumes from its state.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/eigen.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/models/gpt2.hpp"
#include "prefopt/nn/causal_lm.hpp"
#include "prefopt/nn/initialize.hpp"
#include "prefopt/nn/scalar_lm.hpp"
#include "prefopt/optim/clip.hpp"
#include "prefopt/policy/reference.hpp"
#include "prefopt/train/trainer.hpp"

using namespace prefopt;

namespace {

using backend_type = eigen_backend<double>;
const backend_type backend;
const std::vector<tokenized_pair> pairs{
    {{1, 2}, {3, 4}, {5}}, {{2}, {6, 1}, {7, 7}}, {{3, 3}, {1}, {2, 8}}};
const trainer_options options{
    .learning_rate = 1e-2, .weight_decay = 0.1, .batch_size = 2, .epochs = 2};
const std::vector<std::string> embeddings{"wte.weight", "wpe.weight"};

causal_lm<backend_type> model_of(bool frozen) {
  auto model =
      gpt2(backend, {.n_layer = 1, .n_head = 2, .n_embd = 8, .vocab_size = 9, .n_positions = 8});
  initialize(model, 3);
  if (frozen)
    for (const std::string& name : embeddings) model.set_trainable(name, false);
  return model;
}

bool is_embedding(const std::string& name) {
  return std::ranges::find(embeddings, name) != embeddings.end();
}

}  // namespace

BOOST_AUTO_TEST_CASE(frozen_tensors_keep_their_bits_and_the_others_move) {
  auto policy = model_of(true);
  const auto start = policy.clone();
  const auto reference = reference_log_probs(policy, pairs);
  trainer run{policy, reference, dpo{}, options};
  struct listener {
    causal_lm<backend_type>& policy;
    int steps = 0;
    void on_step(const step_report& report) {
      double sum = 0;
      for (const auto& one : policy.parameters())
        for (const double slope : one.gradient) sum += is_embedding(one.name) ? 0 : slope * slope;
      BOOST_TEST(std::abs(report.grad_norm - std::sqrt(sum)) < 1e-12 * (1 + report.grad_norm));
      ++steps;
    }
  } heard{policy};
  run.train(pairs, heard);
  BOOST_TEST(heard.steps == 4);
  const auto before = start.parameters();
  const auto after = policy.parameters();
  for (std::size_t i = 0; i < after.size(); ++i) {
    // a clone has the same
    BOOST_TEST(before[i].trainable == !is_embedding(after[i].name), after[i].name);
    BOOST_TEST(std::ranges::equal(before[i].value, after[i].value) == is_embedding(after[i].name),
               after[i].name);
  }
  for (const auto& moments : run.state().optimizer.moments)
    BOOST_TEST(!is_embedding(moments.name), moments.name);
  BOOST_TEST(run.state().optimizer.moments.size() == after.size() - 2);
}

BOOST_AUTO_TEST_CASE(
    a_run_with_frozen_tensors_goes_on_to_the_same_bits_and_only_with_the_same_frozen) {
  struct stopper {
    run_control on_step(const step_report& report) {
      return report.step == 2 ? run_control::stop : run_control::keep_going;
    }
  };
  const auto reference = reference_log_probs(model_of(true), pairs);
  auto whole = model_of(true), stopped = model_of(true);
  trainer straight{whole, reference, dpo{}, options}, first{stopped, reference, dpo{}, options};
  straight.train(pairs);
  first.train(pairs, stopper{});
  auto resumed = stopped.clone();
  trainer rest{resumed, reference, dpo{}, options};
  rest.restore(first.state());
  rest.train(pairs);
  const auto a = resumed.parameters(), b = whole.parameters();
  for (std::size_t i = 0; i < a.size(); ++i)
    BOOST_TEST(std::ranges::equal(a[i].value, b[i].value), a[i].name);

  auto thawed = stopped.clone();
  for (const std::string& name : embeddings) thawed.set_trainable(name, true);
  trainer other{thawed, reference, dpo{}, options};
  BOOST_CHECK_THROW(other.restore(first.state()), shape_error);
}

BOOST_AUTO_TEST_CASE(
    what_is_frozen_under_a_trainer_is_refused_and_so_is_a_model_with_nothing_to_train) {
  auto policy = model_of(false);
  const auto reference = reference_log_probs(policy, pairs);
  trainer run{policy, reference, dpo{}, options};
  policy.set_trainable("wte.weight", false);
  BOOST_CHECK_EXCEPTION(run.train(pairs), shape_error, [](const shape_error& cause) {
    return std::string(cause.what()).find("wte.weight is frozen now") != std::string::npos;
  });
  for (const auto& one : model_of(false).parameters()) policy.set_trainable(one.name, false);
  BOOST_CHECK_EXCEPTION(
      (trainer{policy, reference, dpo{}, options}), value_error, [](const value_error& cause) {
        return std::string(cause.what()).find("no trainable parameter") != std::string::npos;
      });
  BOOST_CHECK_THROW(policy.set_trainable("wte", false), value_error);
}

BOOST_AUTO_TEST_CASE(a_scalar_models_head_and_trunk_are_frozen_by_name) {
  scalar_lm critic{model_of(true)};
  // a separate model
  for (const auto& one : critic.parameters()) BOOST_TEST(one.trainable, one.name);
  critic.set_trainable("score.weight", false);
  critic.set_trainable("wte.weight", false);
  const auto copy = critic.clone();
  for (const auto& one : copy.parameters())
    BOOST_TEST(one.trainable == (one.name != "score.weight" && one.name != "wte.weight"), one.name);
}
