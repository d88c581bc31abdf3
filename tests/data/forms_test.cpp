// SPDX-License-Identifier: MIT
// Lists and unpaired examples are tokenized, cut and refused by the rules of pairs.

#include <boost/test/unit_test.hpp>
#include <limits>
#include <string>
#include <vector>

#include "data/toy_tokenizer.hpp"
#include "prefopt/data/mismatched.hpp"
#include "prefopt/data/tokenize.hpp"

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
  BOOST_TEST((result[0] == tokenized_example{{'x'}, {{'a', 'c', end}, {256, end}, {'a', end}}, {1, 2, 3}}));
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
  BOOST_CHECK_EXCEPTION((void)tokenize(none, short_ones), format_error, [](const format_error& cause) {
    return std::string(cause.what()).find("0 of 1 examples, 1 dropped without a response token") != std::string::npos;
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
  BOOST_CHECK_THROW((void)tokenize(std::vector<tokenized_example>{{{1}, {{2}, {-3}}}}), format_error);
}

BOOST_AUTO_TEST_CASE(any_form_is_an_example) {
  const tokenized_pair pair{{1}, {2}, {3}};
  BOOST_TEST((as_example(pair) == tokenized_example{{1}, {{2}, {3}}, {1, 0}}));
  const tokenized_example bad = as_example(tokenized_unpaired{{1}, {2}, false, {4}});
  BOOST_TEST(bad.responses[1] == token_ids{4});
  BOOST_TEST(bad.scores[0] == 0);
  BOOST_TEST(std::isnan(bad.scores[1]));
  // From what is not needed any more: the same, without a copy.
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
  BOOST_TEST(std::isnan(moved(tokenized_unpaired{{1}, {2}, false, {4}}).scores[1]));
  (void)moved(tokenized_unpaired{{1}, {2}, true});
  (void)moved(tokenized_example{{1}, {{2}, {3}, {4}}, {}});
  (void)moved(tokenized_example{{1}, {{2}, {3}, {4}}, {1, 3, 2}});
}

BOOST_AUTO_TEST_CASE(mismatched_completions_are_those_of_another_prompt_and_fit) {
  std::vector<tokenized_unpaired> examples{{{1}, {10, 11}}, {{1}, {12}}, {{2, 2}, {13}}, {{1}, {14}}, {{1}, {15}}};
  add_mismatched(examples, 3);
  const auto mismatched = [&](std::size_t i) { return examples[i].mismatched; };
  BOOST_TEST(mismatched(0) == token_ids{13});  // over the end: the last with another prompt
  BOOST_TEST(mismatched(1) == token_ids{13});
  BOOST_TEST(mismatched(2) == token_ids{12});
  BOOST_TEST(mismatched(3) == token_ids{13});
  BOOST_TEST(mismatched(4) == token_ids{13});
  examples[2].completion = {13, 14, 15};
  add_mismatched(examples, 3);
  BOOST_TEST(mismatched(0) == (token_ids{13, 14}));
  add_mismatched(examples, 2);
  BOOST_TEST(response_count(examples[2]) == 1);  // no room
  std::vector<tokenized_unpaired> alike{{{1}, {10}}, {{1}, {11}}};
  add_mismatched(alike, 9);
  BOOST_TEST(mismatched(2).empty());
  BOOST_TEST(response_count(alike[0]) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
