// SPDX-License-Identifier: MIT
// A truncated pair fits, and keeps what its rule promises.

#include "prefopt/data/truncate.hpp"

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"

using namespace prefopt;

namespace {

tokenized_pair cut(tokenized_pair pair, std::size_t max_length, truncation which) {
  truncate(pair, max_length, which);
  return pair;
}

token_ids counting(token_id first, std::size_t count) {
  token_ids ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(first + static_cast<token_id>(i));
  return ids;
}

bool begins_with(const token_ids& whole, const token_ids& part) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

bool ends_with(const token_ids& whole, const token_ids& part) {
  return part.size() <= whole.size() && std::equal(part.rbegin(), part.rend(), whole.rbegin());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(truncate_pairs)

BOOST_AUTO_TEST_CASE(keep_start_cuts_each_sequences_end) {
  const tokenized_pair pair{{1, 2, 3}, {4, 5, 6}, {7}};
  BOOST_TEST((cut(pair, 6, truncation::keep_start) == pair));
  BOOST_TEST((cut(pair, 5, truncation::keep_start) == tokenized_pair{{1, 2, 3}, {4, 5}, {7}}));
  BOOST_TEST((cut(pair, 4, truncation::keep_start) == tokenized_pair{{1, 2, 3}, {4}, {7}}));
  BOOST_TEST((cut(pair, 3, truncation::keep_start) == tokenized_pair{{1, 2, 3}, {}, {}}));
  BOOST_TEST((cut(pair, 2, truncation::keep_start) == tokenized_pair{{1, 2}, {}, {}}));
}

BOOST_AUTO_TEST_CASE(keep_end_cuts_the_prompts_start_then_the_responses_ends) {
  const tokenized_pair pair{{1, 2, 3}, {4, 5, 6}, {7}};
  BOOST_TEST((cut(pair, 6, truncation::keep_end) == pair));
  BOOST_TEST((cut(pair, 5, truncation::keep_end) == tokenized_pair{{2, 3}, {4, 5, 6}, {7}}));
  BOOST_TEST((cut(pair, 4, truncation::keep_end) == tokenized_pair{{3}, {4, 5, 6}, {7}}));
  BOOST_TEST((cut(pair, 3, truncation::keep_end) == tokenized_pair{{3}, {4, 5}, {7}}));
  BOOST_TEST((cut(pair, 1, truncation::keep_end) == tokenized_pair{{3}, {}, {}}));
  BOOST_TEST(
      (cut({{}, {4, 5, 6}, {7}}, 2, truncation::keep_end) == tokenized_pair{{}, {4, 5}, {7}}));
}

BOOST_AUTO_TEST_CASE(targets_are_cut_with_their_response) {
  const tokenized_pair pair{{1, 2, 3}, {4, 5, 6, 7}, {8, 9}, {{{0, 1}, {2, 4}}, {{0, 2}}}};
  using runs = std::vector<target_runs>;
  BOOST_TEST((cut(pair, 7, truncation::keep_start).targets == pair.targets));
  BOOST_TEST((cut(pair, 6, truncation::keep_start).targets == runs{{{0, 1}, {2, 3}}, {{0, 2}}}));
  // The token between the runs is read by nothing when the second one is gone.
  BOOST_TEST((cut(pair, 5, truncation::keep_start) ==
              tokenized_pair{{1, 2, 3}, {4}, {8, 9}, {{{0, 1}}, {{0, 2}}}}));
  BOOST_TEST((cut(pair, 3, truncation::keep_start).targets == runs{{}, {}}));
  BOOST_TEST((cut(pair, 5, truncation::keep_end).targets == pair.targets));
  BOOST_TEST((cut(pair, 2, truncation::keep_end).targets == runs{{{0, 1}}, {{0, 1}}}));
}

BOOST_AUTO_TEST_CASE(random_pairs_fit_and_lose_no_more_than_they_must) {
  random_generator random(6);
  for (int round = 0; round < 2000; ++round) {
    const tokenized_pair pair{counting(0, random.below(8)), counting(100, 1 + random.below(8)),
                              counting(200, 1 + random.below(8))};
    const std::size_t most = 1 + random.below(14);
    for (const truncation which : {truncation::keep_start, truncation::keep_end}) {
      tokenized_pair shorter = pair;
      const bool was_cut = truncate(shorter, most, which);
      BOOST_TEST(was_cut == (shorter != pair));
      const std::size_t longer = std::max(shorter.chosen.size(), shorter.rejected.size());
      BOOST_TEST(shorter.prompt.size() + longer <= most);
      BOOST_TEST((!was_cut || shorter.prompt.size() + longer == most));
      BOOST_TEST(shorter.prompt.empty() == pair.prompt.empty());
      BOOST_TEST(begins_with(pair.chosen, shorter.chosen));
      BOOST_TEST(begins_with(pair.rejected, shorter.rejected));
      BOOST_TEST((which == truncation::keep_start ? begins_with(pair.prompt, shorter.prompt)
                                                  : ends_with(pair.prompt, shorter.prompt)));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
