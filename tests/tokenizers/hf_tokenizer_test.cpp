// SPDX-License-Identifier: MIT
// Laws of tokenizers from a tokenizer.json: what comes back, where a text may be cut, time that is
// linear in the text, and what is refused while encoding.
#include "prefopt/tokenizers/hf_tokenizer.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/data/tokenizer.hpp"
#include "prefopt/tokenizers/tokenizer_files.hpp"
#include "support/scratch_folder.hpp"
#include "tokenizers/golden.hpp"
#include "tokenizers/random_texts.hpp"

using nlohmann::json;
using prefopt::hf_tokenizer;
using prefopt::token_ids;
using prefopt::value_error;
using prefopt_test::says;

static_assert(prefopt::special_token_tokenizer<hf_tokenizer>);

namespace {

constexpr const char* llama3_expression =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// All bytes, some merges, and <|endoftext|>, with parts of a tokenizer.json.
json byte_level_file() {
  const auto files = prefopt::byte_level_files();
  json vocab = json::parse(files[0].content);
  vocab.erase("<|endoftext|>");
  vocab["aa"] = 256;
  vocab["aaaa"] = 257;
  vocab["\u0120a"] = 258;
  return {{"added_tokens",
           {{{"id", 259}, {"content", "<|endoftext|>"}, {"normalized", false}, {"special", true}}}},
          {"pre_tokenizer",
           {{"type", "Sequence"},
            {"pretokenizers",
             {{{"type", "Split"},
               {"pattern", {{"Regex", llama3_expression}}},
               {"behavior", "Isolated"},
               {"invert", false}},
              {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}}},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model", {{"vocab", vocab}, {"merges", {"a a", "aa aa", "\u0120 a"}}}}};
}

/// Some characters and no pre-tokenizer: a text is one word.
json character_file() {
  return json::parse(
      R"({"added_tokens":[{"id":5,"content":"<s>","normalized":false,"special":true}],
    "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"_"},
                 {"type":"Replace","pattern":{"String":" "},"content":"_"}]},
    "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"_"},"content":" "},
              {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
    "model":{"vocab":{"a":0,"_":1,"_a":2,"aa":3,"aaaa":4,"b":6},"merges":["_ a","a a","aa aa"]}})");
}

hf_tokenizer load(const json& file) {
  return hf_tokenizer::from_files({{"tokenizer.json", file.dump()}});
}

token_ids joined(token_ids a, const token_ids& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The seconds that encoding takes.
double seconds(const hf_tokenizer& tokenizer, const std::string& text) {
  const auto start = std::chrono::steady_clock::now();
  BOOST_TEST(!tokenizer.encode(text).empty());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hf_tokenizer_)

BOOST_AUTO_TEST_CASE(any_bytes_come_back_from_a_byte_level_tokenizer) {
  const json digits{{"type", "Digits"}, {"individual_digits", true}};
  const json byte_level{{"type", "ByteLevel"}, {"add_prefix_space", false}};
  std::vector<json> files(3, byte_level_file());
  files[1]["pre_tokenizer"]["pretokenizers"] = json::array({digits, byte_level});
  files[2]["pre_tokenizer"]["pretokenizers"] = json::array({byte_level, digits});
  prefopt_test::random_numbers numbers(21);
  for (const json& file : files) {
    const hf_tokenizer tokenizer = load(file);
    BOOST_TEST(tokenizer.is_byte_level());
    for (std::size_t i = 0; i < 3000; ++i) {
      const std::string text = i % 2 ? prefopt_test::random_text(numbers, i % 40)
                                     : prefopt_test::random_characters(numbers);
      BOOST_TEST(tokenizer.decode(tokenizer.encode(text)) == text);
      BOOST_TEST(tokenizer.decode(tokenizer.encode_split(text)) == text);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_text_may_be_cut_at_its_added_tokens) {
  prefopt_test::random_numbers numbers(22);
  for (const bool of_bytes : {true, false}) {
    const hf_tokenizer tokenizer = load(of_bytes ? byte_level_file() : character_file());
    const std::string special = of_bytes ? "<|endoftext|>" : "<s>";
    const auto random = [&] {
      if (of_bytes) return prefopt_test::random_text(numbers, 8);
      std::string text;
      for (std::size_t n = numbers.below(12); n > 0; --n) text += "ab "[numbers.below(3)];
      return text;
    };
    for (int i = 0; i < 1000; ++i) {
      const std::string before = random(), after = random();
      const token_ids expected = joined(joined(tokenizer.encode(before), tokenizer.encode(special)),
                                        tokenizer.encode(after));
      BOOST_TEST(tokenizer.encode(before + special + after) == expected,
                 boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(special_tokens_split_are_text_and_others_stay) {
  json file = byte_level_file();
  file["added_tokens"].push_back(
      {{"id", 260}, {"content", "<think>"}, {"normalized", false}, {"special", false}});
  const hf_tokenizer tokenizer = load(file);
  BOOST_TEST(tokenizer.encode("<think><|endoftext|>") == (token_ids{260, 259}),
             boost::test_tools::per_element());
  const token_ids split = tokenizer.encode_split("<think><|endoftext|>");
  BOOST_TEST(split.size() == 14u);
  BOOST_TEST(split[0] == 260);
  BOOST_TEST(
      (tokenizer.find_special_token("<think><|endoftext|>", 0) == prefopt::text_range{7, 20}));
}

BOOST_AUTO_TEST_CASE(ten_megabytes_of_one_letter_or_without_a_space_take_seconds) {
  prefopt_test::random_numbers numbers(23);
  constexpr std::size_t size = 10'000'000;
  std::string letters(size, 'a'), mixed(size, 'a');
  for (char& c : mixed) c = "ab"[numbers.below(2)];
  std::vector<hf_tokenizer> tokenizers{load(byte_level_file()), load(character_file())};
  json file = character_file();
  file.erase("normalizer");
  file["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", "_"}, {"split", false}};
  tokenizers.push_back(load(file));
  // A few seconds each; anything quadratic would take days.
  for (const hf_tokenizer& tokenizer : tokenizers) {
    BOOST_TEST(seconds(tokenizer, letters) < 60);
    BOOST_TEST(seconds(tokenizer, mixed) < 60);
    BOOST_TEST(seconds(tokenizer, std::string(size / 10, ' ')) < 60);
  }
  // Marks are put in order, and white space is looked for on both sides of tokens.
  json marks = byte_level_file();
  marks["normalizer"] = {{"type", "NFC"}};
  std::string text;
  while (text.size() < 1'000'000) text += "\u0301\u0323";
  BOOST_TEST(seconds(load(marks), text) < 60);
  json spaces = byte_level_file();
  spaces["added_tokens"].push_back(
      {{"id", 260}, {"content", " "}, {"rstrip", true}, {"lstrip", true}});
  BOOST_TEST(seconds(load(spaces), std::string(1'000'000, ' ')) < 60);
}

BOOST_AUTO_TEST_CASE(a_character_without_a_token_is_named_not_dropped) {
  const hf_tokenizer tokenizer = load(character_file());
  BOOST_CHECK_EXCEPTION((void)tokenizer.encode("a\u00e9"), value_error,
                        says("no token for the character \"\u00e9\" in the normalized text"));
  json plain = character_file();
  plain.erase("normalizer");
  BOOST_CHECK_EXCEPTION((void)load(plain).encode("a<s>b\u00e9"), value_error,
                        says("character \"\u00e9\" at byte 5 of the text"));
  BOOST_CHECK_EXCEPTION((void)tokenizer.encode("a<s>\xff"), value_error,
                        says("broken byte 255 at byte 4", "expected UTF-8"));
  json bytes = byte_level_file();
  bytes["model"]["vocab"].erase("\u00c3");  // the first byte of the letter
  BOOST_CHECK_EXCEPTION((void)load(bytes).encode("a \u00e9"), value_error,
                        says("character \"\u00e9\" at byte 2"));
}

BOOST_AUTO_TEST_CASE(an_expression_that_needs_exponential_time_is_an_error_and_no_hang) {
  json file = byte_level_file();
  file["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "(?:a|a|a?a)+c";
  BOOST_CHECK_EXCEPTION((void)load(file).encode(std::string(100, 'a') + "bc"), value_error,
                        says("an expression", "match limit exceeded"));
}

BOOST_AUTO_TEST_CASE(a_normalizer_that_makes_a_text_much_longer_is_an_error) {
  json file = character_file();
  const json twice{{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "aa"}};
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", json(40, twice)}};
  BOOST_CHECK_EXCEPTION((void)load(file).encode(std::string(5000, 'a')), value_error,
                        says("the normalizer makes", "expected at most"));
  file = character_file();
  file["decoder"] = {{"type", "Sequence"}, {"decoders", json(40, twice)}};
  BOOST_CHECK_EXCEPTION((void)load(file).decode(token_ids(5000, 0)), value_error,
                        says("the decoder makes more than"));
}

BOOST_AUTO_TEST_CASE(a_token_is_shown_as_it_is_amid_a_text) {
  const hf_tokenizer tokenizer = load(character_file());
  BOOST_TEST(tokenizer.display(2) == " a");
  BOOST_TEST(tokenizer.display(5) == "<s>");
  json file = character_file();
  file["decoder"] = {{"type", "Sequence"}, {"decoders", {{{"type", "ByteFallback"}}}}};
  file["model"]["vocab"]["<0x41>"] = 7;
  file["model"]["vocab"]["<0xC3>"] = 8;
  BOOST_TEST(load(file).display(7) == "A");
  BOOST_TEST(load(file).display(8) == "\uFFFD");
  BOOST_TEST(!tokenizer.is_byte_level());
}

BOOST_AUTO_TEST_SUITE_END()
