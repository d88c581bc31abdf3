// SPDX-License-Identifier: MIT
// Every family is a trainable policy: the laws, on random trees whose paths are longer than the
// windows, and a log-prob that has the same bits in any company.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/eigen.hpp"
#include "prefopt/models/model_config.hpp"
#include "prefopt/nn/causal_lm.hpp"
#include "prefopt/nn/incremental_decoder.hpp"
#include "prefopt/nn/initialize.hpp"
#include "laws/company_laws.hpp"
#include "laws/trainable_policy_laws.hpp"

using namespace prefopt;

namespace {

/// Grouped queries, and heads that do not add up to the channels.
template <class Config>
Config small(std::size_t layers, std::size_t vocabulary, std::size_t positions) {
  Config config;
  config.num_hidden_layers = layers;
  config.num_attention_heads = 4;
  config.num_key_value_heads = 2;
  config.head_dim = 6;
  config.hidden_size = 20;
  config.intermediate_size = 28;
  config.vocab_size = vocabulary;
  config.max_position_embeddings = positions;
  return config;
}

/// One decoder of each family, with windows where it has them, and with a layer without rotations.
std::vector<decoder_spec> families(std::size_t layers, std::size_t vocabulary,
                                   std::size_t positions) {
  auto llama = small<llama_config>(layers, vocabulary, positions);
  llama.attention_bias = llama.mlp_bias = llama.tie_word_embeddings = true;
  auto mistral = small<mistral_config>(layers, vocabulary, positions);
  mistral.sliding_window = 3;
  auto qwen2 = small<qwen2_config>(layers, vocabulary, positions);
  qwen2.use_sliding_window = true;
  qwen2.sliding_window = 7;
  qwen2.max_window_layers = layers - 1;
  auto smollm3 = small<smollm3_config>(layers, vocabulary, positions);
  smollm3.no_rope_layer_interval = 2;
  return {describe(llama), describe(mistral), describe(qwen2),
          describe(small<qwen3_config>(layers, vocabulary, positions)), describe(smollm3)};
}

/// Weights large enough that all terms count.
template <class Compute>
causal_lm<eigen_backend<Compute>> random_model(const eigen_backend<Compute>& backend,
                                               const decoder_spec& spec) {
  causal_lm model(backend, spec);
  initialize(model, 1);
  random_generator random(3);
  for (const auto& tensor : model.parameters())
    for (auto& weight : tensor.value)
      weight += static_cast<std::remove_cvref_t<decltype(weight)>>(0.3 * random.normal());
  return model;
}

auto subject(const eigen_backend<double>& backend, const decoder_spec& spec) {
  return tests::policy_subject([&backend, &spec] { return random_model(backend, spec); },
                               {.vocabulary_size = spec.shape.vocabulary,
                                .positions = spec.shape.positions,
                                .rounding = 1e-11,
                                .difference_tolerance = 1e-6});
}

const eigen_backend<double> doubles;
using backend_types = boost::mpl::list<float, double, bfloat16>;

}  // namespace

BOOST_AUTO_TEST_SUITE(families_suite)

BOOST_AUTO_TEST_CASE(the_laws_hold_for_every_family) {
  for (const decoder_spec& spec : families(2, 11, 24)) BOOST_TEST_CONTEXT(spec.model_type) {
      tests::check_trainable_policy_laws(subject(doubles, spec));
    }
}

BOOST_AUTO_TEST_CASE(the_whole_backward_is_the_derivative_of_the_forward) {
  for (const decoder_spec& spec : families(2, 11, 24)) BOOST_TEST_CONTEXT(spec.model_type) {
      tests::backward_agrees_with_finite_differences(subject(doubles, spec));
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_log_prob_has_the_same_bits_in_any_company, Compute, backend_types) {
  const auto pairs = tests::related_pairs(
      50, {.prompt = 40, .shared = 17, .rest = 30, .chosen = 90, .rejected = 21});
  const eigen_backend<Compute> backend;
  for (const decoder_spec& spec : families(3, 50, 200)) {
    BOOST_TEST_CONTEXT(spec.model_type) {
      tests::log_probs_keep_their_bits_in_any_company(random_model(backend, spec), pairs);
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(matrices_stored_as_bfloat16_have_the_bits_of_rounded_ones, Compute,
                              backend_types) {
  random_generator random(9);
  const token_ids text = tests::random_tokens(random, 24, 50);
  const packable_sequence all{.prompt = std::span(text).first(9),
                              .response = std::span(text).subspan(9)};
  const prefix_tree_batch batch = pack(std::span(&all, 1));
  const std::vector<double> slopes(batch.targets.size(), 1.0);
  const eigen_backend<Compute> backend;
  auto specs = families(3, 50, 24);
  specs.push_back(describe(
      gpt2_config{.n_layer = 3, .n_head = 2, .n_embd = 8, .vocab_size = 50, .n_positions = 24}));
  for (const decoder_spec& spec : specs) {
    BOOST_TEST_CONTEXT(spec.model_type) {
      auto model = random_model(backend, spec);
      auto stored = model.rounded_clone();
      for (const auto& tensor : model.tensors())
        if (tensor.shape.size() == 2)
          for (auto& weight : tensor.value)
            weight = static_cast<float>(bfloat16(static_cast<float>(weight)));
      BOOST_TEST(stored.clone().token_log_probs(batch) == model.token_log_probs(batch),
                 boost::test_tools::per_element());
      model.forward(batch).backward(slopes);
      stored.forward(batch).backward(slopes);
      const auto expected = model.parameters(), vectors = stored.parameters();
      for (std::size_t i = 0; i < expected.size(); ++i) {
        if (expected[i].shape.size() == 2) {
          BOOST_TEST((vectors[i].value.empty() && !vectors[i].trainable), expected[i].name);
          BOOST_CHECK_THROW(stored.set_trainable(expected[i].name, true), value_error);
        } else {
          BOOST_TEST(std::ranges::equal(vectors[i].gradient, expected[i].gradient),
                     expected[i].name);
        }
      }
    }
  }
}

// All but one tensor are frozen, for each; then random halves.
BOOST_AUTO_TEST_CASE(a_frozen_tensor_has_no_gradient_and_leaves_the_others_theirs) {
  random_generator random(12);
  std::vector<tokenized_pair> pairs(2);
  for (tokenized_pair& pair : pairs)
    pair = {tests::random_tokens(random, 4, 11), tests::random_tokens(random, 9, 11),
            tests::random_tokens(random, 5, 11)};
  const prefix_tree_batch batch = pack(pairs, std::vector<std::size_t>{0, 1});
  std::vector<double> slopes;
  while (slopes.size() < batch.targets.size()) slopes.push_back(random.normal());

  auto specs = families(3, 11, 24);
  specs.push_back(describe(
      gpt2_config{.n_layer = 3, .n_head = 2, .n_embd = 8, .vocab_size = 11, .n_positions = 24}));
  for (const decoder_spec& spec : specs) {
    BOOST_TEST_CONTEXT(spec.model_type) {
      auto model = random_model(doubles, spec);
      const std::size_t tensors = model.tensors().size();
      std::vector<std::vector<double>> expected;
      model.forward(batch).backward(slopes);
      for (const auto& one : model.parameters())
        expected.emplace_back(one.gradient.begin(), one.gradient.end());
      for (std::size_t trial = 0; trial < tensors + 20; ++trial) {
        for (std::size_t i = 0; i < tensors; ++i)
          model.set_trainable(model.tensors()[i].name,
                              trial < tensors ? i == trial : random.below(2) == 0);
        model.forward(batch).backward(slopes);
        const auto parameters = model.parameters();
        for (std::size_t i = 0; i < tensors; ++i) {
          const auto& one = parameters[i];
          if (one.trainable)
            BOOST_TEST(std::ranges::equal(one.gradient, expected[i]), one.name << " " << trial);
          else
            BOOST_TEST(one.gradient.empty(), one.name << " " << trial);
        }
      }
    }
  }
}

// A prompt in one call, then token by token, past the windows.
BOOST_AUTO_TEST_CASE(a_token_that_is_generated_has_the_log_prob_that_it_has_in_a_batch) {
  random_generator random(5);
  const token_ids text = tests::random_tokens(random, 24, 11);
  const packable_sequence all{.prompt = std::span(text).first(9),
                              .response = std::span(text).subspan(9)};
  for (const decoder_spec& spec : families(4, 11, 24)) {
    BOOST_TEST_CONTEXT(spec.model_type) {
      const auto model = random_model(doubles, spec);
      const std::vector<double> expected = model.token_log_probs(pack(std::span(&all, 1)));
      using decoder_type = incremental_decoder<eigen_backend<double>>;
      decoder_type decoder(model, text.size());
      typename decoder_type::branch next{.tokens = all.prompt};
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto read = decoder.read({&next, 1});
        double sum = 0;
        for (const double logit : read.logits(0)) sum += std::exp(logit);
        const auto token = static_cast<std::size_t>(all.response[i]);
        BOOST_TEST(std::abs(read.logits(0)[token] - std::log(sum) - expected[i]) <= 1e-11);
        next = {read.nodes[0], all.response.subspan(i, 1)};
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
