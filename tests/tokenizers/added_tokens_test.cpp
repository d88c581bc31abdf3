// SPDX-License-Identifier: MIT
#include "prefopt/tokenizers/added_tokens.hpp"

#include <set>
#include <string>

#include <boost/test/unit_test.hpp>

#include "tokenizers/random_texts.hpp"

using prefopt::added_token;
using prefopt::added_token_matcher;

BOOST_AUTO_TEST_SUITE(added_tokens)

BOOST_AUTO_TEST_CASE(the_leftmost_match_wins_and_of_those_the_longest) {
  const added_token_matcher matcher({{"ab", 1}, {"abcd", 2}, {"bcdef", 3}, {"\xff", 4}});
  const auto find = [&](std::string_view text, std::size_t from = 0) {
    return matcher.find(text, from).value();
  };
  BOOST_TEST(find("xabcdef").id == 2);
  BOOST_TEST(find("xabcdef").begin == 1u);
  BOOST_TEST(find("xabcdef").end == 5u);
  BOOST_TEST(find("abcx").id == 1);
  BOOST_TEST(find("abcdef", 1).id == 3);
  BOOST_TEST(find("abc\xff", 1).id == 4);
  BOOST_TEST(!matcher.find("abcd", 1).has_value());
  BOOST_TEST(!matcher.find("", 0).has_value());
  BOOST_TEST(!added_token_matcher().find("ab", 0).has_value());
}

BOOST_AUTO_TEST_CASE(random_tokens_are_found_as_by_comparing_each) {
  prefopt_test::random_numbers numbers(6);
  for (int round = 0; round < 500; ++round) {
    std::set<std::string> contents;
    while (contents.size() < 6) {
      std::string content;
      for (std::size_t n = 1 + numbers.below(4); n > 0; --n) content += "ab\xf0"[numbers.below(3)];
      contents.insert(content);
    }
    std::vector<added_token> tokens;
    for (const std::string& content : contents)
      tokens.push_back({content, static_cast<int>(tokens.size())});
    const added_token_matcher matcher(tokens);
    std::string text;
    for (int n = 0; n < 20; ++n) text += "abc\xf0"[numbers.below(4)];
    for (std::size_t from = 0; from <= text.size(); ++from) {
      int expected = -1;
      for (std::size_t at = from; at < text.size() && expected < 0; ++at) {
        for (const added_token& token : tokens) {
          if (!std::string_view(text).substr(at).starts_with(token.content)) continue;
          if (expected < 0 ||
              token.content.size() > tokens[static_cast<std::size_t>(expected)].content.size()) {
            expected = token.id;
          }
        }
      }
      const auto match = matcher.find(text, from);
      BOOST_TEST((match ? match->id : -1) == expected);
      if (match) {
        BOOST_TEST(text.substr(match->begin, match->end - match->begin) ==
                   tokens[static_cast<std::size_t>(match->id)].content);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
