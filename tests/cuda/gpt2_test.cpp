// SPDX-License-Identifier: MIT
// GPT-2 on the CUDA backend, with its kernels run thread by thread on the host: the laws of a
// trainable policy and, with a scalar head, of a scalar model, the same log-probs, gradients and
// next tokens as on the CPU in float64, and one step of training.

#include "prefopt/models/gpt2.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/eigen.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/nn/causal_lm.hpp"
#include "prefopt/nn/incremental_decoder.hpp"
#include "prefopt/nn/scalar_lm.hpp"
#include "prefopt/optim/adamw.hpp"
#include "prefopt/policy/microbatch_tokens.hpp"
#include "prefopt/policy/reference.hpp"
#include "prefopt/train/step.hpp"
#include "cuda/emulated_backend.hpp"
#include "laws/decoder_laws.hpp"
#include "laws/trainable_policy_laws.hpp"
#include "laws/trainable_scalar_model_laws.hpp"
#include "support/tiny_gpt2.hpp"

using namespace prefopt;
using tests::tied;
using tests::untied;

namespace {

template <class Activation>
using backend = tests::emulated_backend<Activation>;
static_assert(transformer_backend<backend<float>> && transformer_backend<backend<bfloat16>>);
static_assert(trainable_policy<causal_lm<backend<bfloat16>>>);

using tests::distance;
using tests::make_backend;
using tests::numbers;

const std::vector<tokenized_pair> pairs = {{{1, 2, 3, 4}, {5, 6, 7}, {5, 8}},
                                           {{9, 10}, {0}, {1, 2, 3, 4, 5}}};

struct outcome {
  numbers log_probs, gradient, next;
};

/// A model's log-probs of the pairs, its gradient from their slopes, and the logits after a prompt
/// read in two parts.
template <class Backend>
outcome outcome_of(const Backend& on, const gpt2_config& config) {
  auto model = tests::gpt2_of_unit_size(on, config);
  const std::vector<std::size_t> members = {0, 1};
  auto pass = model.forward(pack(pairs, members));
  outcome all{{pass.log_probs().begin(), pass.log_probs().end()}, {}, {}};
  numbers slopes;
  for (std::size_t i = 0; i < all.log_probs.size(); ++i)
    slopes.push_back(0.5 - 0.25 * static_cast<double>(i % 4));
  pass.backward(slopes);
  for (const auto& parameter : model.parameters()) {
    std::vector<typename Backend::value_type> values(parameter.gradient.size());
    on.copy_to_host(parameter.gradient, values);
    all.gradient.insert(all.gradient.end(), values.begin(), values.end());
  }
  using branch = typename incremental_decoder<Backend>::branch;
  incremental_decoder<Backend> decoder(model, 8);
  const token_ids prompt{1, 2, 3}, left{4, 5}, right{6};
  const auto root = decoder.read(std::vector{branch{-1, prompt}}).nodes[0];
  all.next = decoder.read(std::vector{branch{root, left}, branch{root, right}}).all_logits;
  return all;
}

template <class Activation>
void agrees_with_the_cpu(const gpt2_config& config, double log_probs, double gradients) {
  const outcome got = outcome_of(make_backend<Activation>(), config);
  const outcome expected = outcome_of(eigen_backend<double>{}, config);
  BOOST_TEST(distance(got.log_probs, expected.log_probs) <= log_probs);
  BOOST_TEST(distance(got.gradient, expected.gradient) <= gradients);
  BOOST_TEST(distance(got.next, expected.next) <= 4 * log_probs);
}

}  // namespace

BOOST_AUTO_TEST_CASE(float32_agrees_with_the_cpu_in_float64) {
  for (const gpt2_config& config : {tied, untied}) agrees_with_the_cpu<float>(config, 1e-6, 1e-5);
}

// A number is rounded to 2^-9 of itself about ten times on its way through a block; rounding errors
// add in quadrature.
BOOST_AUTO_TEST_CASE(bfloat16_agrees_with_the_cpu_in_float64_to_its_rounding) {
  for (const gpt2_config& config : {tied, untied})
    agrees_with_the_cpu<bfloat16>(config, 0.01, 0.03);
}

// Every real model has heads of 64 or 128 channels, and tensor cores take only those.
BOOST_AUTO_TEST_CASE(a_decoder_sees_its_prompt_with_heads_of_any_width) {
  const auto check_heads = [](const auto& on, std::size_t heads, std::size_t channels,
                              double tolerance) {
    tests::a_decoder_agrees_with_a_packed_batch(on,
                                                {.n_layer = 2,
                                                 .n_head = heads,
                                                 .n_embd = heads * channels,
                                                 .n_inner = 64,
                                                 .vocab_size = 11,
                                                 .n_positions = 24},
                                                tolerance);
  };
  check_heads(make_backend<float>(), 2, 64, 1e-5);
  for (const std::size_t channels : {6u, 64u, 128u})
    check_heads(make_backend<bfloat16>(), 2, channels, 0.02);
}

BOOST_AUTO_TEST_CASE(the_laws_hold_in_float32) {
  const auto on = make_backend<float>();
  tests::check_trainable_policy_laws(tests::policy_subject(
      [&] { return tests::gpt2_of_unit_size(on, tied); }, {.vocabulary_size = tied.vocab_size,
                                                           .positions = tied.n_positions,
                                                           .rounding = 1e-4,
                                                           .difference_tolerance = 1e-6}));
}

BOOST_AUTO_TEST_CASE(the_laws_of_a_scalar_head_hold_in_float32_and_bfloat16) {
  const auto check_on = [](const auto& on, double rounding) {
    const auto make = [&] {
      scalar_lm model(tests::gpt2_of_unit_size(on, tied));
      random_generator random(4);
      std::vector<float> head(tied.n_embd);
      for (float& value : head) value = static_cast<float>(random.normal());
      on.copy_from_host(std::span<const float>(head), model.parameters().back().value);
      return model;
    };
    tests::check_trainable_scalar_model_laws(tests::scalar_subject(
        make,
        {.vocabulary_size = tied.vocab_size, .positions = tied.n_positions, .rounding = rounding}));
  };
  check_on(make_backend<float>(), 1e-4);
  check_on(make_backend<bfloat16>(), 0.02);
}

// Whole and rounded copies on the device.
BOOST_AUTO_TEST_CASE(copies_give_the_same_log_probs) {
  const auto on = make_backend<bfloat16>();
  const auto policy = tests::gpt2_of_unit_size(on, tied);
  const auto batch = pack(pairs, std::vector<std::size_t>{0, 1});
  BOOST_TEST(policy.clone().token_log_probs(batch) == policy.token_log_probs(batch));
  const auto rounded = policy.rounded_clone();
  const auto log_probs = rounded.token_log_probs(batch), expected = policy.token_log_probs(batch);
  BOOST_TEST(rounded.clone().token_log_probs(batch) == log_probs);
  for (std::size_t i = 0; i < expected.size(); ++i)
    BOOST_TEST(std::abs(log_probs[i] - expected[i]) < 0.1);  // embeddings are rounded too
}

BOOST_AUTO_TEST_CASE(passes_take_no_lasting_memory) {
  const auto device = std::make_shared<tests::emulated_device>();
  const backend<bfloat16> on(device);
  auto policy = tests::gpt2_of_unit_size(on, tied);
  scalar_lm scorer(tests::gpt2_of_unit_size(on, tied));
  const auto batch = pack(pairs, std::vector<std::size_t>{0, 1});
  (void)policy.parameters();  // these allocate the gradients
  (void)scorer.parameters();
  const std::size_t before = device->lasting_taken();
  auto pass = policy.forward(batch);
  pass.backward(numbers(pass.log_probs().size(), 0.5));
  auto scores = scorer.forward(batch, std::vector<std::int32_t>{3, 5});
  scores.backward(numbers(2, 0.5));
  BOOST_TEST(device->lasting_taken() == before);
}

BOOST_AUTO_TEST_CASE(a_policy_that_is_its_own_reference_starts_at_log_2_and_moves) {
  auto on = make_backend<bfloat16>();
  auto model = tests::gpt2_of_unit_size(on, tied);
  const auto reference = reference_log_probs(model, pairs);
  adamw optimizer(on, model.parameters());
  const std::vector<std::size_t> members = {0, 1};
  // one cut, if no one requests a number
  BOOST_TEST(microbatch_tokens(model, {}) == on.preferred_tokens());
  const auto first = accumulate_gradient(model, reference, dpo{.beta = 0.5}, pairs, members);
  BOOST_TEST(first.loss == std::log(2.0), boost::test_tools::tolerance(1e-15));
  optimizer.step(model.parameters(), 0.01);
  BOOST_TEST(accumulate_gradient(model, reference, dpo{.beta = 0.5}, pairs, members).loss <
             first.loss - 0.05);
}
