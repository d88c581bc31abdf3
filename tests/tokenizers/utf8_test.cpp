// SPDX-License-Identifier: MIT
#include "prefopt/tokenizers/utf8.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

using prefopt::replace_broken_utf8;
using prefopt::utf8_at;

namespace {

std::string encode(char32_t c) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0 | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | c >> 18), tail(12), tail(6), tail(0)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(utf8)

BOOST_AUTO_TEST_CASE(every_code_point_but_the_surrogates_is_one_valid_step) {
  std::size_t wrong = 0;
  for (char32_t c = 0; c < 0x120000; ++c) {
    const std::string text = encode(c) + "x";
    const auto [length, valid] = utf8_at(text, 0);
    const bool expected = c < 0x110000 && (c < 0xD800 || c > 0xDFFF);
    if (valid != expected) ++wrong;
    if (valid &&
        (length != text.size() - 1 || prefopt::utf8_code_point(text.substr(0, length)) != c))
      ++wrong;
  }
  BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(a_broken_step_takes_the_longest_beginning_of_a_sequence) {
  // The examples of the Unicode Standard, tables 3-8 to 3-11: one U+FFFD for each maximal subpart.
  const auto count = [](const std::string& text) {
    const std::string shown = replace_broken_utf8(text);
    std::size_t marks = 0;
    for (std::size_t at = 0; (at = shown.find("\xEF\xBF\xBD", at)) != shown.npos; at += 3) ++marks;
    return marks;
  };
  BOOST_TEST(count("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") == 8u);
  BOOST_TEST(count("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41") == 8u);
  BOOST_TEST(count("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42") == 7u);
  BOOST_TEST(count("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") == 4u);
  BOOST_TEST(count("\xC1\xBF\xF5\x80") == 4u);
  BOOST_TEST(replace_broken_utf8("a\xE4\xB8") == "a\xEF\xBF\xBD");
}

BOOST_AUTO_TEST_CASE(a_text_that_is_not_broken_stays_as_it_is) {
  const std::string text = "plain \u00e9 \u4e16 \U0001f600 \uFFFD";
  BOOST_TEST(replace_broken_utf8(text) == text);
}

BOOST_AUTO_TEST_SUITE_END()
