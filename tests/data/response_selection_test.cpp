// SPDX-License-Identifier: MIT
// Which responses are packed, for any order and any form of the example.

#include "prefopt/data/response_selection.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/microbatches.hpp"
#include "prefopt/data/pack.hpp"

using namespace prefopt;

namespace {

template <class Example>
std::vector<std::int32_t> selected(const response_selection& selection, const Example& example) {
  std::vector<std::int32_t> responses;
  selection.for_each(example, [&](std::int32_t index) { responses.push_back(index); });
  return responses;
}

void are(const std::vector<std::int32_t>& came, const std::vector<std::int32_t>& expected) {
  BOOST_TEST(came == expected, boost::test_tools::per_element());
}

const tokenized_pair pair{{1}, {2}, {3}};
const tokenized_example ranked{{1}, {{2}, {3}, {4}}, {-3, -1, -2}}, unscored{{1}, {{2}, {3}, {4}}},
    tied{{1}, {{2}, {3}, {4}}, {0, 7, 7}},
    lowest{{1}, {{2}, {3}}, {-1e308, -std::numeric_limits<double>::infinity()}}, empty{{1}, {}},
    foreign{{1}, {{2}}, {no_score}};
const tokenized_unpaired disliked{{1}, {2}, false, {5}}, alone{{1}, {2}, true};

}  // namespace

BOOST_AUTO_TEST_SUITE(response_selection_of_examples)

BOOST_AUTO_TEST_CASE(the_best_is_the_one_with_the_highest_score) {
  const auto best = response_selection::best();
  are(selected(best, pair), {0});
  are(selected(best, ranked), {1});
  are(selected(best, unscored), {0});
  are(selected(best, tied), {1});
  are(selected(best, lowest), {0});
  are(selected(best, disliked), {0});  // the mismatched one has no score
  are(selected(best, as_example(disliked)), {0});
  are(selected(best, empty), {});
  are(selected(best, foreign), {});
  BOOST_TEST(best_response(foreign) == 1U);
}

BOOST_AUTO_TEST_CASE(its_own_responses_are_all_but_those_to_another_prompt) {
  const auto own = response_selection::own();
  are(selected(own, pair), {0, 1});
  are(selected(own, ranked), {0, 1, 2});
  are(selected(own, disliked), {0});
  are(selected(own, as_example(disliked)), {0});
  are(selected(response_selection(), disliked), {0, 1});
  are(selected({}, alone), {0});
  are(selected({1, 0}, pair), {1, 0});
  are(selected(std::vector<std::int32_t>{1}, pair), {1});
}

BOOST_AUTO_TEST_CASE(what_is_selected_is_packed_and_counted) {
  const std::vector<tokenized_example> lists{ranked, unscored};
  const std::vector<std::size_t> members{0, 1};
  const auto batch = pack(lists, members, {.responses = response_selection::best()});
  BOOST_REQUIRE(batch.sequences.size() == 2);
  BOOST_TEST(batch.sequences[0].response_index == 1);
  BOOST_TEST(batch.sequences[1].response_index == 0);
  BOOST_TEST(batch.tokens == (token_ids{1, 3, 1, 2}), boost::test_tools::per_element());
  const auto cuts = [&](const response_selection& responses) {
    return microbatches(lists, members, {.tokens = 4, .responses = responses}).size();
  };
  BOOST_TEST(cuts(response_selection::best()) == 1U);
  BOOST_TEST(cuts({}) == 2U);
}

BOOST_AUTO_TEST_CASE(an_example_without_a_response_is_refused) {
  const std::vector<std::size_t> members{1};
  const auto refuses = [&](const tokenized_example& example, const response_selection& responses) {
    const std::vector<tokenized_example> lists{ranked, example};
    const auto is_named = [](const value_error& cause) {
      return std::string(cause.what()) ==
             "pack: example 1 has no response to its prompt, expected at least one";
    };
    BOOST_CHECK_EXCEPTION((void)pack(lists, members, {.responses = responses}), value_error,
                          is_named);
    BOOST_CHECK_EXCEPTION((void)microbatches(lists, members, {.tokens = 4, .responses = responses}),
                          value_error, is_named);
  };
  refuses(empty, {});
  refuses(empty, response_selection::own());
  refuses(empty, response_selection::best());
  refuses(foreign, response_selection::own());
  refuses(foreign, response_selection::best());
}

BOOST_AUTO_TEST_SUITE_END()
