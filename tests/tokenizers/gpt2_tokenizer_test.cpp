// SPDX-License-Identifier: MIT
#include "prefopt/tokenizers/gpt2_tokenizer.hpp"

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/data/tokenizer.hpp"
#include "support/scratch_folder.hpp"
#include "tokenizers/golden.hpp"
#include "tokenizers/random_texts.hpp"

using prefopt::gpt2_tokenizer;
using prefopt::token_id;
using prefopt::token_ids;
using prefopt::value_error;
using prefopt_test::says;

static_assert(prefopt::tokenizer<gpt2_tokenizer>);
static_assert(prefopt::special_token_tokenizer<gpt2_tokenizer>);

namespace {

gpt2_tokenizer tiny() {
  return gpt2_tokenizer::from_directory(prefopt_test::tokenizer_golden("tiny"));
}

/// Five letters, some merges, two added tokens, one of which begins with the other.
gpt2_tokenizer letters() {
  return gpt2_tokenizer::from_files(
      {{"vocab.json", R"({"a":0,"b":1,"c":2,"Ġ":3,"ab":7,"abc":9,"<s>":20})"},
       {"merges.txt", "a b\nab c\n"},
       {"added_tokens.json", R"({"<s>":20,"<s><s>":21})"}});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gpt2_tokenizer_)

BOOST_AUTO_TEST_CASE(hard_strings_get_the_ids_of_the_tokenizers_library) {
  const gpt2_tokenizer tokenizer = tiny();
  const auto strings = prefopt_test::hard_strings();
  BOOST_TEST(strings.size() > 200u);
  for (const auto& string : strings) {
    BOOST_TEST(tokenizer.encode(string.text) == string.tiny_ids, boost::test_tools::per_element());
    BOOST_TEST(tokenizer.decode(string.tiny_ids) == string.text);
  }
}

BOOST_AUTO_TEST_CASE(any_bytes_come_back_from_their_ids) {
  prefopt_test::random_numbers numbers(7);
  for (const gpt2_tokenizer& tokenizer : {tiny(), gpt2_tokenizer::byte_level()}) {
    for (std::size_t i = 0; i < 2000; ++i) {
      const std::string text = prefopt_test::random_text(numbers, i % 40);
      const token_ids ids = tokenizer.encode(text);
      BOOST_TEST(tokenizer.decode(ids) == text);
      for (const token_id id : ids)
        BOOST_TEST(static_cast<std::size_t>(id) < tokenizer.vocabulary_size());
    }
  }
}

BOOST_AUTO_TEST_CASE(byte_level_has_a_token_for_each_byte_and_one_for_the_end) {
  const gpt2_tokenizer tokenizer = gpt2_tokenizer::byte_level();
  BOOST_TEST(tokenizer.vocabulary_size() == 257u);
  BOOST_TEST(tokenizer.end_of_text() == 256);
  BOOST_TEST(tokenizer.encode("!~ <|endoftext|>") == (token_ids{0, 93, 220, 256}),
             boost::test_tools::per_element());
  BOOST_TEST(tokenizer.encode(std::string(1, '\0')) == token_ids{188},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(files_load_as_the_same_tokenizer) {
  for (const gpt2_tokenizer& tokenizer : {tiny(), gpt2_tokenizer::byte_level(), letters()}) {
    const prefopt_test::scratch_folder folder;
    for (const auto& file : tokenizer.files()) prefopt_test::put(folder / file.name, file.content);
    const gpt2_tokenizer again = gpt2_tokenizer::from_directory(folder.path());
    BOOST_TEST((again.files() == tokenizer.files()));
    BOOST_TEST(again.vocabulary_size() == tokenizer.vocabulary_size());
    BOOST_TEST(again.encode("abc ab<s><s><s>") == tokenizer.encode("abc ab<s><s><s>"),
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_copy_outlives_what_it_was_copied_from) {
  auto original = std::make_unique<gpt2_tokenizer>(tiny());
  const token_ids expected = original->encode("the thing is");
  const gpt2_tokenizer copy = *original;
  original.reset();
  BOOST_TEST(copy.encode("the thing is") == expected, boost::test_tools::per_element());
  BOOST_TEST(copy.decode(expected) == "the thing is");
}

BOOST_AUTO_TEST_CASE(threads_share_a_tokenizer) {
  const gpt2_tokenizer tokenizer = tiny();
  const auto strings = prefopt_test::hard_strings();
  std::array<int, 4> wrong{};
  std::vector<std::thread> threads;
  for (int& count : wrong) {
    threads.emplace_back([&] {
      for (const auto& string : strings) count += tokenizer.encode(string.text) != string.tiny_ids;
    });
  }
  for (std::thread& thread : threads) thread.join();
  BOOST_TEST(wrong == (std::array<int, 4>{}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(added_tokens_are_found_before_words_are_cut) {
  const gpt2_tokenizer tokenizer = letters();
  BOOST_TEST(tokenizer.encode("abc<s>ab<s><s><s>c") == (token_ids{9, 20, 7, 21, 20, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(tokenizer.decode(token_ids{9, 3, 21}) == "abc <s><s>");
}

BOOST_AUTO_TEST_CASE(normalized_added_tokens_are_found_between_the_others) {
  // "<s><s>" would begin further left, but the special "<s>" is looked for first.
  const gpt2_tokenizer tokenizer = gpt2_tokenizer::from_files(
      {{"vocab.json", R"({"a":0,"<s>":1})"},
       {"merges.txt", "#version: 0.2\n"},
       {"tokenizer_config.json", R"({"added_tokens_decoder":{"1":{"content":"<s>","special":true},
                                     "2":{"content":"a<s>","special":false},"3":{"content":"aa","special":false}}})"}});
  BOOST_TEST(tokenizer.encode("aaa<s>") == (token_ids{3, 0, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(special_tokens_can_be_told_and_taken_for_text) {
  const gpt2_tokenizer bytes = gpt2_tokenizer::byte_level();
  const std::string text = "a<|endoftext|>b<|endoftext|>";
  BOOST_TEST((bytes.find_special_token(text, 0) == prefopt::text_range{1, 14}));
  BOOST_TEST((bytes.find_special_token(text, 2) == prefopt::text_range{15, 28}));
  BOOST_TEST(!bytes.find_special_token(text, 16).has_value());
  BOOST_TEST(bytes.encode(text).size() == 4u);
  BOOST_TEST(bytes.encode_split(text).size() == text.size());
  BOOST_TEST(bytes.decode(bytes.encode_split(text)) == text);
  // An added token that is not special (normalized) is recognized in any case, as the tokenizers
  // library does.
  const gpt2_tokenizer both =
      gpt2_tokenizer::from_files({{"vocab.json", R"({"a":0,"<":1,"e":2,">":3,"<e>":4})"},
                                  {"merges.txt", "#version: 0.2\n"},
                                  {"added_tokens.json", R"({"aa":5})"},
                                  {"tokenizer_config.json", R"({"eos_token":"<e>"})"}});
  BOOST_TEST(both.encode("aa<e>") == (token_ids{5, 4}), boost::test_tools::per_element());
  BOOST_TEST(both.encode_split("aa<e>") == (token_ids{5, 1, 2, 3}),
             boost::test_tools::per_element());
  BOOST_TEST((both.find_special_token("aa<e>", 0) == prefopt::text_range{2, 5}));
}

BOOST_AUTO_TEST_CASE(ids_may_have_gaps_and_those_in_them_have_no_token) {
  const gpt2_tokenizer tokenizer = letters();
  BOOST_TEST(tokenizer.vocabulary_size() == 22u);
  BOOST_TEST(tokenizer.has_token(21));
  for (const token_id id : {-1, 4, 8, 22, 2147483647}) {
    BOOST_TEST(!tokenizer.has_token(id));
    BOOST_CHECK_EXCEPTION((void)tokenizer.decode(std::array{0, id}), value_error,
                          says(std::to_string(id), "22"));
    BOOST_CHECK_EXCEPTION((void)tokenizer.display(id), value_error, says(std::to_string(id)));
  }
}

BOOST_AUTO_TEST_CASE(a_byte_without_a_token_is_named_with_its_character) {
  const gpt2_tokenizer tokenizer = letters();
  BOOST_CHECK_EXCEPTION((void)tokenizer.encode("ab d"), value_error,
                        says("character \"d\" at byte 3"));
  BOOST_CHECK_EXCEPTION((void)tokenizer.encode("a<s>\u00e9"), value_error,
                        says("character \"\u00e9\" at byte 4"));
  BOOST_CHECK_EXCEPTION((void)tokenizer.encode("\n"), value_error,
                        says("character \"\\x0A\" at byte 0"));
  BOOST_CHECK_EXCEPTION((void)tokenizer.encode("ab\xff"), value_error,
                        says("broken byte 255 at byte 2"));
}

BOOST_AUTO_TEST_CASE(without_an_end_of_text_asking_for_it_is_an_error) {
  BOOST_TEST(!letters().has_end_of_text());
  BOOST_CHECK_EXCEPTION((void)letters().end_of_text(), value_error,
                        says("no end-of-text token", "<|endoftext|>"));
  BOOST_TEST(tiny().has_end_of_text());
}

BOOST_AUTO_TEST_CASE(a_token_is_shown_as_valid_text) {
  const gpt2_tokenizer tokenizer = gpt2_tokenizer::byte_level();
  BOOST_TEST(tokenizer.display(220) == " ");
  BOOST_TEST(tokenizer.display(256) == "<|endoftext|>");
  BOOST_TEST(tokenizer.display(187) == "\uFFFD");
  for (token_id id = 0; id < 257; ++id) {
    const std::string shown = tokenizer.display(id);
    BOOST_TEST(prefopt::replace_broken_utf8(shown) == shown);
  }
}

BOOST_AUTO_TEST_SUITE_END()
