// SPDX-License-Identifier: MIT
#include "prefopt/datasets/preferences.hpp"

#include <cstdlib>

#include <boost/test/unit_test.hpp>

#include "support/scratch_folder.hpp"

using prefopt::format_error;
using prefopt::preference_pair;
using prefopt::read_preferences;
using prefopt::split_common_prompt;
using prefopt::tokenized_pair;
using namespace prefopt_test;

namespace {

const preference_pair& text_of(const prefopt::preference_record& record) {
  return std::get<preference_pair>(record.example);
}

const std::string good = R"({"prompt":"p","chosen":"c","rejected":"r"})";

/// A file whose third line is `line`.
void refused(std::string_view line, std::string_view why) {
  const scratch_folder folder;
  const auto path = put(folder / "p.jsonl", prefopt::concat(good, "\n\n", line, "\n", good, "\n"));
  BOOST_CHECK_EXCEPTION((void)read_preferences(path), format_error,
                        says("/p.jsonl: line 3: ", why));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(preferences)

BOOST_AUTO_TEST_CASE(texts_and_tokens_come_back_as_they_are_with_their_lines) {
  const scratch_folder folder;
  const auto path = put(
      folder / "p.jsonl",
      good + "\n" + R"({"prompt_ids":[],"chosen_ids":[0,2147483647],"rejected_ids":[5],"x":{}})" +
          "\n  \n" + R"({"rejected":"","chosen":"\u00e9\n","prompt":"","extra":[1]})");
  const auto records = read_preferences(path);
  BOOST_REQUIRE(records.size() == 3);
  BOOST_TEST((text_of(records[0]) == preference_pair{"p", "c", "r"}));
  BOOST_TEST(records[0].is_text());
  BOOST_TEST(
      (std::get<tokenized_pair>(records[1].example) == tokenized_pair{{}, {0, 2147483647}, {5}}));
  BOOST_TEST((text_of(records[2]) == preference_pair{"", "\xc3\xa9\n", ""}));
  BOOST_TEST(records[2].line == 4);
  BOOST_TEST(location_of(records[2]) == path.native() + ": line 4");
}

BOOST_AUTO_TEST_CASE(line_ends_of_both_kinds_and_a_byte_order_mark_are_taken) {
  const scratch_folder folder;
  const auto records =
      read_preferences(put(folder / "p", "\xef\xbb\xbf" + good + "\r\n\r\n" + good + "\r\n"));
  BOOST_REQUIRE(records.size() == 2);
  BOOST_TEST((text_of(records[1]) == preference_pair{"p", "c", "r"}));
}

BOOST_AUTO_TEST_CASE(without_a_prompt_it_is_the_common_prefix_cut_back) {
  const auto prompt = [](std::string_view a, std::string_view b) {
    const auto pair = split_common_prompt(a, b);
    BOOST_TEST(pair.prompt + pair.chosen == a);
    BOOST_TEST(pair.prompt + pair.rejected == b);
    BOOST_TEST(split_common_prompt(b, a).prompt == pair.prompt);
    return pair.prompt;
  };
  BOOST_TEST(prompt("\n\nHuman: a\n\nAssistant: I am", "\n\nHuman: a\n\nAssistant: I was") ==
             "\n\nHuman: a\n\nAssistant:");
  BOOST_TEST(prompt("\n\nAssistant: x\n\nAssistant: yes", "\n\nAssistant: x\n\nAssistant: yet") ==
             "\n\nAssistant: x\n\nAssistant:");
  BOOST_TEST(prompt("\n\nHuman: no\n\nAssistant: a", "\n\nHuman: yes\n\nAssistant: a") ==
             "\n\nHuman:");
  BOOST_TEST(prompt("2 + 2 = 4", "2 + 2 = 5") == "2 + 2 =");
  BOOST_TEST(prompt("two  spaces", "two  Spaces") == "two ");
  BOOST_TEST(prompt("abc", "abd") == "ab");
  BOOST_TEST(prompt("abc", "abcd") == "abc");
  BOOST_TEST(prompt("same", "same") == "same");
  BOOST_TEST(prompt("", "x") == "");
  BOOST_TEST(prompt(" a", " b") == "");
}

// One response is a prefix of the other, or one ends in a space: nothing wraps around, nothing is
// lost.
BOOST_AUTO_TEST_CASE(splits_at_the_edges_add_up_to_what_came) {
  const auto split = [](std::string_view a, std::string_view b) {
    return split_common_prompt(a, b);
  };
  BOOST_TEST((split("The sky", "The sky is blue") == preference_pair{"The sky", "", " is blue"}));
  BOOST_TEST((split("a b ", "x") == preference_pair{"", "a b ", "x"}));
  BOOST_TEST((split("Paris ", "London") == preference_pair{"", "Paris ", "London"}));
  BOOST_TEST((split("", "x") == preference_pair{"", "", "x"}));
}

// Dialogues that diverge before their last turn are split where they diverge, and no answer is left
// empty.
BOOST_AUTO_TEST_CASE(dialogues_are_split_at_the_turn_in_which_they_part) {
  const auto pair =
      split_common_prompt("\n\nHuman: a\n\nAssistant: One.\n\nHuman: b\n\nAssistant: Two.",
                          "\n\nHuman: a\n\nAssistant: Other.\n\nHuman: c\n\nAssistant:");
  BOOST_TEST(
      (pair == preference_pair{"\n\nHuman: a\n\nAssistant:", " One.\n\nHuman: b\n\nAssistant: Two.",
                               " Other.\n\nHuman: c\n\nAssistant:"}));
}

BOOST_AUTO_TEST_CASE(a_common_prefix_ends_between_code_points) {
  const auto prompt = [](std::string_view a, std::string_view b) {
    return split_common_prompt(a, b).prompt;
  };
  BOOST_TEST(prompt("x\u00e9", "x\u00e8") == "x");  // C3 A9, C3 A8
  // differ in the third byte
  BOOST_TEST(prompt("x\u2019y", "x\u2018y") == "x");
  BOOST_TEST(prompt("\U0001f600", "\U0001f601") == "");                    // differ in the fourth
  BOOST_TEST(prompt("\u00e9\u00e9a", "\u00e9\u00e9b") == "\u00e9\u00e9");  // whole code points stay
  BOOST_TEST(prompt("\u00e9", "\u00e9z") == "\u00e9");
  BOOST_TEST(prompt("e\u0301", "e\u0300") == "e");  // code points, not graphemes
}

BOOST_AUTO_TEST_CASE(a_line_that_is_no_pair_is_refused_by_its_number) {
  refused("{\"prompt\":", "not JSON at byte");
  refused("\"\xff\"", "not JSON");
  refused("[]", "a list, expected a JSON object");
  refused(R"({"prompt":"p","chosen":"c"})", "key \"rejected\" is missing");
  refused(R"({"prompt":"p","rejected":"c"})", "key \"chosen\" is missing");
  refused(R"({"prompt":1,"chosen":"c","rejected":"r"})", "prompt is 1, expected a text");
  refused(R"({"prompt":"p","chosen":null,"rejected":"r"})", "chosen is null");
  refused(R"({"chosen_ids":[1],"rejected_ids":[1]})", "key \"prompt_ids\" is missing");
  refused(R"({"prompt_ids":[1],"chosen_ids":[],"rejected_ids":[1]})",
          "chosen_ids is an empty list");
  refused(R"({"prompt_ids":[1],"chosen_ids":[1],"rejected_ids":[]})",
          "rejected_ids is an empty list");
  refused(R"({"prompt_ids":"x","chosen_ids":[1],"rejected_ids":[1]})",
          "prompt_ids is a text, expected a list");
  for (const char* id :
       {"-1", "2147483648", "1.5", "true", "\"1\"", "null", "18446744073709551615"}) {
    refused(
        prefopt::concat(R"({"prompt_ids":[1,)", id, R"(],"chosen_ids":[1],"rejected_ids":[1]})"),
        "prompt_ids: a token id is ");
  }
  refused(R"({"chosen":"a","chosen":"b","rejected":"r"})", "key \"chosen\" appears twice");
}

BOOST_AUTO_TEST_CASE(a_list_of_pairs_names_its_items) {
  const scratch_folder folder;
  const auto records = read_preferences(put(folder / "p.json", "[" + good + "," + good + "]"));
  BOOST_REQUIRE(records.size() == 2);
  BOOST_TEST(location_of(records[1]) == (folder / "p.json").native() + ": line 1: item 2");
  BOOST_CHECK_EXCEPTION(
      (void)read_preferences(put(folder / "p.json", "[" + good + ",\n{\"prompt\":\"p\"}]")),
      format_error, says("/p.json: line 2: item 2: key \"chosen\" is missing"));
  BOOST_CHECK_EXCEPTION((void)read_preferences(put(folder / "p.json", "[1]")), format_error,
                        says("line 1: item 1", "expected a JSON object"));
  BOOST_CHECK_EXCEPTION((void)read_preferences(put(folder / "p.json", "[]")), format_error,
                        says("no pairs"));
}

BOOST_AUTO_TEST_CASE(a_file_without_pairs_or_of_another_kind_is_refused) {
  const scratch_folder folder;
  for (const char* text : {"", "\n \n"}) {
    BOOST_CHECK_EXCEPTION((void)read_preferences(put(folder / "p", text)), format_error,
                          says("/p: no pairs"));
  }
  BOOST_CHECK_EXCEPTION(
      (void)read_preferences(put(folder / "p", "version https://git-lfs.github.com/spec/v1\n")),
      format_error, says("/p: a git-lfs pointer"));
  BOOST_CHECK_EXCEPTION((void)read_preferences(put(folder / "p", "PAR1\x15\x04")), format_error,
                        says("a Parquet file"));
  BOOST_CHECK_EXCEPTION((void)read_preferences(folder / "none"), prefopt::io_error,
                        says("/none: ", "No such file"));
  BOOST_CHECK_THROW((void)read_preferences(folder.path()), prefopt::io_error);
}

BOOST_AUTO_TEST_CASE(real_dialogues_split_where_the_assistant_answers) {
  const char* data = std::getenv("PREFOPT_DATA_DIR");
  if (data == nullptr) {
    BOOST_TEST_MESSAGE("skipped: PREFOPT_DATA_DIR is not set");
    return;
  }
  const auto folder = std::filesystem::path(data);
  const auto records = read_preferences(folder / "hh_harmless_test.jsonl.gz");
  BOOST_TEST(records.size() == 2312);
  BOOST_TEST(read_preferences(folder / "instruction_preferences.jsonl").size() == 1100);
  constexpr std::string_view turn = "\n\nAssistant:";
  std::size_t longer = 0, blank = 0;
  for (const auto& record : records) {
    const auto& [prompt, chosen, rejected] = text_of(record);
    BOOST_TEST(prompt.ends_with(turn));
    longer += chosen.find(turn) != chosen.npos || rejected.find(turn) != rejected.npos ? 1 : 0;
    blank += chosen.find_first_not_of(' ') == chosen.npos ||
                     rejected.find_first_not_of(' ') == rejected.npos
                 ? 1
                 : 0;
  }
  BOOST_TEST(longer == 5);  // dialogues that diverge before their last answer
  BOOST_TEST(blank == 4);
}

BOOST_AUTO_TEST_SUITE_END()
