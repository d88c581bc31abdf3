// SPDX-License-Identifier: MIT
#include "prefopt/tokenizers/byte_pairs.hpp"

#include <chrono>
#include <map>
#include <utility>

#include <boost/test/unit_test.hpp>

#include "tokenizers/random_texts.hpp"

using prefopt::merge_table;
using prefopt::token_id;
using prefopt::token_ids;

namespace {

struct random_merges {
  merge_table table;
  std::map<std::pair<token_id, token_id>, std::pair<std::uint32_t, token_id>> map;
};

/// Merges of `letters` symbols and of their results, in any order, even one that no training would
/// give.
random_merges make_merges(prefopt_test::random_numbers& numbers, token_id letters,
                          std::uint32_t count) {
  random_merges merges{merge_table(), {}};
  for (std::uint32_t rank = 0; rank < count; ++rank) {
    const auto ids = static_cast<std::size_t>(letters) + rank;
    const auto left = static_cast<token_id>(numbers.below(ids));
    const auto right = static_cast<token_id>(numbers.below(ids));
    const std::uint32_t shuffled = rank * 7 % count;  // count is no multiple of 7: every rank once
    const auto merged = static_cast<token_id>(ids);
    merges.table.insert(left, right, {shuffled, merged});
    merges.map[{left, right}] = {shuffled, merged};
  }
  return merges;
}

/// The definition, word for word.
token_ids merge_slowly(token_ids tokens, const random_merges& merges) {
  while (true) {
    auto best = merges.map.end();
    std::size_t position = 0;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      const auto found = merges.map.find({tokens[i], tokens[i + 1]});
      if (found == merges.map.end()) continue;
      if (best == merges.map.end() || found->second.first < best->second.first) {
        best = found;
        position = i;
      }
    }
    if (best == merges.map.end()) return tokens;
    tokens[position] = best->second.second;
    tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(position) + 1);
  }
}

token_ids random_word(prefopt_test::random_numbers& numbers, std::size_t length,
                      std::size_t letters) {
  token_ids word(length);
  for (token_id& id : word) id = static_cast<token_id>(numbers.below(letters));
  return word;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(byte_pairs)

BOOST_AUTO_TEST_CASE(words_of_any_length_merge_as_the_definition_says) {
  prefopt_test::random_numbers numbers(2);
  for (int round = 0; round < 300; ++round) {
    const auto letters = static_cast<token_id>(2 + numbers.below(4));
    const random_merges merges = make_merges(numbers, letters, 20);
    for (const std::size_t length : {0u, 1u, 2u, 3u, 7u, 20u, 47u, 48u, 49u, 50u, 120u}) {
      const token_ids word = random_word(numbers, length, static_cast<std::size_t>(letters));
      token_ids out{99};
      prefopt::merge_word(word, merges.table, out);
      token_ids expected = merge_slowly(word, merges);
      expected.insert(expected.begin(), 99);
      BOOST_TEST(out == expected, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(scan_heap_and_buckets_agree_on_short_words) {
  prefopt_test::random_numbers numbers(3);
  const random_merges merges = make_merges(numbers, 3, 30);
  for (int round = 0; round < 2000; ++round) {
    const token_ids word =
        random_word(numbers, numbers.below(prefopt::detail::scanned_word + 1), 3);
    token_ids scanned;
    token_ids heaped;
    prefopt::detail::merge_by_scan(word, merges.table, scanned);
    token_ids from_buckets;
    prefopt::detail::merge_heap(word, merges.table).run(heaped);
    prefopt::detail::merge_buckets(word, merges.table).run(from_buckets);
    BOOST_TEST(scanned == heaped, boost::test_tools::per_element());
    BOOST_TEST(scanned == from_buckets, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(heap_and_buckets_agree_on_long_words) {
  prefopt_test::random_numbers numbers(8);
  for (int round = 0; round < 50; ++round) {
    const random_merges merges = make_merges(numbers, 2, 60);
    const token_ids word = random_word(numbers, 3000, 2);
    token_ids heaped, from_buckets;
    prefopt::detail::merge_heap(word, merges.table).run(heaped);
    prefopt::detail::merge_buckets(word, merges.table).run(from_buckets);
    BOOST_TEST(heaped == from_buckets, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_word_of_a_million_symbols_is_no_matter_of_minutes) {
  prefopt_test::random_numbers numbers(4);
  const random_merges merges = make_merges(numbers, 2, 30);
  const token_ids word = random_word(numbers, std::size_t{1} << 20, 2);
  const auto start = std::chrono::steady_clock::now();
  token_ids out;
  prefopt::merge_word(word, merges.table, out);
  BOOST_TEST(out.size() < word.size());
  BOOST_TEST(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < 30);
}

BOOST_AUTO_TEST_CASE(a_merge_table_finds_what_was_put_in_and_nothing_else) {
  prefopt_test::random_numbers numbers(5);
  std::map<std::pair<token_id, token_id>, token_id> expected;
  merge_table table;
  for (token_id i = 0; i < 5000; ++i) {
    const auto left = static_cast<token_id>(numbers.below(100));
    const auto right = static_cast<token_id>(numbers.below(0x7FFFFFFF));
    table.insert(left, right, {static_cast<std::uint32_t>(i), i});
    expected[{left, right}] = i;
    table.insert(left, right, {static_cast<std::uint32_t>(i), i});  // again: takes no second slot
  }
  for (const auto& [pair, merged] : expected) {
    BOOST_TEST(table.find(pair.first, pair.second).token == merged);
    if (!expected.contains({pair.second, pair.first}))
      BOOST_TEST(table.find(pair.second, pair.first).rank == prefopt::token_merge::never);
  }
  BOOST_TEST(merge_table().find(0, 0).rank == prefopt::token_merge::never);
}

BOOST_AUTO_TEST_SUITE_END()
