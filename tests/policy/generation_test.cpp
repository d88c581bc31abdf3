// SPDX-License-Identifier: MIT
// The bigram writes responses: each from its prompt and its own generator, with the table's
// frequencies.

#include "prefopt/policy/generation.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/policy/bigram.hpp"

using namespace prefopt;

namespace {

constexpr std::size_t vocabulary = 4;

bigram random_bigram() {
  bigram policy(vocabulary);
  random_generator random(1);
  const auto numbers = policy.parameters().at(0).value;
  for (double& logit : numbers) logit = random.normal();
  return policy;
}

std::vector<token_ids> write(const std::vector<token_ids>& prompts,
                             const generation_options& options, random_generator& random) {
  return generate(random_bigram(), std::span<const token_ids>(prompts), options, random);
}

std::vector<token_ids> write(const std::vector<token_ids>& prompts,
                             const generation_options& options) {
  random_generator random(9);
  return write(prompts, options, random);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(generation)

BOOST_AUTO_TEST_CASE(a_response_does_not_depend_on_those_beside_it) {
  const std::vector<token_ids> prompts = {{3, 1}, {2}, {3, 1}, {0, 0, 0}, {2}};
  const generation_options options{.max_new_tokens = 9, .end_of_text = 0};
  const auto together = write(prompts, options);
  BOOST_REQUIRE_EQUAL(together.size(), prompts.size());
  random_generator one_by_one(9);
  for (std::size_t i = 0; i < prompts.size(); ++i)
    BOOST_TEST(write({prompts[i]}, options, one_by_one).at(0) == together[i],
               boost::test_tools::per_element());
  BOOST_TEST(together[0] != together[2]);  // each has its own generator

  auto others = prompts;
  others[0] = {1};
  others[3] = {1, 2};
  const auto beside_others = write(others, options);
  for (const std::size_t same : {1U, 2U, 4U})
    BOOST_TEST(beside_others[same] == together[same], boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_prompt_takes_one_number_of_the_generator_however_long_its_response_is) {
  const std::vector<token_ids> prompts = {{3, 1}, {2}, {3, 1}, {0}};
  random_generator of_short(9), of_long(9), skipped(9);
  const auto cut_off = write(prompts, {.max_new_tokens = 2}, of_short);
  const auto whole = write(prompts, {.max_new_tokens = 9}, of_long);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    BOOST_TEST(cut_off[i] == token_ids(whole[i].begin(), whole[i].begin() + 2),
               boost::test_tools::per_element());
    random_generator own(skipped);
    BOOST_TEST(write({prompts[i]}, {.max_new_tokens = 9}, own).at(0) == whole[i],
               boost::test_tools::per_element());
    (void)skipped.next();
  }
  BOOST_TEST((of_short.state() == skipped.state() && of_long.state() == skipped.state()));
}

// The generator gives the same numbers on every computer, so the counts here never change; a bound
// of five deviations per frequency, which less than one in a million would exceed, lets no table of
// other probabilities through.
BOOST_AUTO_TEST_CASE(first_and_second_tokens_come_as_often_as_the_table_says) {
  constexpr std::size_t draws = 20000;
  const bigram policy = random_bigram();
  const auto responses = write(std::vector<token_ids>(draws, {0, 2}), {.max_new_tokens = 2});
  for (std::size_t a = 0; a < vocabulary; ++a) {
    for (std::size_t b = 0; b < vocabulary; ++b) {
      const token_ids expected{static_cast<token_id>(a), static_cast<token_id>(b)};
      const double share = static_cast<double>(std::ranges::count(responses, expected)) / draws;
      const double likely = std::exp(policy.log_prob(2, a) + policy.log_prob(a, b));
      BOOST_TEST(std::abs(share - likely) <= 5 * std::sqrt(likely * (1 - likely) / draws),
                 a << ' ' << b << ": " << share << ", probability " << likely);
    }
  }
}

BOOST_AUTO_TEST_CASE(it_ends_behind_the_end_of_text_or_where_it_is_told_to) {
  const std::vector<token_ids> prompts(50, {1, 0});  // the end of text in a prompt ends nothing
  const auto responses = write(prompts, {.max_new_tokens = 6, .end_of_text = 0});
  std::size_t ended = 0;
  for (const token_ids& response : responses) {
    BOOST_TEST_REQUIRE(!response.empty());
    BOOST_TEST(response.size() <= 6U);
    const auto end = std::ranges::find(response, 0);
    BOOST_TEST((end == response.end() || end + 1 == response.end()));
    BOOST_TEST((response.size() == 6 || end != response.end()));
    ended += end != response.end() ? 1U : 0U;
  }
  BOOST_TEST((ended > 0 && ended < responses.size()));
  for (const token_ids& response : write(prompts, {.max_new_tokens = 6}))
    BOOST_TEST(response.size() == 6U);
}

BOOST_AUTO_TEST_CASE(sampling_options_are_heeded) {
  const bigram policy = random_bigram();
  token_id last = 2;
  const auto responses = write({{2}}, {.max_new_tokens = 5, .sampling = {.temperature = 0}});
  BOOST_TEST(responses.at(0).size() == 5U);
  for (const token_id token : responses[0]) {
    const auto logits = policy.logits_after(last);
    BOOST_TEST(token == std::ranges::max_element(logits) - logits.begin());
    last = token;
  }
}

BOOST_AUTO_TEST_CASE(samples_are_examples_of_k_responses_to_each_prompt) {
  const std::vector<token_ids> prompts = {{3, 1}, {2}, {0}};
  const generation_options options{.max_new_tokens = 5, .end_of_text = 0};
  random_generator random(9);
  const auto examples =
      sample_responses(random_bigram(), std::span<const token_ids>(prompts), 4, options, random);
  BOOST_REQUIRE_EQUAL(examples.size(), 3U);
  std::vector<token_ids> repeated;
  for (const token_ids& prompt : prompts) repeated.insert(repeated.end(), 4, prompt);
  const auto expected = write(repeated, options);
  for (std::size_t e = 0; e < 3; ++e) {
    BOOST_TEST(examples[e].prompt == prompts[e], boost::test_tools::per_element());
    BOOST_TEST(examples[e].scores.empty());
    BOOST_REQUIRE_EQUAL(examples[e].responses.size(), 4U);
    for (std::size_t k = 0; k < 4; ++k)
      BOOST_TEST(examples[e].responses[k] == expected[4 * e + k], boost::test_tools::per_element());
  }
  BOOST_TEST(sample_responses(random_bigram(), {}, 4, options, random).empty());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_continued_or_asked_for_is_refused) {
  for (const token_ids& prompt :
       {token_ids{}, token_ids{4}, token_ids{-1}, token_ids{4, 1}, token_ids{1, -1, 1}})
    BOOST_CHECK_THROW((void)write({{1}, prompt}, {}), value_error);
  BOOST_CHECK_THROW((void)write({{1}}, {.max_new_tokens = 0}), value_error);
  BOOST_CHECK_THROW((void)write({{1}}, {.sampling = {.temperature = -1}}), value_error);
  BOOST_CHECK_THROW((void)write({}, {.sampling = {.top_p = 0}}), value_error);
  random_generator random(1);
  const std::vector<token_ids> prompts{{1}};
  BOOST_CHECK_THROW(
      (void)sample_responses(random_bigram(), std::span<const token_ids>(prompts), 0, {}, random),
      value_error);
}

BOOST_AUTO_TEST_SUITE_END()
