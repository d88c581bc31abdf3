// SPDX-License-Identifier: MIT
// GPT-2 is a trainable policy: the laws, in float64 and float32, tied and untied, with one thread
// and with several.

#include "prefopt/nn/causal_lm.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include "prefopt/eigen.hpp"
#include "prefopt/models/gpt2.hpp"
#include "prefopt/nn/initialize.hpp"
#include "laws/company_laws.hpp"
#include "laws/trainable_policy_laws.hpp"
#include "support/tiny_gpt2.hpp"

using namespace prefopt;
using tests::tied;
using tests::untied;

static_assert(trainable_policy<causal_lm<eigen_backend<float>>>);

namespace {

template <class Compute>
causal_lm<eigen_backend<Compute>> random_gpt2(const eigen_backend<Compute>& backend,
                                              const gpt2_config& config) {
  causal_lm model(backend, config);
  tests::fill(model);
  return model;
}

template <class Compute>
auto subject(const eigen_backend<Compute>& backend, const gpt2_config& config, double rounding) {
  return tests::policy_subject([&backend, config] { return random_gpt2(backend, config); },
                               {.vocabulary_size = config.vocab_size,
                                .positions = config.n_positions,
                                .rounding = rounding,
                                .difference_tolerance = 1e-6});
}

const eigen_backend<double> one_thread;
using backend_types = boost::mpl::list<float, double, bfloat16>;
#ifdef _OPENMP
constexpr int most_threads = 3;
#else
constexpr int most_threads = 1;
#endif
const eigen_backend<float> one_thread_float32;

}  // namespace

BOOST_AUTO_TEST_CASE(the_laws_hold_in_float64) {
  for (const gpt2_config& config : {tied, untied})
    tests::check_trainable_policy_laws(subject(one_thread, config, 1e-11));
}

BOOST_AUTO_TEST_CASE(the_laws_hold_in_float32) {
  for (const gpt2_config& config : {tied, untied})
    tests::check_trainable_policy_laws(subject(one_thread_float32, config, 1e-4));
}

// A slope is rounded to bfloat16 (2^-9) a few times on its way down, in another order.
BOOST_AUTO_TEST_CASE(the_laws_hold_in_bfloat16) {
  const eigen_backend<bfloat16> backend;
  tests::check_trainable_policy_laws(subject(backend, tied, 0.02));
}

#ifdef _OPENMP
BOOST_AUTO_TEST_CASE(the_laws_hold_with_three_threads) {
  const eigen_backend<double> backend({.threads = 3});
  tests::check_trainable_policy_laws(subject(backend, tied, 1e-11));
}
#endif

BOOST_AUTO_TEST_CASE(the_whole_backward_is_the_derivative_of_the_forward) {
  for (const gpt2_config& config : {tied, untied})
    tests::backward_agrees_with_finite_differences(subject(one_thread, config, 1e-11));
}

BOOST_AUTO_TEST_CASE(tensors_are_named_and_shaped_as_in_hugging_face_checkpoints) {
  const causal_lm model(one_thread_float32, untied);
  std::vector<std::string> names;
  for (const auto& parameter : model.parameters()) {
    std::string name = parameter.name + " [";
    for (const std::size_t extent : parameter.shape) name += std::to_string(extent) + ' ';
    names.push_back(name + ']' + (parameter.decays ? " decays" : ""));
  }
  const std::vector<std::string> expected = {"wte.weight [11 12 ] decays",
                                             "wpe.weight [24 12 ] decays",
                                             "h.0.ln_1.weight [12 ]",
                                             "h.0.ln_1.bias [12 ]",
                                             "h.0.attn.c_attn.weight [12 36 ] decays",
                                             "h.0.attn.c_attn.bias [36 ]",
                                             "h.0.attn.c_proj.weight [12 12 ] decays",
                                             "h.0.attn.c_proj.bias [12 ]",
                                             "h.0.ln_2.weight [12 ]",
                                             "h.0.ln_2.bias [12 ]",
                                             "h.0.mlp.c_fc.weight [12 20 ] decays",
                                             "h.0.mlp.c_fc.bias [20 ]",
                                             "h.0.mlp.c_proj.weight [20 12 ] decays",
                                             "h.0.mlp.c_proj.bias [12 ]",
                                             "ln_f.weight [12 ]",
                                             "ln_f.bias [12 ]",
                                             "lm_head.weight [11 12 ] decays"};
  BOOST_TEST(names == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_clone_has_the_same_weights_and_a_life_of_its_own) {
  auto model = random_gpt2(one_thread, tied);
  auto copy = model.clone();
  const double before = copy.parameters()[0].value[0];
  BOOST_TEST(before == model.parameters()[0].value[0]);
  model.parameters()[0].value[0] += 1;
  BOOST_TEST(copy.parameters()[0].value[0] == before);
}

BOOST_AUTO_TEST_CASE(forward_and_token_log_probs_give_the_same_bits) {
  // Enough head rows for several pieces of logits, the last one short.
  auto model =
      gpt2(one_thread_float32,
           {.n_layer = 1, .n_head = 2, .n_embd = 20, .vocab_size = 50257, .n_positions = 400});
  initialize(model, 4);
  std::vector<tokenized_pair> pairs(1);
  random_generator random(4);
  pairs[0].prompt = {7, 8};
  for (int i = 0; i < 390; ++i)
    pairs[0].chosen.push_back(static_cast<token_id>(random.below(50257)));
  for (int i = 0; i < 301; ++i)
    pairs[0].rejected.push_back(static_cast<token_id>(random.below(50257)));
  const std::vector<std::size_t> members = {0};
  const auto batch = pack(pairs, members);
  const auto pass = model.forward(batch);
  BOOST_TEST(model.token_log_probs(batch) ==
                 std::vector<double>(pass.log_probs().begin(), pass.log_probs().end()),
             boost::test_tools::per_element());
}

// Long enough for several tiles of attention and for keys beyond a product's first block of depth.
BOOST_AUTO_TEST_CASE_TEMPLATE(a_log_prob_has_the_same_bits_in_any_company, Compute, backend_types) {
  const gpt2_config config = {
      .n_layer = 2, .n_head = 3, .n_embd = 48, .vocab_size = 300, .n_positions = 600};
  const auto pairs = tests::related_pairs(
      300, {.prompt = 90, .shared = 37, .rest = 110, .chosen = 330, .rejected = 81});
  const eigen_backend<Compute> backend, other_backend({.threads = most_threads});
  const auto model = random_gpt2(backend, config), other_model = random_gpt2(other_backend, config);
  const std::vector<double> log_probs =
      tests::log_probs_keep_their_bits_in_any_company(model, pairs);
  BOOST_TEST(
      other_model.token_log_probs(pack(pairs, std::vector<std::size_t>{0, 1, 2})) == log_probs,
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_pass_goes_backward_once) {
  auto model = random_gpt2(one_thread, tied);
  const std::vector<tokenized_pair> pairs = {{{1, 2}, {3}, {4}}};
  const std::vector<std::size_t> members = {0};
  auto pass = model.forward(pack(pairs, members));
  const std::vector<double> slopes(2, 1.0);
  pass.backward(slopes);
  BOOST_CHECK_THROW(pass.backward(slopes), value_error);
}

BOOST_AUTO_TEST_CASE(initialization_follows_gpt2) {
  auto model = gpt2(
      one_thread, {.n_layer = 8, .n_head = 2, .n_embd = 64, .vocab_size = 300, .n_positions = 100});
  initialize(model, 9);
  for (const auto& parameter : model.parameters()) {
    double mean = 0, square = 0;
    for (const double value : parameter.value) {
      mean += value / static_cast<double>(parameter.value.size());
      square += value * value / static_cast<double>(parameter.value.size());
    }
    if (parameter.shape.size() == 2) {
      const bool projection = parameter.name.ends_with("c_proj.weight");
      BOOST_TEST(std::abs(mean) < 0.002);
      BOOST_TEST(std::sqrt(square) == (projection ? 0.02 / 4 : 0.02),
                 boost::test_tools::tolerance(0.05));
    } else {
      BOOST_TEST(mean == (parameter.name.ends_with("weight") ? 1.0 : 0.0));
    }
  }
}

BOOST_AUTO_TEST_CASE(sizes_that_make_no_model_are_refused_with_their_key) {
  const auto message = [](gpt2_config config) -> std::string {
    try {
      check(config);
    } catch (const value_error& e) {
      return e.what();
    }
    return "";
  };
  const auto with = [](auto change) {
    gpt2_config config = tied;
    change(config);
    return config;
  };
  BOOST_TEST(message(tied).empty());
  BOOST_TEST(message(with([](auto& c) { c.n_layer = 0; })).find("n_layer") != std::string::npos);
  BOOST_TEST(message(with([](auto& c) { c.n_head = 5; })).find("n_head") != std::string::npos);
  BOOST_TEST(message(with([](auto& c) { c.vocab_size = 1U << 31U; })).find("vocab_size") !=
             std::string::npos);
  BOOST_TEST(message(with([](auto& c) { c.n_positions = 0; })).find("n_positions") !=
             std::string::npos);
  BOOST_TEST(message(with([](auto& c) { c.layer_norm_epsilon = 0; })).find("layer_norm_epsilon") !=
             std::string::npos);
}
