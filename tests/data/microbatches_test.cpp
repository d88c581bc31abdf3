// SPDX-License-Identifier: MIT
// Micro-batches keep limits and order, except for equal prompts, and none has room for the next
// example too.

#include "prefopt/data/microbatches.hpp"

#include <cstddef>
#include <numeric>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"

using namespace prefopt;

namespace {

token_ids random_ids(random_generator& random, std::size_t count) {
  token_ids ids(count);
  for (token_id& id : ids) id = static_cast<token_id>(random.below(50));
  return ids;
}

/// Pairs of many sizes; about half of them have the prompt of an earlier pair, so that packing
/// shares it.
std::vector<tokenized_pair> random_pairs(random_generator& random, std::size_t count) {
  std::vector<tokenized_pair> pairs;
  for (std::size_t i = 0; i < count; ++i) {
    token_ids prompt = i > 0 && random.below(2) == 0 ? pairs[random.below(i)].prompt
                                                     : random_ids(random, 16 + random.below(30));
    pairs.push_back({prompt, random_ids(random, 1 + random.below(20)),
                     random_ids(random, 1 + random.below(20))});
  }
  return pairs;
}

/// Each member, then all later ones with its prompt.
std::vector<std::size_t> grouped(const std::vector<tokenized_pair>& pairs,
                                 std::vector<std::size_t> members) {
  std::vector<std::size_t> together;
  while (!members.empty()) {
    const token_ids prompt = pairs[members.front()].prompt;
    std::vector<std::size_t> others;
    for (const std::size_t member : members)
      (pairs[member].prompt == prompt ? together : others).push_back(member);
    members = others;
  }
  return together;
}

std::size_t packed(const std::vector<tokenized_pair>& pairs,
                   const std::vector<std::size_t>& members, const microbatch_options& options) {
  return pack(pairs, members, {.responses = options.responses}).tokens.size();
}

void check_limits(const std::vector<tokenized_pair>& pairs, const std::vector<std::size_t>& members,
                  const microbatch_options& options) {
  const auto cut = microbatches(pairs, members, options);
  std::vector<std::size_t> joined;
  for (std::size_t b = 0; b < cut.size(); ++b) {
    joined.insert(joined.end(), cut[b].begin(), cut[b].end());
    BOOST_TEST(!cut[b].empty());
    const bool small = options.tokens == 0 || packed(pairs, cut[b], options) <= options.tokens;
    BOOST_TEST((small || cut[b].size() == 1));
    BOOST_TEST((options.examples == 0 || cut[b].size() <= options.examples));
    if (b + 1 == cut.size()) continue;
    std::vector<std::size_t> more = cut[b];
    more.push_back(cut[b + 1].front());
    BOOST_TEST(((options.tokens != 0 && packed(pairs, more, options) > options.tokens) ||
                (options.examples != 0 && more.size() > options.examples)));
  }
  BOOST_TEST(joined == grouped(pairs, members), boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cut_microbatches)

BOOST_AUTO_TEST_CASE(random_cuts_keep_order_and_limits_and_are_as_long_as_can_be) {
  random_generator random(3);
  for (int round = 0; round < 60; ++round) {
    const auto pairs = random_pairs(random, 1 + random.below(30));
    const auto members = shuffled_indices(pairs.size(), 7, static_cast<std::uint64_t>(round));
    std::vector<std::size_t> in_order(pairs.size());
    std::iota(in_order.begin(), in_order.end(), std::size_t{0});
    const microbatch_options options{.examples = random.below(5),
                                     .tokens = random.below(3) == 0 ? 0 : 30 + random.below(200),
                                     .responses = random.below(2) == 0
                                                      ? std::vector<std::int32_t>{}
                                                      : std::vector<std::int32_t>{chosen_index}};
    check_limits(pairs, members, options);
    check_limits(pairs, in_order, options);
  }
}

BOOST_AUTO_TEST_CASE(a_pair_larger_than_the_budget_goes_alone) {
  const std::vector<tokenized_pair> pairs{
      {{1}, {2}, {3}}, {token_ids(100, 4), {5}, {6}}, {{7}, {8}, {9}}};
  const std::vector<std::size_t> members{0, 1, 2};
  const std::vector<std::vector<std::size_t>> alone{{0}, {1}, {2}};
  BOOST_TEST((microbatches(pairs, members, {.tokens = 10}) == alone));
  BOOST_TEST((microbatches(pairs, members, {.tokens = 1}) == alone));
}

BOOST_AUTO_TEST_CASE(without_limits_all_go_together_and_nothing_gives_nothing) {
  const std::vector<tokenized_pair> pairs{{{1}, {2}, {3}}, {{7}, {8}, {9}}};
  const std::vector<std::size_t> members{1, 0, 1};
  BOOST_TEST(
      (microbatches(pairs, members, {}) == std::vector<std::vector<std::size_t>>{{1, 1, 0}}));
  BOOST_TEST(microbatches(pairs, {}, {.tokens = 5}).empty());
  const std::vector<std::size_t> absent{2};
  BOOST_CHECK_THROW(static_cast<void>(microbatches(pairs, absent, {})), value_error);
}

BOOST_AUTO_TEST_SUITE_END()
