// SPDX-License-Identifier: MIT
// Ranked lists and unpaired examples are read back unchanged, and anything else is refused with its
// line.

#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/datasets/preference_form.hpp"
#include "prefopt/datasets/ranked_preferences.hpp"
#include "prefopt/datasets/unpaired_preferences.hpp"
#include "datasets/as_texts.hpp"
#include "support/scratch_folder.hpp"

using namespace prefopt;
using namespace prefopt_test;
using namespace std::string_literals;

namespace {

const auto ranked = [](const std::filesystem::path& path) { return read_ranked_preferences(path); };
const auto unpaired = [](const std::filesystem::path& path) {
  return read_unpaired_preferences(path);
};
const auto form = [](const std::filesystem::path& path) {
  json_file file(path);
  return form_of(file);
};

/// A file whose second line is `line`.
template <class Read>
void refused(const Read& read, const std::string& line, std::string_view why) {
  const scratch_folder folder;
  BOOST_CHECK_EXCEPTION((void)read(put(folder / "p.jsonl", "\n" + line + "\n")), format_error,
                        says("/p.jsonl: line 2: ", why));
}

template <template <class> class Form>
Form<std::string> rendered(const basic_record<Form>& record) {
  return tests::as_texts(std::get<Form<conversation>>(record.example));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(preference_forms)

BOOST_AUTO_TEST_CASE(lists_come_with_scores_or_with_ranks_turned_into_scores) {
  const scratch_folder folder;
  const auto records =
      ranked(put(folder / "p.jsonl",
                 R"({"prompt":"p","responses":["a","","c"],"scores":[0.5,-2,1e3]})"
                 "\n"
                 R"({"prompt":"p","responses":["a","b","c"],"ranks":[2,1,2],"scores":null})"
                 "\n"
                 R"({"prompt_ids":[],"responses_ids":[[1],[2,3]],"ranks":[1,2]})"));
  BOOST_REQUIRE(records.size() == 3);
  using texts = preference_example;
  BOOST_TEST((std::get<texts>(records[0].example) == texts{"p", {"a", "", "c"}, {0.5, -2, 1e3}}));
  BOOST_TEST((std::get<texts>(records[1].example) == texts{"p", {"a", "b", "c"}, {0, 1, 0}}));
  BOOST_TEST((std::get<tokenized_example>(records[2].example) ==
              tokenized_example{{}, {{1}, {2, 3}}, {1, 0}}));
  BOOST_TEST(records[2].line == 3);
  BOOST_TEST(location_of(records[1]) == (folder / "p.jsonl").native() + ": line 2");
}

BOOST_AUTO_TEST_CASE(unpaired_examples_come_with_their_label) {
  const scratch_folder folder;
  const auto records = unpaired(
      put(folder / "p.jsonl", R"({"prompt":"p","completion":" c","label":false})"
                              "\n"
                              R"({"prompt_ids":[5],"completion_ids":[6],"label":true,"x":1})"));
  BOOST_REQUIRE(records.size() == 2);
  BOOST_TEST(
      (std::get<unpaired_preference>(records[0].example) == unpaired_preference{"p", " c", false}));
  BOOST_TEST(
      (std::get<tokenized_unpaired>(records[1].example) == tokenized_unpaired{{5}, {6}, true}));
}

BOOST_AUTO_TEST_CASE(both_take_message_lists) {
  const scratch_folder folder;
  const std::string prompt = R"({"prompt":[{"role":"user","content":"Hi"}],)";
  const std::string answer = R"([{"role":"assistant","content":"Hello!"}])";
  const auto lists = ranked(put(
      folder / "l", prompt + R"("responses":[)" + answer + "," + answer + R"(],"ranks":[1,2]})"));
  BOOST_TEST((rendered<basic_example>(lists[0]) ==
              preference_example{"\n\nHuman: Hi\n\nAssistant:", {" Hello!", " Hello!"}, {1, 0}}));
  const auto examples =
      unpaired(put(folder / "u", prompt + R"("completion":)" + answer + R"(,"label":true})"));
  BOOST_TEST((rendered<basic_unpaired>(examples[0]) ==
              unpaired_preference{"\n\nHuman: Hi\n\nAssistant:", " Hello!", true}));
}

// What a prompt says is not repeated: a text that the dialogues contain, or a list that they begin
// with.
BOOST_AUTO_TEST_CASE(whole_dialogues_are_taken_in_both) {
  const scratch_folder folder;
  const std::string user = R"({"role":"user","content":"Hi"})",
                    a = R"({"role":"assistant","content":"A"})";
  const std::string whole = "[" + user + "," + a + "]";
  const std::string text = "\n\nHuman: Hi\n\nAssistant:";
  for (const std::string& prompt :
       {R"("prompt":"Hi",)"s, R"("prompt":[)"s + user + "],", ""s, R"("prompt":null,)"s}) {
    const auto lists = ranked(put(folder / "l", "{" + prompt + R"("responses":[)" + whole + "," +
                                                    whole + "," + whole + R"(],"ranks":[1,2,3]})"));
    BOOST_TEST((rendered<basic_example>(lists[0]) ==
                preference_example{text, {" A", " A", " A"}, {1, 0, -1}}));
    const auto examples = unpaired(
        put(folder / "u", "{" + prompt + R"("completion":)" + whole + R"(,"label":true})"));
    BOOST_TEST((rendered<basic_unpaired>(examples[0]) == unpaired_preference{text, " A", true}));
  }
  refused(unpaired, R"({"prompt":"Ho","completion":)" + whole + R"(,"label":true})",
          "prompt is \"Ho\", which is not a user's");
  refused(ranked, R"({"prompt":"Hi","responses":[)" + whole + R"(,"A"],"ranks":[1,2]})",
          "number 2 is a text and another a list");
}

BOOST_AUTO_TEST_CASE(a_line_that_is_no_list_is_refused) {
  refused(ranked, R"({"prompt":"p","responses":["a"],"ranks":[1]})",
          "1 responses, expected two or more");
  refused(ranked, R"({"prompt":"p","responses":"a","ranks":[1]})",
          "responses is a text, expected a list");
  refused(ranked, R"({"prompt":"p","responses":["a",1],"ranks":[1,2]})",
          "responses: number 2 is 1, expected a text");
  refused(ranked, R"({"prompt":"p","responses":["a","b"]})", "neither ranks nor scores");
  refused(ranked, R"({"prompt":"p","responses":["a","b"],"ranks":[1,2],"scores":[1,2]})",
          "ranks and scores");
  refused(ranked, R"({"prompt":"p","responses":["a","b"],"ranks":[1]})", "1 ranks for 2 responses");
  refused(ranked, R"({"prompt":"p","responses":["a","b"],"ranks":[0,1]})",
          "ranks: number 1 is 0, expected an integer");
  refused(ranked, R"({"prompt":"p","responses":["a","b"],"scores":[0,"1"]})",
          "scores: number 2 is a text, expected a number");
  refused(ranked, R"({"responses":["a","b"],"ranks":[1,2]})", "key \"prompt\" is missing");
  refused(ranked, R"({"prompt_ids":[1],"responses_ids":[[1],[]],"ranks":[1,2]})",
          "number 2: expected token ids");
  refused(ranked, R"({"prompt_ids":[1],"responses_ids":[[1],[-1]],"ranks":[1,2]})",
          "a token id is -1");
}

BOOST_AUTO_TEST_CASE(a_line_that_is_no_unpaired_example_is_refused) {
  refused(unpaired, R"({"prompt":"p","completion":"c"})", "key \"label\" is missing");
  refused(unpaired, R"({"prompt":"p","completion":"c","label":1})",
          "label is 1, expected true or false");
  refused(unpaired, R"({"prompt":"p","label":true})", "key \"completion\" is missing");
  refused(unpaired, R"({"prompt_ids":[1],"completion_ids":[],"label":true})",
          "completion_ids is an empty list");
}

BOOST_AUTO_TEST_CASE(the_first_object_tells_the_form_of_a_file) {
  const scratch_folder folder;
  const auto told = [&](const std::string& line) {
    return form(put(folder / "p", "\n" + line + "\nrest"));
  };
  BOOST_TEST((told(R"({"prompt":"p","chosen":"c","rejected":"r"})") == preference_form::pairs));
  BOOST_TEST((told(R"({"chosen":"c"})") == preference_form::pairs));
  BOOST_TEST((told(R"({"prompt_ids":[],"responses_ids":[]})") == preference_form::lists));
  BOOST_TEST(
      (told(R"({"prompt":"p","completion":"c","label":true})") == preference_form::unpaired));
  BOOST_TEST(
      (told(R"({"prompt":"p","completion":"c","label":true,"chosen":null,"responses":null})") ==
       preference_form::unpaired));
  refused(form, "{}\n", "none of the keys chosen, responses or completion");
  refused(form, R"({"text":"x","n":1})",
          "none of the keys chosen, responses or completion; its keys are n, text");
  BOOST_CHECK_EXCEPTION((void)form(put(folder / "p", "[]")), format_error, says("/p: empty"));
  BOOST_CHECK_EXCEPTION((void)form(put(folder / "p", "\n")), format_error, says("/p: empty"));
}

BOOST_AUTO_TEST_SUITE_END()
