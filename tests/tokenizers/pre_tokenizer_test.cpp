// SPDX-License-Identifier: MIT
#include "prefopt/tokenizers/pre_tokenizer.hpp"

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tokenizers/golden.hpp"
#include "tokenizers/random_texts.hpp"

namespace {

std::vector<std::string> words(const prefopt::pre_tokenizer& cutter, std::string_view text) {
  std::vector<std::string> found;
  cutter.for_each_word(text, [&](std::string_view word) { found.emplace_back(word); });
  return found;
}

std::string join_words(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

std::string encode(unsigned c) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0 | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | c >> 18), tail(12), tail(6), tail(0)};
}

/// L, N or O for a character that joins the word of a letter, a numeral or a mark; S for one that
/// joins none.
char class_of(const prefopt::pre_tokenizer& cutter, unsigned code_point) {
  const std::string character = encode(code_point);
  for (const auto& [first, name] :
       {std::pair{'a', 'L'}, std::pair{'1', 'N'}, std::pair{'!', 'O'}}) {
    int count = 0;
    cutter.for_each_word(first + character, [&](std::string_view) { ++count; });
    if (count == 1) return name;
  }
  return 'S';
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pre_tokenizer)

BOOST_AUTO_TEST_CASE(hard_strings_are_cut_as_the_tokenizers_library_cuts_them) {
  const prefopt::pre_tokenizer cutter;
  for (const auto& [text, expected, tiny_ids, gpt2_ids] : prefopt_test::hard_strings()) {
    if (text.find("<|endoftext|>") != text.npos) continue;  // found before words are cut
    BOOST_TEST(words(cutter, text) == expected, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(every_code_point_has_the_class_that_the_tokenizers_library_gives_it) {
  const prefopt::pre_tokenizer cutter;
  std::istringstream runs(
      prefopt::read_file(prefopt_test::tokenizer_golden("character_classes.txt")));
  unsigned begin = 0;
  char name = 0;
  runs >> std::hex >> begin >> name;
  std::size_t checked = 0;
  std::size_t wrong = 0;
  while (begin < 0x110000) {
    unsigned end = 0x110000;
    char next = 0;
    if (!(runs >> std::hex >> end >> next)) end = 0x110000;
    for (unsigned c = begin; c < end && name != 'X'; ++c, ++checked) {
      if (class_of(cutter, c) == name) continue;
      if (++wrong < 10) BOOST_TEST_MESSAGE("U+" << std::hex << c << " should be " << name);
    }
    begin = end;
    name = next;
  }
  BOOST_TEST(wrong == 0u);
  BOOST_TEST(checked == 0x110000u - 0x800u);
}

BOOST_AUTO_TEST_CASE(the_words_of_any_bytes_make_up_the_text) {
  const prefopt::pre_tokenizer cutter;
  prefopt_test::random_numbers numbers(1);
  for (std::size_t i = 0; i < 2000; ++i) {
    const std::string text = prefopt_test::random_text(numbers, i % 30);
    BOOST_TEST(join_words(words(cutter, text)) == text);
  }
}

BOOST_AUTO_TEST_CASE(a_run_of_broken_bytes_is_a_word_of_its_own) {
  const prefopt::pre_tokenizer cutter;
  const std::vector<std::string> expected{"ab", "\xff\xe4\xb8", " cd", " ", "\x80", "!"};
  BOOST_TEST(words(cutter, "ab\xff\xe4\xb8 cd \x80!") == expected,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_word_of_megabytes_is_found_in_linear_time) {
  const prefopt::pre_tokenizer cutter;
  const auto start = std::chrono::steady_clock::now();
  constexpr std::size_t size = std::size_t{1} << 22;
  for (const char c : {' ', 'a', '1', '!', '\n', '\xff'}) {
    BOOST_TEST(words(cutter, std::string(size, c)).size() == 1u);
    const auto more = words(cutter, std::string(size, c) + "\u00e9 b");
    BOOST_TEST(join_words(more) == std::string(size, c) + "\u00e9 b");
  }
  // A few tenths of a second; anything quadratic would take hours.
  BOOST_TEST(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < 60);
}

BOOST_AUTO_TEST_SUITE_END()
