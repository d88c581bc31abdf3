// SPDX-License-Identifier: MIT
// Generation: the decoder sees what the packed batch sees, and sampling follows its options.

#include "prefopt/nn/incremental_decoder.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/math.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/eigen.hpp"
#include "prefopt/models/gpt2.hpp"
#include "prefopt/nn/causal_lm.hpp"
#include "prefopt/nn/initialize.hpp"

namespace {

using backend_type = prefopt::eigen_backend<float>;
using decoder_type = prefopt::incremental_decoder<backend_type>;

struct small_model {
  backend_type backend;
  prefopt::causal_lm<backend_type> model = prefopt::gpt2(
      backend, {.n_layer = 2, .n_head = 2, .n_embd = 16, .vocab_size = 23, .n_positions = 12});
  small_model() {
    prefopt::initialize(model, 5);
    for (auto& parameter : model.parameters())
      for (float& value : parameter.value) value *= 8;  // far from uniform predictions
  }
};

double log_prob(std::span<const double> logits, prefopt::token_id token) {
  return logits[static_cast<std::size_t>(token)] - prefopt::log_sum_exp(logits);
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(reading_token_by_token_gives_the_log_probs_of_the_packed_batch,
                        small_model) {
  const std::vector<prefopt::tokenized_pair> pairs = {{{3}, {1, 4, 1, 5, 9, 2, 6}, {1, 4, 7}}};
  const std::vector<std::size_t> members = {0};
  const auto batch = prefopt::pack(pairs, members);
  const std::vector<double> expected = model.token_log_probs(batch);
  prefopt::for_each_sequence(batch, [&](const prefopt::sequence_path& path) {
    for (const std::size_t first_read : {1U, 2U}) {
      decoder_type decoder(model, path.tokens.size());
      auto read =
          decoder.read(std::vector{decoder_type::branch{-1, path.tokens.first(first_read)}});
      for (std::size_t at = first_read; at < path.tokens.size(); ++at) {
        const std::size_t target = static_cast<std::size_t>(path.sequence.first_target) + at - 1;
        BOOST_TEST(std::abs(log_prob(read.logits(0), path.tokens[at]) - expected[target]) < 1e-5);
        read = decoder.read(
            std::vector{decoder_type::branch{read.nodes[0], path.tokens.subspan(at, 1)}});
      }
    }
  });
}

namespace {

/// Fails in the head when told to.
struct failing_backend : backend_type {
  mutable bool fails = false;
  template <class... Arguments>
  void head_logits(Arguments&&... arguments) const {
    if (fails) throw prefopt::device_error("gone");
    backend_type::head_logits(std::forward<Arguments>(arguments)...);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_reading_that_fails_has_read_nothing) {
  const failing_backend backend;
  auto model = prefopt::gpt2(
      backend, {.n_layer = 2, .n_head = 2, .n_embd = 16, .vocab_size = 23, .n_positions = 12});
  prefopt::initialize(model, 5);
  using decoder = prefopt::incremental_decoder<failing_backend>;
  using branch = decoder::branch;
  const prefopt::token_ids prompt = {2, 7, 1}, next = {4};
  decoder reads(model, 4), expected(model, 4);
  const auto root = reads.read(std::vector{branch{-1, prompt}});
  backend.fails = true;
  BOOST_CHECK_THROW((void)reads.read(std::vector{branch{root.nodes[0], next}}),
                    prefopt::device_error);
  backend.fails = false;
  BOOST_TEST(reads.size() == 3U);
  // no such node
  BOOST_CHECK_THROW((void)reads.read(std::vector{branch{1, next}}), prefopt::value_error);
  const auto grown = reads.read(std::vector{branch{root.nodes[0], next}});
  const auto same = expected.read(
      std::vector{branch{expected.read(std::vector{branch{-1, prompt}}).nodes[0], next}});
  BOOST_TEST(grown.nodes == same.nodes, boost::test_tools::per_element());
  BOOST_TEST(grown.all_logits == same.all_logits, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(branches_of_a_forest_have_the_bits_of_sequences_read_alone, small_model) {
  using branch = decoder_type::branch;
  const prefopt::token_ids prompt = {2, 7, 1}, other = {9}, left = {8}, right = {5, 4};
  decoder_type forest(model, 20);
  const auto roots = forest.read(std::vector{branch{-1, prompt}, branch{-1, other}});
  const auto grown = forest.read(std::vector{
      branch{roots.nodes[0], left}, branch{roots.nodes[1], left}, branch{roots.nodes[0], right}});
  BOOST_TEST(forest.size() == 8U);
  const auto leaves = forest.read(std::vector{branch{grown.nodes[2], left}});
  const auto alone = [&](const prefopt::token_ids& tokens) {
    decoder_type decoder(model, tokens.size());
    return decoder.read(std::vector{branch{-1, tokens}}).all_logits;
  };
  const auto same = [&](std::span<const double> logits, const prefopt::token_ids& tokens) {
    BOOST_TEST(logits == alone(tokens), boost::test_tools::per_element());
  };
  same(roots.logits(1), {9});
  same(grown.logits(0), {2, 7, 1, 8});
  same(grown.logits(1), {9, 8});
  same(grown.logits(2), {2, 7, 1, 5, 4});
  same(leaves.logits(0), {2, 7, 1, 5, 4, 8});
}

BOOST_FIXTURE_TEST_CASE(a_response_does_not_depend_on_those_beside_it, small_model) {
  const std::vector<prefopt::token_ids> prompts = {
      {3, 1, 4}, {5}, {3, 1, 4}, {2, 2, 2, 2, 2, 2, 2, 2}, {5}};
  const prefopt::generation_options options{.max_new_tokens = 7, .end_of_text = 0};
  prefopt::random_generator together(9), one_by_one(9);
  const auto responses =
      generate(model, std::span<const prefopt::token_ids>(prompts), options, together);
  BOOST_REQUIRE_EQUAL(responses.size(), prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i)
    BOOST_TEST(responses[i] == generate(model, prompts[i], options, one_by_one),
               boost::test_tools::per_element());
  // in groups of one, two or three prompts, or all
  for (const std::size_t at_once : {0U, 1U, 20U, 30U}) {
    auto few = options;
    few.tokens_at_once = at_once;
    prefopt::random_generator again(9);
    BOOST_TEST(
        (generate(model, std::span<const prefopt::token_ids>(prompts), few, again) == responses));
    BOOST_TEST(again.next() == prefopt::random_generator(together).next());
  }
  BOOST_TEST(responses[3].size() <= 4U);
  BOOST_TEST(responses[0] != responses[2]);
}

BOOST_FIXTURE_TEST_CASE(generation_ends_at_the_context_and_at_the_end_of_text, small_model) {
  prefopt::random_generator random(1);
  const prefopt::token_ids prompt = {3, 1, 4};
  BOOST_TEST(generate(model, prompt, {.max_new_tokens = 100}, random).size() == 9U);
  const prefopt::generation_options greedy = {.max_new_tokens = 4, .sampling = {.temperature = 0}};
  const auto first = generate(model, prompt, greedy, random);
  BOOST_TEST(first.size() == 4U);
  BOOST_TEST(first == generate(model, prompt, greedy, random));
  auto stopping = greedy;
  stopping.end_of_text = first[1];
  const auto stopped = generate(model, prompt, stopping, random);
  BOOST_TEST(stopped.back() == first[1]);
  BOOST_TEST(stopped.size() == (first[0] == first[1] ? 1U : 2U));
}

BOOST_FIXTURE_TEST_CASE(what_the_model_cannot_read_is_refused, small_model) {
  using branch = decoder_type::branch;
  prefopt::random_generator random(1);
  const std::vector<prefopt::token_id> empty, outside = {23}, negative = {-1}, full(12, 1),
                                              beyond(13, 1), one = {1};
  decoder_type decoder(model, 14);
  const auto refuses = [&](std::vector<branch> branches) {
    BOOST_CHECK_THROW(static_cast<void>(decoder.read(branches)), prefopt::value_error);
    BOOST_TEST(decoder.size() == 0U);
  };
  refuses({});
  refuses({{-1, empty}});
  refuses({{-1, one}, {-1, outside}});
  refuses({{-1, negative}});
  refuses({{-1, beyond}});            // the model's positions
  refuses({{-1, full}, {-1, full}});  // the decoder's capacity
  refuses({{0, one}});
  const auto read = decoder.read(std::vector{branch{-1, full}});
  BOOST_CHECK_THROW(static_cast<void>(decoder.read(std::vector{branch{read.nodes[0], one}})),
                    prefopt::value_error);
  BOOST_CHECK_THROW(static_cast<void>(generate(model, full, {}, random)), prefopt::value_error);
  const std::vector<prefopt::token_ids> second_is_empty = {{1}, {}};
  BOOST_CHECK_EXCEPTION(static_cast<void>(generate(model, std::span(second_is_empty), {}, random)),
                        prefopt::value_error, [](const auto& e) {
                          return std::string_view(e.what()).find("prompt 1 ") != std::string::npos;
                        });
  BOOST_CHECK_THROW(static_cast<void>(generate(model, one, {.max_new_tokens = 0}, random)),
                    prefopt::value_error);
}
