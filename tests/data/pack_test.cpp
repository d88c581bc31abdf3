// SPDX-License-Identifier: MIT
// Packing loses nothing, stores nothing twice that should be shared, and names the right targets.

#include "prefopt/data/pack.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/data/check_batch.hpp"
#include "data/random_sequences.hpp"

using namespace prefopt;
using prefopt::tests::owned_sequence;

namespace {

token_ids whole(const owned_sequence& s) {
  token_ids tokens = s.prompt;
  tokens.insert(tokens.end(), s.response.begin(), s.response.end());
  return tokens;
}

std::size_t common(const token_ids& a, const token_ids& b) {
  std::size_t n = 0;
  while (n < a.size() && n < b.size() && a[n] == b[n]) ++n;
  return n;
}

/// Tokens of the forest by brute force: which sequences are in one tree, by repeated merging; then
/// every distinct prefix of a tree is one stored token.
std::size_t fewest_tokens(const std::vector<owned_sequence>& sequences) {
  std::vector<std::size_t> tree(sequences.size());
  for (std::size_t s = 0; s < tree.size(); ++s) tree[s] = s;
  for (std::size_t a = 0; a < tree.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      const bool same = sequences[a].example == sequences[b].example;
      if (same || common(whole(sequences[a]), whole(sequences[b])) >= 16) {
        const std::size_t from = tree[a], to = tree[b];
        std::ranges::replace(tree, from, to);
      }
    }
  }
  std::set<std::pair<std::size_t, token_ids>> prefixes;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    token_ids tokens = whole(sequences[s]);
    for (; !tokens.empty(); tokens.pop_back()) prefixes.insert({tree[s], tokens});
  }
  return prefixes.size();
}

void check_against(const prefix_tree_batch& batch, const std::vector<owned_sequence>& sequences) {
  BOOST_REQUIRE_EQUAL(batch.sequences.size(), sequences.size());
  std::size_t s = 0;
  for_each_sequence(batch, [&](const sequence_path& path) {
    const owned_sequence& expected = sequences[s++];
    const token_ids tokens = whole(expected);
    BOOST_TEST(path.sequence.example == expected.example);
    BOOST_TEST(path.sequence.response_index == expected.response_index);
    BOOST_TEST(path.tokens == tokens, boost::test_tools::per_element());
    std::vector<std::size_t> targets;
    for (std::size_t p = 1; p < tokens.size(); ++p) {
      const std::size_t prompt = expected.prompt.size();
      const auto holds = [&](token_run run) {
        return prompt + run.begin <= p && p < prompt + run.end;
      };
      if (p >= prompt && (!expected.targets || std::ranges::any_of(*expected.targets, holds)))
        targets.push_back(p);
    }
    BOOST_TEST(path.targets == targets, boost::test_tools::per_element());
    BOOST_REQUIRE_EQUAL(path.sequence.count, static_cast<std::int32_t>(targets.size()));
    auto target = batch.targets.begin() + path.sequence.first_target;
    for (const std::size_t p : targets) {
      BOOST_TEST(target->token == tokens[p]);
      BOOST_TEST(target++->row == path.rows[p - 1]);
    }
  });
}

/// [first, first + 1, ..., last]
token_ids counting(token_id first, token_id last) {
  token_ids ids;
  for (; first <= last; ++first) ids.push_back(first);
  return ids;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pack_sequences)

BOOST_AUTO_TEST_CASE(random_trees_keep_every_token_and_store_each_prefix_once) {
  random_generator random(1);
  for (int round = 0; round < 400; ++round) {
    auto sequences = tests::random_sequences(random, {.examples = 1 + random.below(5),
                                                      .vocabulary_size = 2 + random.below(4),
                                                      .most_tokens = 24});
    if (round % 2 == 1) tests::choose_targets(random, sequences);
    const auto batch = pack(tests::packable(sequences));
    check(batch);
    check_against(batch, sequences);
    BOOST_TEST(batch.tokens.size() == fewest_tokens(sequences));
  }
}

BOOST_AUTO_TEST_CASE(a_prompt_and_two_responses_are_a_root_with_two_leaves) {
  const std::vector<tokenized_pair> pairs{{{7, 8}, {1, 2}, {3}}};
  const std::vector<std::size_t> members{0};
  const auto batch = pack(pairs, members);
  BOOST_TEST(batch.tokens == (token_ids{7, 8, 1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(batch.positions == (std::vector<std::int32_t>{0, 1, 2, 3, 2}),
             boost::test_tools::per_element());
  BOOST_TEST((batch.nodes == std::vector<tree_node>{{-1, 0, 2, 5}, {0, 2, 4, 4}, {0, 4, 5, 5}}));
  BOOST_TEST((batch.sequences == std::vector<tree_sequence>{{0, 0, 0, 2, 3}, {0, 1, 2, 1, 4}}));
  BOOST_TEST((batch.targets == std::vector<tree_target>{{1, 1}, {2, 2}, {1, 3}}));
  BOOST_TEST(batch.rows == (std::vector<std::int32_t>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_sequence_that_ends_inside_another_needs_no_node) {
  const std::vector<tokenized_pair> pairs{{{7}, {1, 2, 3}, {1}}};
  const std::vector<std::size_t> members{0};
  const auto batch = pack(pairs, members);
  BOOST_TEST((batch.nodes == std::vector<tree_node>{{-1, 0, 4, 4}}));
  BOOST_TEST(batch.sequences[0].last_row == 3);
  BOOST_TEST(batch.sequences[1].last_row == 1);
}

BOOST_AUTO_TEST_CASE(targets_are_the_runs_that_a_response_names) {
  const std::vector<tokenized_pair> pairs{{{7}, {1, 2, 3}, {4, 5}, {{{0, 1}, {2, 3}}, {}}}};
  const std::vector<std::size_t> members{0};
  const auto batch = pack(pairs, members);
  check(batch);
  BOOST_TEST((batch.targets == std::vector<tree_target>{{0, 1}, {2, 3}}));
  BOOST_TEST((batch.sequences == std::vector<tree_sequence>{{0, 0, 0, 2, 3}, {0, 1, 2, 0, 5}}));
  BOOST_TEST(batch.rows == (std::vector<std::int32_t>{0, 2}), boost::test_tools::per_element());
  for (const target_runs& bad :
       {target_runs{{0, 4}}, {{1, 1}}, {{2, 1}}, {{1, 2}, {0, 1}}, {{0, 2}, {1, 3}}}) {
    const std::vector<tokenized_pair> refused{{{7}, {1, 2, 3}, {4, 5}, {bad, {}}}};
    BOOST_CHECK_THROW((void)pack(refused, members), value_error);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_prompts_first_token_has_no_target) {
  const std::vector<tokenized_pair> pairs{{{}, {1, 2}, {3}}};
  const std::vector<std::size_t> members{0};
  const auto batch = pack(pairs, members);
  BOOST_TEST((batch.targets == std::vector<tree_target>{{0, 2}}));
  BOOST_TEST(batch.sequences[1].count == 0);
}

BOOST_AUTO_TEST_CASE(examples_share_from_sixteen_common_tokens_up) {
  const std::vector<std::size_t> members{0, 1};
  for (const token_id length : {15, 16}) {
    const token_ids prompt = counting(1, length);
    const std::vector<tokenized_pair> pairs{{prompt, {50}, {51}}, {prompt, {52}, {53}}};
    const auto batch = pack(pairs, members);
    BOOST_TEST(batch.tokens.size() == (length < 16 ? 34U : 20U));
  }
}

BOOST_AUTO_TEST_CASE(the_input_keeps_its_order_and_its_numbers_in_the_data_set) {
  const std::vector<tokenized_pair> pairs{{{9}, {1}, {2}}, {{3}, {1}, {2}}, {{5}, {1}, {2}}};
  const std::vector<std::size_t> members{2, 0};
  const auto batch = pack(pairs, members);
  const std::vector<tree_sequence> expected{
      {2, 0, 0, 1, 1}, {2, 1, 1, 1, 2}, {0, 0, 2, 1, 4}, {0, 1, 3, 1, 5}};
  BOOST_TEST((batch.sequences == expected));
}

BOOST_AUTO_TEST_CASE(only_the_responses_that_are_asked_for_are_packed) {
  const std::vector<tokenized_example> examples{{{9}, {{1}, {2}, {3}}}};
  const std::vector<std::size_t> members{0};
  BOOST_TEST(pack(examples, members).sequences.size() == 3U);
  const auto batch = pack(examples, members, {.responses = {2}});
  BOOST_TEST(batch.tokens == (token_ids{9, 3}), boost::test_tools::per_element());
  BOOST_TEST(batch.sequences.at(0).response_index == 2);
  BOOST_CHECK_THROW((void)pack(examples, members, {.responses = {3}}), value_error);
  BOOST_CHECK_THROW((void)pack(examples, members, {.responses = {-1}}), value_error);
  const std::vector<std::size_t> absent{1};
  BOOST_CHECK_THROW((void)pack(examples, absent), value_error);
}

BOOST_AUTO_TEST_CASE(nothing_packs_to_nothing_and_a_sequence_without_tokens_is_refused) {
  const auto batch = pack(std::vector<packable_sequence>{});
  check(batch);
  BOOST_TEST(batch.nodes.empty());
  const std::vector<packable_sequence> empty(1);
  BOOST_CHECK_THROW((void)pack(empty), value_error);
}

BOOST_AUTO_TEST_CASE(an_example_without_responses_is_refused_by_its_index) {
  const std::vector<tokenized_example> examples{{.prompt = {1}, .responses = {{2}, {3}}},
                                                {.prompt = {1}, .responses = {}}};
  const std::vector<std::size_t> members{0, 1};
  BOOST_CHECK_EXCEPTION((void)pack(examples, members), value_error, [](const value_error& cause) {
    return std::string_view(cause.what()).find("example 1 has no response") !=
           std::string_view::npos;
  });
}

BOOST_AUTO_TEST_CASE(an_empty_response_is_refused_by_its_index) {
  const std::vector<tokenized_pair> pairs{{{1}, {2}, {3}}, {{1, 4}, {2}, {}}};
  const std::vector<std::size_t> members{0, 1};
  BOOST_CHECK_EXCEPTION((void)pack(pairs, members), value_error, [](const value_error& cause) {
    return std::string(cause.what()).find("response 1 of example 1 is empty") != std::string::npos;
  });
  const pack_options chosen{.responses = {0}};  // the other one is not read
  BOOST_TEST(pack(pairs, members, chosen).sequences.size() == 2U);
}

BOOST_AUTO_TEST_CASE(more_tokens_than_an_index_can_count_are_refused_before_they_are_copied) {
  const token_ids long_one(1 << 20);
  const std::vector<packable_sequence> sequences(2048, {0, 0, long_one, {}});
  BOOST_CHECK_THROW((void)pack(sequences), value_error);
}

// 0, 00, 000, ...: a chain in which every sequence is a proper prefix of the next, then one with a
// leaf at every depth.
BOOST_AUTO_TEST_CASE(deep_trees_need_no_stack) {
  const std::size_t depth = 10000;
  const token_ids chain(depth, 0);
  const std::vector<packable_sequence> prefixes{{0, 0, {}, chain},
                                                {0, 1, {}, std::span(chain).first(depth / 2)}};
  BOOST_TEST(pack(prefixes).tokens.size() == depth);

  std::vector<token_ids> combs;
  for (std::size_t d = 1; d < 1000; ++d) {
    combs.emplace_back(d, 0);
    combs.back().push_back(1);
  }
  std::vector<packable_sequence> sequences;
  for (const token_ids& comb : combs)
    sequences.push_back({0, static_cast<std::int32_t>(sequences.size()), {}, comb});
  const auto batch = pack(sequences);
  check(batch);
  BOOST_TEST(batch.tokens.size() == 2 * 999U);
  BOOST_TEST(batch.nodes.size() == 2 * 999U - 1);
}

BOOST_AUTO_TEST_SUITE_END()
