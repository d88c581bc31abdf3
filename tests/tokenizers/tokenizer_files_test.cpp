// SPDX-License-Identifier: MIT
#include "prefopt/tokenizers/tokenizer_files.hpp"

#include <string>
#include <utility>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <sys/resource.h>

#include "prefopt/data/tokenize.hpp"
#include "prefopt/tokenizers/gpt2_tokenizer.hpp"
#include "prefopt/tokenizers/merges.hpp"
#include "support/scratch_folder.hpp"

using prefopt::format_error;
using prefopt::gpt2_tokenizer;
using prefopt::io_error;
using prefopt::token_ids;
using prefopt_test::put;
using prefopt_test::says;

namespace {

constexpr const char* vocab = R"({"a":0,"b":1,"ab":2,"<|endoftext|>":3})";
constexpr const char* merges = "#version: 0.2\na b\n";

gpt2_tokenizer load(std::string vocabulary, std::string merge_lines) {
  return gpt2_tokenizer::from_files(
      {{"vocab.json", std::move(vocabulary)}, {"merges.txt", std::move(merge_lines)}});
}

gpt2_tokenizer load_with(const char* name, std::string content) {
  return gpt2_tokenizer::from_files(
      {{"vocab.json", vocab}, {"merges.txt", merges}, {name, std::move(content)}});
}

/// The same tokenizer in one file, with one more token.
nlohmann::json tokenizer_json() {
  return nlohmann::json::parse(
      R"({"added_tokens":[{"id":3,"content":"<|endoftext|>","special":true},
                                                  {"id":4,"content":"<|user|>","special":true}],
    "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},
    "model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}})");
}

/// How much the program's peak memory has grown since construction, in bytes.
class peak_memory {
 public:
  [[nodiscard]] std::size_t grown() const { return now() - before_; }

 private:
  [[nodiscard]] static std::size_t now() {
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    return static_cast<std::size_t>(use.ru_maxrss) * 1024;
  }

  std::size_t before_ = now();
};

}  // namespace

BOOST_AUTO_TEST_SUITE(tokenizer_files)

BOOST_AUTO_TEST_CASE(a_broken_vocabulary_is_named_with_what_is_wrong) {
  const auto refused = [](const std::string& text, auto... pieces) {
    BOOST_CHECK_EXCEPTION(load(text, merges), format_error, says("vocab.json", pieces...));
  };
  refused("", "empty file");
  refused("{\"a\":0", "not JSON");
  refused("[\"a\"]", "a list", "object");
  refused("7", "object");
  refused(R"({"a":0,"b":0})", "id 0");
  refused(R"({"a":0,"a":1})", "\"a\"", "twice");
  refused(R"({"a":-1})", "\"a\"", "-1");
  refused(R"({"a":2147483648})", "2147483648");
  refused(R"({"a":18446744073709551615})", "\"a\"");
  refused(R"({"a":1.5})", "1.5");
  refused(R"({"a":true})", "true");
  refused(R"({"a":"1"})", "a text");
  refused(R"({"a":null})", "null");
  refused("{\"\xff\":1}", "not JSON");
  refused("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git-lfs");
  refused(std::string(1000000, '['), "nested");
}

BOOST_AUTO_TEST_CASE(an_id_far_away_costs_no_memory) {
  const auto tokenizer = load(R"({"a":2147483647,"b":0,"ab":1})", merges);
  BOOST_TEST(tokenizer.vocabulary_size() == 2147483648u);
  BOOST_TEST(tokenizer.encode("aab") == (token_ids{2147483647, 1}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_broken_merge_is_named_with_its_line) {
  const auto refused = [](const std::string& text, auto... pieces) {
    BOOST_CHECK_EXCEPTION(load(vocab, text), format_error, says("merges.txt", pieces...));
  };
  refused("", "empty file");
  refused("#version: 0.2\na b\na x\n", "line 3", "\"ax\"");
  refused("x b\n", "line 1", "\"xb\"");
  refused("a ab\n", "line 1", "\"aab\"");
  refused("a\n", "line 1", "two tokens");
  refused("a b c\n", "line 1", "two tokens");
  refused(" b\n", "two tokens");
  refused("a \n", "two tokens");
  refused("a  b\n", "two tokens");
  refused("a\tb\n", "\\x09");
  refused("version https://git-lfs.github.com/spec/v1\n", "git-lfs");
  refused(std::string(1000000, 'x'), "line 1", "...");
}

BOOST_AUTO_TEST_CASE(lines_without_a_merge_and_merges_that_stand_twice_cost_no_memory) {
  std::string text = "#version: 0.2\n" + std::string(20'000'000, '\n');
  for (int n = 0; n < 200'000; ++n) text += "a b\n";
  prefopt::vocabulary tokens;
  for (int id = 0; const char* token : {"a", "b", "ab"}) tokens.add(token, token, id++, "v");
  const peak_memory peak;
  const auto table = prefopt::read_merges_text(text, "merges.txt", tokens);
  BOOST_TEST(peak.grown() < 32u << 20);
  BOOST_TEST(table.find(0, 1).token == 2);
}

BOOST_AUTO_TEST_CASE(an_added_token_has_a_greatest_length) {
  const auto with = [](std::size_t length) {
    return load_with("added_tokens.json", "{\"" + std::string(length, 'x') + "\":7}");
  };
  BOOST_TEST(with(1024).encode(std::string(1024, 'x')) == token_ids{7},
             boost::test_tools::per_element());
  BOOST_CHECK_EXCEPTION(
      with(1025), format_error,
      says("added_tokens.json: the added token", "1025 bytes, expected at most 1024"));
}

BOOST_AUTO_TEST_CASE(a_merge_needs_its_parts_and_not_only_what_they_make) {
  BOOST_CHECK_EXCEPTION(load(R"({"a":0,"ab":1})", merges), format_error,
                        says("merges.txt", "line 2", "\"b\""));
}

BOOST_AUTO_TEST_CASE(merges_may_lack_the_version_and_the_last_end_of_line) {
  for (const char* text :
       {"a b", "a b\n", "a b\r\n", "#version: 0.2\r\na b\r\n", "#version: 0.2\na b\n\n"}) {
    BOOST_TEST(load(vocab, text).encode("ab") == token_ids{2}, boost::test_tools::per_element());
  }
  BOOST_TEST(load(vocab, "#version: 0.2\n").encode("ab") == (token_ids{0, 1}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_folder_without_a_tokenizer_is_named) {
  const prefopt_test::scratch_folder folder;
  const auto load_folder = [&] { return gpt2_tokenizer::from_directory(folder.path()); };
  BOOST_CHECK_EXCEPTION(load_folder(), io_error,
                        says(folder.path().native(), "vocab.json", "tokenizer.json"));
  put(folder / "vocab.json", vocab);
  BOOST_CHECK_EXCEPTION(load_folder(), io_error, says(folder.path().native(), "merges.txt"));
  std::filesystem::create_directory(folder / "merges.txt");
  BOOST_CHECK_EXCEPTION(load_folder(), io_error, says((folder / "merges.txt").native()));
  BOOST_CHECK_EXCEPTION((void)gpt2_tokenizer::from_directory(folder / "nowhere"), io_error,
                        says("nowhere"));
}

BOOST_AUTO_TEST_CASE(messages_of_a_folder_name_the_whole_path) {
  const prefopt_test::scratch_folder folder;
  put(folder / "vocab.json", vocab);
  put(folder / "merges.txt", "a c\n");
  BOOST_CHECK_EXCEPTION((void)gpt2_tokenizer::from_directory(folder.path()), format_error,
                        says((folder / "merges.txt").native()));
}

BOOST_AUTO_TEST_CASE(vocabulary_and_merges_beside_a_tokenizer_json_take_its_added_tokens) {
  // What transformers 5 leaves in an older folder when a token is added and saved there.
  const auto tokenizer = load_with("tokenizer.json", tokenizer_json().dump());
  BOOST_TEST(tokenizer.encode("ab<|user|>b<|endoftext|>") == (token_ids{2, 4, 1, 3}),
             boost::test_tools::per_element());
  BOOST_TEST(tokenizer.vocabulary_size() == 5u);
  BOOST_TEST(tokenizer.files().size() == 3u);
  // The same tokens in the older formats.
  for (const auto& [name, content] :
       {std::pair("added_tokens.json", R"({"<|user|>":4})"),
        std::pair("tokenizer_config.json",
                  R"({"added_tokens_decoder":{"4":{"content":"<|user|>","special":true}}})")})
    BOOST_TEST(load_with(name, content).encode("ab<|user|>") == (token_ids{2, 4}),
               boost::test_tools::per_element());
  // An older vocab.json holds added tokens, or none at all.
  for (const char* ids :
       {R"({"a":0,"b":1,"ab":2,"<|endoftext|>":3,"<|user|>":4})", R"({"a":0,"b":1,"ab":2})"}) {
    const auto other = gpt2_tokenizer::from_files(
        {{"vocab.json", ids}, {"merges.txt", merges}, {"tokenizer.json", tokenizer_json().dump()}});
    BOOST_TEST(other.encode("ab<|user|>") == (token_ids{2, 4}), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(files_that_contradict_each_other_are_refused_by_name) {
  const auto refused = [](const char* pointer, const nlohmann::json& value, auto... pieces) {
    auto file = tokenizer_json();
    file[nlohmann::json::json_pointer(pointer)] = value;
    BOOST_TEST_CONTEXT(pointer << " = " << value) {
      BOOST_CHECK_EXCEPTION(load_with("tokenizer.json", file.dump()), format_error,
                            says(pieces..., "remove the outdated one"));
    }
  };
  refused("/model/vocab", {{"a", 1}, {"b", 0}, {"ab", 2}},
          "vocab.json: the id of \"a\" is 0, but in tokenizer.json it is 1");
  refused("/model/vocab", {{"a", 0}, {"b", 1}, {"ab", 2}, {"c", 7}},
          "tokenizer.json: model: vocab: the id of \"c\" is 7, but vocab.json has no such token");
  refused("/added_tokens/0/content", "<|end|>",
          "vocab.json: the id of \"<|endoftext|>\" is 3, but tokenizer.json has no such token");
  refused("/model/merges", nlohmann::json::array(),
          "merges.txt: merge 1 is \"a b\", but in tokenizer.json it is missing");
  const auto two = [](const char* text, const nlohmann::json& list) {
    auto file = tokenizer_json();
    file["model"]["vocab"] = {{"a", 0}, {"b", 1}, {"ab", 2}, {"ba", 5}};
    file["model"]["merges"] = list;
    return gpt2_tokenizer::from_files(
        {{"vocab.json", R"({"a":0,"b":1,"ab":2,"<|endoftext|>":3,"ba":5})"},
         {"merges.txt", text},
         {"tokenizer.json", file.dump()}});
  };
  BOOST_TEST(two("a b\nb a\n", {"a b", "b a"}).encode("bab") == (token_ids{1, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(two("b a\na b\n", {"b a", "a b"}).encode("bab") == (token_ids{5, 1}),
             boost::test_tools::per_element());
  BOOST_CHECK_EXCEPTION(
      two("a b\nb a\n", {"b a", "a b"}), format_error,
      says("merges.txt: merge 1 is \"a b\", but in tokenizer.json it is \"b a\""));
  BOOST_CHECK_EXCEPTION(
      two("b a\n", {"b a", "a b"}), format_error,
      says("merges.txt: merge 2 is missing, but in tokenizer.json it is \"a b\""));
  // One of the two older files alone must agree, too; other settings are refused with their key.
  BOOST_CHECK_EXCEPTION(
      (void)gpt2_tokenizer::from_files(
          {{"vocab.json", R"({"a":9})"}, {"tokenizer.json", tokenizer_json().dump()}}),
      format_error, says("vocab.json: the id of \"a\" is 9"));
  BOOST_CHECK_EXCEPTION(load_with("tokenizer.json", "{"), format_error,
                        says("tokenizer.json: not JSON"));
  // Added tokens of two files with two ids, or two tokens with one id.
  for (const char* other : {R"({"<|user|>":7})", R"({"<|system|>":4})"}) {
    BOOST_CHECK_EXCEPTION(
        (void)gpt2_tokenizer::from_files({{"vocab.json", vocab},
                                          {"merges.txt", merges},
                                          {"tokenizer.json", tokenizer_json().dump()},
                                          {"added_tokens.json", other}}),
        format_error, says("added_tokens.json: "));
  }
}

BOOST_AUTO_TEST_CASE(chat_templates_belong_to_a_tokenizer_and_links_are_followed) {
  const prefopt_test::scratch_folder folder, blobs;
  put(blobs / "0", vocab);
  std::filesystem::create_symlink(blobs / "0", folder / "vocab.json");
  put(folder / "merges.txt", merges);
  put(folder / "chat_template.jinja", "{{ messages }}");
  std::filesystem::create_directory(folder / "additional_chat_templates");
  put(folder / "additional_chat_templates/tools.jinja", "{{ tools }}");
  put(folder / "additional_chat_templates/notes.txt", "not a template");
  const auto tokenizer = gpt2_tokenizer::from_directory(folder.path());
  const std::vector<prefopt::tokenizer_file> expected{
      {"vocab.json", vocab},
      {"merges.txt", merges},
      {"chat_template.jinja", "{{ messages }}"},
      {"additional_chat_templates/tools.jinja", "{{ tools }}"}};
  BOOST_TEST((tokenizer.files() == expected));
  std::filesystem::remove(blobs / "0");
  BOOST_CHECK_EXCEPTION((void)gpt2_tokenizer::from_directory(folder.path()), io_error,
                        says("vocab.json: cannot open"));
}

BOOST_AUTO_TEST_CASE(added_tokens_json_adds_what_the_vocabulary_lacks) {
  const auto tokenizer = load_with("added_tokens.json", R"({"<pad>":9,"<|endoftext|>":3})");
  BOOST_TEST(tokenizer.encode("a<pad>b") == (token_ids{0, 9, 1}), boost::test_tools::per_element());
  const auto refused = [](const char* text, auto... pieces) {
    BOOST_CHECK_EXCEPTION(load_with("added_tokens.json", text), format_error,
                          says("added_tokens.json", pieces...));
  };
  refused(R"({"<pad>":2})", "id 2", "<pad>");
  refused(R"({"a":9})", "\"a\"", "id 9", "0");
  refused(R"({"":9})", "no text");
  refused(R"({"x":-9})", "-9");
  refused(R"(["x"])", "object");
}

BOOST_AUTO_TEST_CASE(an_added_token_that_spells_other_bytes_is_refused) {
  // As text it would be the letter U+0120, merged it would be a space: one id, two texts.
  BOOST_CHECK_EXCEPTION(
      (void)gpt2_tokenizer::from_files({{"vocab.json", R"({"\u0120":0})"},
                                        {"merges.txt", "#version: 0.2\n"},
                                        {"added_tokens.json", R"({"\u0120":0})"}}),
      format_error, says("added_tokens.json", "\u0120"));
}

BOOST_AUTO_TEST_CASE(the_config_may_name_tokens_and_the_end_of_text) {
  const char* name = "tokenizer_config.json";
  BOOST_TEST(load_with(name, R"({"eos_token":"ab"})").end_of_text() == 2);
  BOOST_TEST(load_with(name, R"({"eos_token":{"content":"ab"}})").end_of_text() == 2);
  BOOST_TEST(load_with(name, R"({"eos_token":null})").end_of_text() == 3);
  BOOST_TEST(load_with("special_tokens_map.json", R"({"eos_token":"b"})").end_of_text() == 1);
  BOOST_TEST(!load_with(name, R"({"eos_token":"</s>"})").has_end_of_text());
  // A token with a role is found before words are merged; one that the vocabulary lacks stays text.
  for (const char* part : {R"({"pad_token":"b"})", R"({"additional_special_tokens":["b"]})",
                           R"({"extra_special_tokens":{"x":"b"}})",
                           R"({"mask_token":{"content":"b","lstrip":false}})"}) {
    BOOST_TEST(load_with(name, part).encode("ab") == (token_ids{0, 1}),
               boost::test_tools::per_element());
  }
  BOOST_TEST(load_with(name, R"({"pad_token":"[PAD]"})").encode("ab") == token_ids{2},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(two_end_of_text_tokens_in_two_files_are_refused_unless_the_map_is_not_read) {
  const auto with = [](const char* map, const char* config) {
    return gpt2_tokenizer::from_files({{"vocab.json", vocab},
                                       {"merges.txt", merges},
                                       {"special_tokens_map.json", map},
                                       {"tokenizer_config.json", config}});
  };
  BOOST_CHECK_EXCEPTION(
      with(R"({"eos_token":"a"})", R"({"eos_token":"b"})"), format_error,
      says("special_tokens_map.json: eos_token is \"a\", but in tokenizer_config.json it is \"b\"",
           "remove the outdated one"));
  BOOST_TEST(with(R"({"eos_token":{"content":"b"}})", R"({"eos_token":"b"})").end_of_text() == 1);
  BOOST_TEST(with(R"({"eos_token":null})", R"({"eos_token":"b"})").end_of_text() == 1);
  const auto unread =
      with(R"({"eos_token":"a"})", R"({"eos_token":"b","added_tokens_decoder":{}})");
  BOOST_TEST(unread.end_of_text() == 1);
  BOOST_TEST(unread.encode("aab") == (token_ids{0, 0, 1}), boost::test_tools::per_element());
  BOOST_TEST(with(R"({"eos_token":"a"})", R"({"added_tokens_decoder":{}})").end_of_text() == 3);
}

BOOST_AUTO_TEST_CASE(a_list_of_added_tokens_in_the_config_is_the_only_one_that_is_read) {
  const auto encoded = [](const char* config, const char* name, const char* content) {
    const auto tokenizer = gpt2_tokenizer::from_files({{"vocab.json", vocab},
                                                       {"merges.txt", merges},
                                                       {"tokenizer_config.json", config},
                                                       {name, content}});
    return tokenizer.encode("ab");
  };
  for (const auto& [name, content] :
       {std::pair("special_tokens_map.json", R"({"pad_token":"b"})"),
        std::pair("special_tokens_map.json", R"({"additional_special_tokens":["b"]})"),
        std::pair("added_tokens.json", R"({"b":1})")}) {
    BOOST_TEST_CONTEXT(name << ' ' << content) {
      BOOST_TEST(encoded("{}", name, content) == (token_ids{0, 1}),
                 boost::test_tools::per_element());
      for (const char* config : {R"({"added_tokens_decoder":{}})",
                                 R"({"added_tokens_decoder":{"3":{"content":"<|endoftext|>"}}})"})
        BOOST_TEST(encoded(config, name, content) == token_ids{2},
                   boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(two_tokenizers_differ_where_texts_get_other_ids) {
  const auto parts = [](const char* vocabulary, const char* merge_lines, const char* config) {
    return prefopt::read_tokenizer_parts({{"vocab.json", vocabulary},
                                          {"merges.txt", merge_lines},
                                          {"tokenizer_config.json", config}},
                                         {});
  };
  const char* longer = R"({"a":0,"b":1,"ab":2,"<|endoftext|>":3,"ba":4})";
  const auto difference = [&](const auto& other) {
    return describe_difference(parts(vocab, merges, "{}"), other);
  };
  BOOST_TEST(difference(parts(vocab, merges, R"({"eos_token":"<|endoftext|>"})")) == "");
  BOOST_TEST(difference(parts(R"({"b":0,"a":1,"ab":2,"<|endoftext|>":3})", merges, "{}")) ==
             R"(token id 0 is "b", expected "a")");
  BOOST_TEST(difference(parts(longer, merges, "{}")) == R"(token id 4 is "ba", expected no token)");
  BOOST_TEST(describe_difference(parts(longer, merges, "{}"), parts(vocab, merges, "{}")) ==
             R"(token id 4 is no token, expected "ba")");
  BOOST_TEST(difference(parts(vocab, merges, R"({"pad_token":"b"})")) ==
             R"(the token "b" is an added token)");
  BOOST_TEST(difference(parts(vocab, "#version: 0.2\n", "{}")) ==
             "merge 1 of 0 is different, expected 1");
  const auto two = parts(longer, "#version: 0.2\na b\nb a\n", "{}");
  BOOST_TEST(describe_difference(two, parts(longer, "#version: 0.2\nb a\na b\n", "{}")) ==
             "merge 1 of 2 is different, expected 2");
  BOOST_TEST(describe_difference(two, parts(longer, merges, "{}")) ==
             "merge 2 of 1 is different, expected 2");
  BOOST_TEST(describe_difference(two, two) == "");
}

BOOST_AUTO_TEST_CASE(two_tokenizers_differ_where_their_parts_do) {
  const auto parts = [](const char* pointer, const nlohmann::json& value) {
    auto file = tokenizer_json();
    file[nlohmann::json::json_pointer(pointer)] = value;
    return prefopt::read_tokenizer_parts({{"tokenizer.json", file.dump()}}, {});
  };
  const auto plain = parts("/version", "1.0");
  const auto difference = [&](const char* pointer, const nlohmann::json& value) {
    return describe_difference(plain, parts(pointer, value));
  };
  BOOST_TEST(difference("/decoder", {{"type", "Fuse"}}) == "");
  BOOST_TEST(difference("/pre_tokenizer/use_regex", true) == "");
  BOOST_TEST(difference("/pre_tokenizer/use_regex", false) == "the pre-tokenizer is different");
  BOOST_TEST(difference("/normalizer", {{"type", "NFC"}}) == "the normalizer is different");
  BOOST_TEST(difference("/model/ignore_merges", true) == "the model's options are different");
  BOOST_TEST(difference("/added_tokens/0/rstrip", true) ==
             "the flags of the added tokens are different");
}

BOOST_AUTO_TEST_CASE(a_padding_token_beyond_the_models_rows_is_refused_only_where_it_is_used) {
  const auto tokenizer = gpt2_tokenizer::from_files(
      {{"vocab.json", vocab},
       {"merges.txt", merges},
       {"tokenizer_config.json",
        R"({"pad_token":"[PAD]","added_tokens_decoder":{"4":{"content":"[PAD]"}}})"}});
  const auto tokenized = [&](const char* chosen) {
    const std::vector<prefopt::basic_pair<std::string>> pairs{
        {.prompt = "a", .chosen = chosen, .rejected = "a"}};
    return prefopt::tokenize(pairs, tokenizer, {.max_length = 8, .vocabulary_size = 4});
  };
  BOOST_TEST(tokenized("b").examples.size() == 1u);
  BOOST_CHECK_EXCEPTION((void)tokenized("b[PAD]"), prefopt::error,
                        says("token id 4, expected 0 to 3"));
}

BOOST_AUTO_TEST_CASE(the_flags_of_an_added_token_are_obeyed_and_must_agree) {
  const auto load_both = [](const char* config, bool lstrip) {
    auto file = tokenizer_json();
    file["added_tokens"][1]["lstrip"] = lstrip;
    file["model"]["vocab"]["\u0120"] = 9;
    return gpt2_tokenizer::from_files(
        {{"tokenizer.json", file.dump()}, {"tokenizer_config.json", config}});
  };
  BOOST_TEST(load_both("{}", true).encode("a <|user|>") == (token_ids{0, 4}),
             boost::test_tools::per_element());
  BOOST_TEST(load_both("{}", false).encode("a <|user|>") == (token_ids{0, 9, 4}),
             boost::test_tools::per_element());
  for (const char* config :
       {R"({"added_tokens_decoder":{"4":{"content":"<|user|>","lstrip":true}}})",
        R"({"bos_token":{"content":"<|user|>","lstrip":true}})"}) {
    BOOST_CHECK_NO_THROW(load_both(config, true));
    BOOST_CHECK_EXCEPTION(load_both(config, false), format_error,
                          says("tokenizer_config.json", "<|user|>", "lstrip true",
                               "another file says false", "remove the outdated one"));
  }
  const auto alone =
      load_with("tokenizer_config.json", R"({"mask_token":{"content":"b","rstrip":true}})");
  BOOST_TEST(alone.encode("ab a") == (token_ids{0, 1, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_files_tell_which_tokens_have_a_role) {
  const auto tokenizer = gpt2_tokenizer::from_files(
      {{"tokenizer.json", tokenizer_json().dump()},
       {"tokenizer_config.json",
        R"({"bos_token":"<|user|>","eos_token":{"content":"<|endoftext|>"},"pad_token":"[PAD]",
            "add_bos_token":false,"tokenizer_class":"Qwen2Tokenizer"})"},
       {"generation_config.json", R"({"eos_token_id":[4,3],"bos_token_id":4})"}});
  const auto& roles = tokenizer.roles();
  BOOST_TEST(roles.bos.value().text == "<|user|>");
  BOOST_TEST(roles.bos.value().id.value() == 4);
  BOOST_TEST(roles.eos.value().id.value() == 3);
  BOOST_TEST(roles.pad.value().text == "[PAD]");
  BOOST_TEST(!roles.pad.value().id.has_value());
  BOOST_TEST(!roles.unk.has_value());
  BOOST_TEST(roles.eos_ids == (token_ids{4, 3}), boost::test_tools::per_element());
  BOOST_TEST(roles.add_bos_token.value() == false);
  BOOST_TEST(!roles.add_eos_token.has_value());
  BOOST_TEST(
      load_with("special_tokens_map.json", R"({"eos_token":"b"})").roles().eos_ids == token_ids{1},
      boost::test_tools::per_element());
  BOOST_TEST(
      load_with("generation_config.json", R"({"eos_token_id":2})").roles().eos_ids == token_ids{2},
      boost::test_tools::per_element());
  for (const char* text : {R"({"eos_token_id":-1})", R"({"eos_token_id":[1,"2"]})", "[]"}) {
    BOOST_CHECK_EXCEPTION(load_with("generation_config.json", text), format_error,
                          says("generation_config.json"));
  }
  BOOST_CHECK_EXCEPTION(
      (void)gpt2_tokenizer::from_files({{"tokenizer.json", tokenizer_json().dump()},
                                        {"tokenizer_config.json", R"({"bos_token":"a"})"},
                                        {"special_tokens_map.json", R"({"bos_token":"b"})"}}),
      format_error,
      says(
          "special_tokens_map.json: bos_token is \"b\", but in tokenizer_config.json it is \"a\""));
}

BOOST_AUTO_TEST_CASE(a_folders_generation_config_is_read_and_is_not_the_tokenizers_file) {
  const prefopt_test::scratch_folder folder;
  put(folder / "tokenizer.json", tokenizer_json().dump());
  put(folder / "generation_config.json", R"({"eos_token_id":[3,4]})");
  const auto tokenizer = prefopt::load_tokenizer(folder.path());
  BOOST_TEST(tokenizer.roles().eos_ids == (token_ids{3, 4}), boost::test_tools::per_element());
  BOOST_TEST(tokenizer.files().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_config_that_contradicts_tokenizer_json_is_refused_by_its_key) {
  auto file = tokenizer_json();
  file["post_processor"] = nlohmann::json::parse(
      R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"s","type_id":0}},
          {"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"s":{"id":"s","ids":[4],"tokens":["s"]}}})");
  const auto load_beside = [&](const char* config) {
    return gpt2_tokenizer::from_files(
        {{"tokenizer.json", file.dump()}, {"tokenizer_config.json", config}});
  };
  const auto refused = [&](const char* config, auto... pieces) {
    BOOST_CHECK_EXCEPTION(load_beside(config), format_error,
                          says("tokenizer_config.json", pieces..., "remove the outdated one"));
  };
  refused(R"({"add_bos_token":false,"bos_token":"<|user|>"})",
          "add_bos_token is false, but the post-processor of tokenizer.json does that");
  refused(R"({"add_bos_token":true,"bos_token":"a"})", "add_bos_token is true", "does not");
  refused(R"({"add_eos_token":true,"eos_token":"a"})", "add_eos_token is true", "does not");
  refused(R"({"add_prefix_space":true})", "add_prefix_space is true");
  const auto agreeing = load_beside(
      R"({"add_bos_token":true,"bos_token":"<|user|>","add_eos_token":false,"add_prefix_space":false})");
  BOOST_TEST(agreeing.encode_with_special("ab") == (token_ids{4, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(agreeing.encode("ab") == token_ids{2}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_config_of_another_tokenizer_is_refused_by_its_key) {
  const auto refused = [](const char* text, auto... pieces) {
    BOOST_CHECK_EXCEPTION(load_with("tokenizer_config.json", text), format_error,
                          says("tokenizer_config.json", pieces...));
  };
  refused(R"({"tokenizer_class":"Qwen2Tokenizer"})", "tokenizer_class", "Qwen2Tokenizer");
  refused(R"({"add_prefix_space":true})", "add_prefix_space");
  refused(R"({"add_bos_token":true})", "add_bos_token");
  refused(R"({"add_eos_token":true})", "add_eos_token");
  refused(R"({"split_special_tokens":true})", "split_special_tokens");
  refused(R"({"pad_token":7})", "pad_token");
  refused(R"({"additional_special_tokens":"a"})", "additional_special_tokens");
  refused(R"({"added_tokens_decoder":{"0x":{"content":"a"}}})", "0x");
  refused(R"({"added_tokens_decoder":{"-1":{"content":"z"}}})", "-1");
  refused(R"({"added_tokens_decoder":{"99999999999":{"content":"z"}}})", "99999999999");
  refused(R"({"added_tokens_decoder":{"7":{}}})", "content");
  for (const char* kind : {"GPT2Tokenizer", "GPT2TokenizerFast", "PreTrainedTokenizerFast"}) {
    BOOST_CHECK_NO_THROW(
        load_with("tokenizer_config.json",
                  std::string(R"({"add_prefix_space":false,"tokenizer_class":")") + kind + "\"}"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
