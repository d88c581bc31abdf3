// SPDX-License-Identifier: MIT
#include "prefopt/tokenizers/tokenizer_json.hpp"

#include <functional>
#include <string>

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
  accepted("/post_processor", {{"type", "TemplateProcessing"}, {"special_tokens", json::object()}});
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

BOOST_AUTO_TEST_CASE(whatever_gpt2_does_not_do_is_refused_by_its_key) {
  refused("/normalizer", {{"type", "NFC"}}, "normalizer");
  refused("/pre_tokenizer", nullptr, "pre_tokenizer");
  refused("/pre_tokenizer", {{"type", "Whitespace"}}, "pre_tokenizer", "Whitespace");
  refused("/pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", json::array()}}, "Sequence");
  refused("/pre_tokenizer/type", 3, "type");
  refused("/pre_tokenizer/add_prefix_space", true, "add_prefix_space");
  refused("/pre_tokenizer/add_prefix_space", "no", "add_prefix_space");
  refused("/pre_tokenizer/use_regex", false, "use_regex");
  refused("/post_processor", {{"type", "RobertaProcessing"}}, "post_processor",
          "RobertaProcessing");
  refused("/post_processor", {{"type", "TemplateProcessing"}, {"special_tokens", {{"<s>", 1}}}},
          "post_processor");
  refused("/decoder", {{"type", "WordPiece"}}, "decoder");
  refused("/model/type", "WordLevel", "WordLevel");
  refused("/model/unk_token", "<unk>", "unk_token");
  refused("/model/continuing_subword_prefix", "##", "continuing_subword_prefix");
  refused("/model/end_of_word_suffix", "</w>", "end_of_word_suffix");
  refused("/model/dropout", 0.1, "dropout");
  refused("/model/byte_fallback", true, "byte_fallback");
  refused("/model/ignore_merges", true, "ignore_merges");
  refused("/model/fuse_unk", true, "fuse_unk");
  for (const char* flag : {"lstrip", "rstrip", "single_word"})
    refused((std::string("/added_tokens/0/") + flag).c_str(), true, "added_tokens", flag);
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
