// SPDX-License-Identifier: MIT
#include "prefopt/tokenizers/tokenizer_json.hpp"

#include <functional>
#include <sstream>
#include <string>
#include <utility>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/tokenizers/gpt2_tokenizer.hpp"
#include "support/scratch_folder.hpp"
#include "tokenizers/golden.hpp"

using nlohmann::json;
using prefopt::format_error;
using prefopt::gpt2_tokenizer;
using prefopt::token_ids;
using prefopt_test::says;

namespace {

json small() {
  return json::parse(R"({"version":"1.0","truncation":null,"padding":null,
    "added_tokens":[{"id":3,"content":"<|endoftext|>","single_word":false,"lstrip":false,"rstrip":false,
                     "normalized":false,"special":true}],
    "normalizer":null,
    "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
    "post_processor":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true},
    "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
    "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"","end_of_word_suffix":"",
             "fuse_unk":false,"byte_fallback":false,"ignore_merges":false,
             "vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}})");
}

gpt2_tokenizer load(const json& file) {
  return gpt2_tokenizer::from_files({{"tokenizer.json", file.dump()}});
}

/// The refusal of the small file after a change names the file and the pieces.
template <class... Pieces>
void refused(const char* pointer, const json& value, Pieces... pieces) {
  json file = small();
  file[json::json_pointer(pointer)] = value;
  BOOST_TEST_CONTEXT(pointer << " = " << value) {
    BOOST_CHECK_EXCEPTION(load(file), format_error, says("tokenizer.json", pieces...));
  }
}

void accepted(const char* pointer, const json& value) {
  json file = small();
  file[json::json_pointer(pointer)] = value;
  BOOST_TEST_CONTEXT(pointer << " = " << value) {
    BOOST_TEST(load(file).encode("ab<|endoftext|>") == (token_ids{2, 3}),
               boost::test_tools::per_element());
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tokenizer_json)

BOOST_AUTO_TEST_CASE(it_gives_the_ids_of_the_same_vocabulary_and_merges_in_two_files) {
  const auto folder = prefopt_test::tokenizer_golden("tiny");
  json file = small();
  file["model"]["vocab"] = json::parse(prefopt::read_file(folder / "vocab.json"));
  file["added_tokens"][0]["id"] = file["model"]["vocab"]["<|endoftext|>"];
  const auto strings = prefopt_test::hard_strings();
  for (const bool as_pairs : {false, true}) {
    json merges = json::array();
    std::istringstream lines(prefopt::read_file(folder / "merges.txt"));
    std::string line;
    std::getline(lines, line);  // the version
    while (std::getline(lines, line)) {
      const auto space = line.find(' ');
      merges.push_back(as_pairs ? json{line.substr(0, space), line.substr(space + 1)} : json(line));
    }
    file["model"]["merges"] = merges;
    const gpt2_tokenizer tokenizer = load(file);
    BOOST_TEST(tokenizer.files().size() == 1u);
    for (const auto& string : strings) {
      BOOST_TEST(tokenizer.encode(string.text) == string.tiny_ids,
                 boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(what_changes_no_ids_is_accepted) {
  accepted("/truncation", json{{"max_length", 5}});
  accepted("/post_processor", nullptr);
  accepted("/post_processor",
           {{"type", "TemplateProcessing"},
            {"single", json::array({{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}})},
            {"special_tokens", json::object()}});
  accepted("/decoder", nullptr);
  accepted("/model/unk_token", "");
  accepted("/model/dropout", 0.0);
  accepted("/model/end_of_word_suffix", nullptr);
  json old = small();  // files of old versions of the library lack these
  old["model"].erase("type");
  old["model"].erase("byte_fallback");
  old["model"].erase("ignore_merges");
  old["pre_tokenizer"].erase("use_regex");
  BOOST_TEST(load(old).encode("ab") == token_ids{2}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(whatever_is_not_supported_is_refused_by_its_place) {
  const auto sequence = [](const char* key, json part) {
    return json{{"type", "Sequence"}, {key, {std::move(part)}}};
  };
  refused("/normalizer", {{"type", "Nmt"}}, ": normalizer: type \"Nmt\" is not supported");
  refused("/normalizer", sequence("normalizers", {{"type", "StripAccents"}}),
          ": normalizer: normalizers[0]: type \"StripAccents\" is not supported");
  refused("/normalizer", {{"type", "NFC"}, {"form", 3}}, "key \"form\" is not supported");
  refused("/normalizer", {{"type", "Strip"}, {"strip_left", true}}, "\"strip_right\" is missing");
  refused("/normalizer", {{"type", "Replace"}, {"pattern", {{"Regex", "\\K"}}}, {"content", ""}},
          "normalizer: pattern: \"\\K\": \\K at byte 0 is not supported");
  refused("/normalizer", {{"type", "Replace"}, {"pattern", {{"String", ""}}}, {"content", ""}},
          "an empty pattern");
  refused("/normalizer", {{"type", "Replace"}, {"pattern", "a"}, {"content", ""}}, "pattern");
  refused("/pre_tokenizer", {{"type", "BertPreTokenizer"}}, "pre_tokenizer", "BertPreTokenizer");
  refused("/pre_tokenizer/type", 3, "type");
  refused("/pre_tokenizer/add_prefix_space", "no", "add_prefix_space");
  refused("/pre_tokenizer/sizes", 3, "pre_tokenizer: key \"sizes\"");
  refused("/pre_tokenizer", {{"type", "Punctuation"}, {"behavior", "Some"}}, "behavior", "Some");
  refused("/pre_tokenizer", {{"type", "Metaspace"}, {"replacement", "ab"}}, "replacement",
          "one character");
  refused("/pre_tokenizer",
          {{"type", "Metaspace"}, {"replacement", "_"}, {"prepend_scheme", "last"}},
          "prepend_scheme", "last");
  refused("/pre_tokenizer",
          {{"type", "Metaspace"},
           {"replacement", "_"},
           {"prepend_scheme", "first"},
           {"add_prefix_space", false}},
          "add_prefix_space is false, but prepend_scheme is \"first\"");
  const json byte_level{{"type", "ByteLevel"}, {"add_prefix_space", false}};
  refused("/pre_tokenizer",
          {{"type", "Sequence"}, {"pretokenizers", json::array({byte_level, byte_level})}},
          "a second ByteLevel");
  refused("/pre_tokenizer",
          {{"type", "Sequence"}, {"pretokenizers", json(65, {{"type", "Whitespace"}})}},
          "more than 64 parts");
  refused("/post_processor", {{"type", "RobertaProcessing"}}, "post_processor",
          "RobertaProcessing");
  const json no_text{{"type", "TemplateProcessing"},
                     {"single", json::array()},
                     {"special_tokens", json::object()}};
  refused("/post_processor", no_text, "no Sequence \"A\"");
  json twice = no_text, foreign = no_text, unknown = no_text;
  twice["single"] = foreign["single"] = unknown["single"] =
      json::array({{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}});
  twice["single"] = json(300, twice["single"][0]);
  refused("/post_processor", twice, "more than 256 pieces");
  foreign["single"].push_back({{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}});
  refused("/post_processor", foreign, "single[1]: SpecialToken: \"<s>\" is not among");
  foreign["special_tokens"]["<s>"] = {{"id", "<s>"}, {"ids", {77}}, {"tokens", {"<s>"}}};
  refused("/post_processor", foreign, "no token has the id 77");
  refused("/post_processor",
          {{"type", "Sequence"}, {"processors", json::array({foreign, foreign})}},
          "processors[1]: a second TemplateProcessing");
  unknown["single"][0]["Sequence"]["id"] = "B";
  refused("/post_processor", unknown, "id \"B\", expected \"A\"");
  refused("/decoder", {{"type", "WordPiece"}}, "decoder", "WordPiece");
  refused("/decoder", {{"type", "Strip"}, {"content", " "}, {"start", -1}, {"stop", 0}}, "start");
  refused("/model/type", "WordLevel", "WordLevel");
  refused("/model/unk_token", "<unk>", "unk_token \"<unk>\" is not in the vocabulary");
  refused("/model/continuing_subword_prefix", "##", "continuing_subword_prefix");
  refused("/model/end_of_word_suffix", "</w>", "end_of_word_suffix");
  refused("/model/dropout", 0.1, "dropout");
  refused("/model/cache_capacity", 5, "model: key \"cache_capacity\"");
  refused("/pretty", 1, "key \"pretty\"");
  refused("/added_tokens/0/color", 1, "added_tokens[0]: key \"color\"");
}

BOOST_AUTO_TEST_CASE(an_added_token_that_the_normalizer_deletes_or_doubles_is_refused) {
  json file = small();
  file["normalizer"] = {{"type", "Replace"}, {"pattern", {{"Regex", "x+"}}}, {"content", ""}};
  file["added_tokens"].push_back({{"id", 7}, {"content", "xx"}, {"normalized", true}});
  BOOST_CHECK_EXCEPTION(load(file), format_error, says("leaves nothing of \"xx\""));
  file["added_tokens"][1]["content"] = "xq";
  file["added_tokens"].push_back({{"id", 8}, {"content", "q"}, {"normalized", true}});
  BOOST_CHECK_EXCEPTION(load(file), format_error, says("\"q\" the same as another one"));
}

BOOST_AUTO_TEST_CASE(expressions_that_two_engines_read_differently_are_refused) {
  for (const char* expression :
       {"(?i)ss",  "(?i)\u00e9", "(?i)\\p{Lu}", "a(?i)b",      "[a[b]]",  "[a&&b]", "[[:alpha:]]",
        "\\R",     "\\X",        "\\1",         "(?x: a)",     "(?<n>a)", "(?#c)",  "(*FAIL)",
        "a{2}+",   "a{2}?",      "\\p{Cn}",     "\\p{Greek_}", "\\pL",    "\\xFF",  "[z-a]",
        "[\\d-z]", "(a",         "a)",          "[a",          "*",       "a**",    "\\"}) {
    refused("/normalizer",
            {{"type", "Replace"}, {"pattern", {{"Regex", expression}}}, {"content", ""}},
            "normalizer: pattern: ", "is not supported");
  }
  refused("/normalizer",
          {{"type", "Replace"}, {"pattern", {{"Regex", "(?<=a+)b"}}}, {"content", ""}},
          "normalizer: pattern: ", "lookbehind");
  refused("/normalizer",
          {{"type", "Replace"}, {"pattern", {{"Regex", std::string(70000, 'a')}}}, {"content", ""}},
          "70000 bytes, expected at most 65536");
}

BOOST_AUTO_TEST_CASE(what_is_broken_is_refused_by_its_location) {
  refused("/model", nullptr, "model");
  refused("/model/vocab", json::array(), "vocab");
  refused("/model/vocab/b", 0, "id 0");
  refused("/model/vocab/b", -5, "-5");
  refused("/model/merges", "a b", "merges");
  refused("/model/merges/0", "a", "merge 0");
  refused("/model/merges/0", {"a", "b", "c"}, "merge 0");
  refused("/model/merges/0", {"a", 1}, "merge 0");
  refused("/model/merges/0", 7, "merge 0");
  refused("/model/merges/0", "a x", "merge 0", "\"ax\"");
  refused("/model/merges/0", {"", "b"}, "merge 0", "empty");
  refused("/added_tokens", 7, "added_tokens");
  refused("/added_tokens/0", "x", "added_tokens");
  refused("/added_tokens/0/id", 2, "id 2");
  refused("/added_tokens/0/id", -1, "-1");
  refused("/added_tokens/0/id", 4294967296, "4294967296");
  refused("/added_tokens/0/content", "", "no text");
  refused("/added_tokens/0/content", 5, "content");
  for (const char* text :
       {"", "{}", "[]", "null", "{\"model\":{}}", "version https://git-lfs.github.com/spec/v1"}) {
    BOOST_CHECK_EXCEPTION((void)gpt2_tokenizer::from_files({{"tokenizer.json", text}}),
                          format_error, says("tokenizer.json"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
