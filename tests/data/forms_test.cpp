// SPDX-License-Identifier: MIT
// Lists and unpaired examples are tokenized, cut and refused by the same rules as pairs.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/data/mismatched.hpp"
#include "prefopt/data/tokenize.hpp"
#include "data/toy_tokenizer.hpp"

using namespace prefopt;

namespace {

const tests::toy_tokenizer toy({"ab"});  // 256; the end of text is 257
constexpr token_id end = 257;

}  // namespace

BOOST_AUTO_TEST_SUITE(example_forms)

BOOST_AUTO_TEST_CASE(a_list_shares_the_prompt_tokens_that_all_its_responses_leave) {
  const std::vector<preference_example> lists{{"xa", {"c", "b", ""}, {1, 2, 3}}};
  const tokenized_lists result = tokenize(lists, toy);
  BOOST_REQUIRE(result.size() == 1);
  BOOST_TEST((result[0] ==
              tokenized_example{{'x'}, {{'a', 'c', end}, {256, end}, {'a', end}}, {1, 2, 3}}));
  BOOST_TEST(result.report.boundary_merges == 1);
}

BOOST_AUTO_TEST_CASE(an_unpaired_example_keeps_its_label) {
  const std::vector<unpaired_preference> examples{{"x", "y", false}, {"xa", "b", true}};
  const tokenized_completions result = tokenize(examples, toy);
  BOOST_REQUIRE(result.size() == 2);
  BOOST_TEST((result[0] == tokenized_unpaired{{'x'}, {'y', end}, false}));
  BOOST_TEST((result[1] == tokenized_unpaired{{'x'}, {256, end}, true}));
  BOOST_TEST(result.lines == (std::vector<std::size_t>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_response_cut_to_nothing_drops_its_example) {
  const tokenize_options short_ones{.max_length = 2};
  const std::vector<tokenized_example> lists{
      {{1}, {{2}, {3, 4, 5}, {6}}}, {{1, 1}, {{2}, {3}, {4}}}, {{1}, {{2}, {2}}}};
  const auto kept = tokenize(lists, short_ones);
  BOOST_REQUIRE(kept.size() == 1);
  BOOST_TEST((kept[0] == tokenized_example{{1}, {{2}, {3}, {6}}}));
  BOOST_TEST(kept.report.dropped_empty == 1);
  BOOST_TEST(kept.report.dropped_equal == 1);
  BOOST_TEST(kept.report.truncated == 1);
  const std::vector<tokenized_unpaired> examples{{{1, 1}, {2}}, {{1}, {2, 3}}};
  BOOST_TEST(tokenize(examples, short_ones).report.dropped_empty == 1);
  const std::vector<tokenized_unpaired> none{examples[0]};
  BOOST_CHECK_EXCEPTION((void)tokenize(none, short_ones), format_error,
                        [](const format_error& cause) {
                          return std::string(cause.what())
                                     .find("0 of 1 examples, 1 dropped without a response token") !=
                                 std::string::npos;
                        });
}

BOOST_AUTO_TEST_CASE(keep_end_cuts_the_prompt_for_the_longest_response) {
  tokenized_example list{{1, 2, 3, 4}, {{5}, {6, 7}, {8, 9, 10}}};
  BOOST_TEST(truncate(list, 5, truncation::keep_end));
  BOOST_TEST((list == tokenized_example{{3, 4}, {{5}, {6, 7}, {8, 9, 10}}}));
}

BOOST_AUTO_TEST_CASE(a_list_that_cannot_be_ranked_is_refused) {
  const auto refuse = [](const tokenized_example& list) {
    BOOST_CHECK_THROW((void)tokenize(std::vector{list}), value_error);
  };
  refuse({{1}, {{2}}});
  refuse({{1}, {{2}, {3}}, {1}});
  refuse({{1}, {{2}, {3}}, {1, std::numeric_limits<double>::quiet_NaN()}});
  BOOST_CHECK_THROW((void)tokenize(std::vector<tokenized_example>{{{1}, {{2}, {-3}}}}),
                    format_error);
}

BOOST_AUTO_TEST_CASE(any_form_is_an_example) {
  const tokenized_pair pair{{1}, {2}, {3}};
  BOOST_TEST((as_example(pair) == tokenized_example{{1}, {{2}, {3}}, {1, 0}}));
  const tokenized_example bad = as_example(tokenized_unpaired{{1}, {2}, false, {4}});
  BOOST_TEST(bad.responses[1] == token_ids{4});
  BOOST_TEST(bad.scores[0] == 0);
  BOOST_TEST(std::isnan(bad.scores[1]));
  // From an example that is no longer needed: the same, without a copy.
  const auto moved = [](auto example) {
    const tokenized_example copy = as_example(example);
    const tokenized_example same = as_example(std::move(example));
    BOOST_TEST((same.prompt == copy.prompt && same.responses == copy.responses));
    BOOST_TEST(same.scores.size() == copy.scores.size());
    BOOST_TEST(same.scores[0] == copy.scores[0]);
    return same;
  };
  tokenized_pair large{token_ids(9, 1), token_ids(9, 2), token_ids(9, 3)};
  const auto* ids = large.chosen.data();
  BOOST_TEST(as_example(std::move(large)).responses[0].data() == ids);
  BOOST_TEST((moved(pair) == tokenized_example{{1}, {{2}, {3}}, {1, 0}}));
  BOOST_TEST((moved(tokenized_example{{1}, {{2}, {3}, {4}}, {}}) ==
              tokenized_example{{1}, {{2}, {3}, {4}}, {1, 0, -1}}));
  BOOST_TEST(std::isnan(moved(tokenized_unpaired{{1}, {2}, false, {4}}).scores[1]));
  (void)moved(tokenized_unpaired{{1}, {2}, true});
  (void)moved(tokenized_example{{1}, {{2}, {3}, {4}}, {}});
  (void)moved(tokenized_example{{1}, {{2}, {3}, {4}}, {1, 3, 2}});
}

BOOST_AUTO_TEST_CASE(targets_go_with_their_responses) {
  tokenized_pair pair{{1}, {2, 3, 4}, {5, 6, 7}, {{{0, 1}, {2, 3}}, {{1, 3}}}};
  const std::vector<target_runs> runs = pair.targets;
  BOOST_TEST(target_count(pair, 0) == 2U);
  BOOST_TEST(target_count(tokenized_pair{{1}, {2, 3, 4}, {5}}, 0) == 3U);
  BOOST_TEST((as_example(pair).targets == runs));
  BOOST_TEST((as_example(as_example(pair)).targets == runs));
  BOOST_TEST((as_example(std::move(pair)).targets == runs));
  tokenized_unpaired one{{1}, {2, 3}, true, {}, {{{1, 2}}}};
  BOOST_TEST((as_example(one).targets == one.targets));
  BOOST_TEST((as_example(std::move(one)).targets == std::vector<target_runs>{{{1, 2}}}));
  const tokenized_example too_few{{1}, {{2}, {3}}, {}, {{{0, 1}}}};
  BOOST_CHECK_THROW((void)response_targets(too_few, 1), value_error);
}

BOOST_AUTO_TEST_CASE(a_mismatched_completion_has_its_donors_targets) {
  const tokenized_unpaired masked{{1}, {2, 3, 4}, true, {}, {{{0, 1}, {2, 3}}}};
  const tokenized_unpaired whole{{5}, {6, 7}, true};
  const auto mixed = [](std::vector<tokenized_unpaired> examples, std::size_t max_length) {
    add_mismatched(examples, max_length);
    add_mismatched(examples, max_length);  // again: replaces the first draw
    return examples;
  };
  const auto both = mixed({masked, whole}, 9);
  BOOST_TEST(
      (both[0] == tokenized_unpaired{{1}, {2, 3, 4}, true, {6, 7}, {{{0, 1}, {2, 3}}, {{0, 2}}}}));
  BOOST_TEST(
      (both[1] == tokenized_unpaired{{5}, {6, 7}, true, {2, 3, 4}, {{{0, 2}}, {{0, 1}, {2, 3}}}}));
  // cut to the room that the prompt leaves, and so are its targets
  BOOST_TEST(
      (mixed({masked, whole}, 3)[1].targets == std::vector<target_runs>{{{0, 2}}, {{0, 1}}}));
  BOOST_TEST(mixed({whole, {{1}, {2}, true}}, 9)[0].targets.empty());
}

namespace {

/// Liked and disliked completions of a prompt in turn; each completion is a different token, 100
/// and up.
std::vector<tokenized_unpaired> alternating(token_id prompts) {
  std::vector<tokenized_unpaired> examples;
  for (token_id p = 0; p < prompts; ++p)
    for (const bool liked : {true, false})
      examples.push_back({{p}, {100 + static_cast<token_id>(examples.size())}, liked});
  return examples;
}

}  // namespace

BOOST_AUTO_TEST_CASE(mismatched_completions_are_each_given_once_to_another_prompt) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    std::vector<tokenized_unpaired> examples = alternating(40);
    // groups of one to three
    for (token_id p = 40; p < 60; ++p) examples.push_back({{p % 50}, {100 + p + 40}, true});
    add_mismatched(examples, 9, seed);
    std::set<token_id> given;
    for (const auto& example : examples) {
      BOOST_REQUIRE(example.mismatched.size() == 1);
      given.insert(example.mismatched[0]);
      const auto donor =
          std::ranges::find(examples, example.mismatched, &tokenized_unpaired::completion);
      BOOST_REQUIRE(donor != examples.end());
      BOOST_TEST(donor->prompt != example.prompt);
    }
    BOOST_TEST(given.size() == examples.size());
  }
}

BOOST_AUTO_TEST_CASE(mismatched_completions_do_not_follow_the_order_of_labels) {
  auto examples = alternating(500), again = examples, others = examples;
  add_mismatched(examples, 9);
  add_mismatched(again, 9);
  add_mismatched(others, 9, 7);
  BOOST_TEST((examples == again));
  BOOST_TEST(!(examples == others));
  int liked_to_liked = 0, neighbours = 0;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const auto donor = static_cast<std::size_t>(examples[i].mismatched[0] - 100);
    liked_to_liked += examples[i].label && examples[donor].label;
    neighbours += donor / 2 + 1 == i / 2 || i / 2 + 1 == donor / 2;
  }
  BOOST_TEST(liked_to_liked > 200);  // 250 of 500 are expected
  BOOST_TEST(liked_to_liked < 300);
  BOOST_TEST(neighbours < 20);
}

BOOST_AUTO_TEST_CASE(mismatched_completions_fit_and_are_shared_where_one_prompt_has_most) {
  std::vector<tokenized_unpaired> examples{
      {{1}, {10, 11}}, {{1}, {12}}, {{2, 2}, {13, 14, 15}}, {{1}, {14}}, {{1}, {15}}};
  add_mismatched(examples, 3);
  for (const std::size_t i : {0U, 1U, 3U, 4U})
    BOOST_TEST(examples[i].mismatched == (token_ids{13, 14}));
  BOOST_TEST(examples[2].mismatched.size() == 1);
  add_mismatched(examples, 2);
  BOOST_TEST(response_count(examples[2]) == 1);  // no room
  std::vector<tokenized_unpaired> shared{{{1}, {10}}, {{1}, {11}}, {{1}, {12}},
                                         {{1}, {13}}, {{2}, {20}}, {{3}, {30}}};
  add_mismatched(shared, 9);
  int from_two = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    BOOST_TEST(shared[i].mismatched[0] >= 20);
    from_two += shared[i].mismatched[0] == 20;
  }
  BOOST_TEST(from_two == 2);
  BOOST_TEST(shared[4].mismatched[0] < 20);
  BOOST_TEST(shared[5].mismatched[0] < 20);
  std::vector<tokenized_unpaired> alike{{{1}, {10}, true, {5}}, {{1}, {11}}}, none;
  add_mismatched(alike, 9);
  BOOST_TEST(response_count(alike[0]) == 1);
  add_mismatched(none, 9);
  BOOST_TEST(none.empty());
}

BOOST_AUTO_TEST_SUITE_END()
