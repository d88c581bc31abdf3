// SPDX-License-Identifier: MIT
// Columns may have other names in a file; a name that is used for nothing is an error.

#include "prefopt/datasets/column_names.hpp"

#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/datasets/parse_prompt.hpp"
#include "prefopt/datasets/preference_form.hpp"
#include "prefopt/datasets/preferences.hpp"
#include "prefopt/datasets/ranked_preferences.hpp"
#include "prefopt/datasets/unpaired_preferences.hpp"
#include "prefopt/io/json_object.hpp"
#include "support/scratch_folder.hpp"

using namespace prefopt;
using namespace prefopt_test;

namespace {

column_names names_of(std::string_view text) {
  column_names names;
  add_column_names(names, text);
  return names;
}

preference_records<preference_record> pairs_of(const std::string& lines, const char* names) {
  const scratch_folder folder;
  return read_preferences(put(folder / "p", lines), {}, names_of(names));
}

preference_pair pair_of(const std::string& lines, const char* names) {
  return std::get<preference_pair>(pairs_of(lines, names)[0].example);
}

template <class Error>
void refused(const std::string& lines, const char* names, std::string_view why) {
  BOOST_TEST_CONTEXT(lines << " by " << names) {
    BOOST_CHECK_EXCEPTION((void)pairs_of(lines, names), Error, says(why));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(names_of_columns)

BOOST_AUTO_TEST_CASE(texts_name_columns) {
  const column_names names = names_of("prompt=question,chosen=a=b,rejected=an answer");
  BOOST_REQUIRE_EQUAL(names.all().size(), 3U);
  BOOST_CHECK((names.all()[1] == column_name{"chosen", "a=b"}));
  BOOST_TEST(names.column("rejected") == "an answer");
  BOOST_TEST(names.column("label") == "label");
  BOOST_TEST(names.name("question") == "prompt");
  BOOST_TEST(names.name("prompt").empty());  // replaced
  BOOST_TEST(names.name("foo") == "foo");
  const auto no_names = [](const char* text, std::string_view why) {
    BOOST_CHECK_EXCEPTION((void)names_of(text), value_error, says(why));
  };
  no_names("", "\"\", expected NAME=COLUMN");
  no_names("prompt", "\"prompt\", expected NAME=COLUMN");
  no_names("prompt=a,", "\"\", expected NAME=COLUMN");
  no_names("prompt=", "prompt=: expected the name of a column");
  no_names("=a", "=a: no column of an example is called \"\"");
  no_names("propmt=a",
           "propmt=a: no column of an example is called \"propmt\", did you mean prompt?");
  no_names("beta=a", "expected one of prompt, chosen, rejected");
  no_names("prompt=a,prompt=b", "prompt=b: prompt=a was given before");
  no_names("chosen=a,rejected=a", "rejected=a: chosen=a was given before");
}

BOOST_AUTO_TEST_CASE(columns_are_read_under_their_names_in_the_file) {
  const std::string line = R"({"question":"Q","a":"A","b":"B"})";
  const char* names = "prompt=question,chosen=a,rejected=b";
  BOOST_CHECK((pair_of(line, names) == preference_pair{"Q", "A", "B"}));
  BOOST_CHECK((pair_of("[" + line + "]", names) == preference_pair{"Q", "A", "B"}));
  BOOST_TEST(describe(pairs_of(line, names).report).empty());
  // exchanged
  BOOST_CHECK((pair_of(R"({"prompt":"Q","chosen":"A","rejected":"B"})",
                       "chosen=rejected,rejected=chosen") == preference_pair{"Q", "B", "A"}));
  // ids, and message lists in the file's order
  BOOST_CHECK(
      (std::get<tokenized_pair>(
           pairs_of(R"({"p":[1],"chosen_ids":[2],"rejected_ids":[3]})", "prompt_ids=p")[0].example)
           .prompt == token_ids{1}));
  const auto messages = pairs_of(
      R"({"q":[{"role":"user","z":1,"content":"Hi"}],"chosen":{"role":"assistant","content":"A"},"rejected":{"role":"assistant","content":"B"}})",
      "prompt=q");
  BOOST_TEST(std::get<basic_pair<conversation>>(messages[0].example).prompt.messages[0].json ==
             R"({"role":"user","z":1,"content":"Hi"})");
}

BOOST_AUTO_TEST_CASE(columns_of_alpaca_and_sharegpt_may_be_renamed) {
  const auto prompt_of = [](const std::string& line, const char* names) {
    std::string text;
    const auto read = pairs_of(line, names);
    for (const auto& one : std::get<basic_pair<conversation>>(read[0].example).prompt.messages)
      text += one.role + ": " + one.content + "\n";
    BOOST_TEST(describe(read.report).empty());
    return text;
  };
  BOOST_TEST(prompt_of(R"({"sys":"Sing.","question":"Hi","chosen":"A","rejected":"B"})",
                       "instruction=question,system=sys") == "system: Sing.\nuser: Hi\n");
  BOOST_TEST(prompt_of(R"({"turns":[{"from":"human","value":"Hi"}],"chosen":"A","rejected":"B"})",
                       "conversations=turns") == "user: Hi\n");
}

BOOST_AUTO_TEST_CASE(lists_and_unpaired_examples_have_names_too) {
  const scratch_folder folder;
  const auto lists = read_ranked_preferences(
      put(folder / "p", R"({"prompt":"Q","answers":["A","B"],"ratings":[2,1]})"), {},
      {{"responses", "answers"}, {"scores", "ratings"}});
  BOOST_CHECK((std::get<preference_example>(lists[0].example).scores == std::vector<double>{2, 1}));
  json_file file(put(folder / "q", R"({"prompt":"Q","text":"A","good":true})"));
  const column_names names{{"completion", "text"}, {"label", "good"}};
  BOOST_CHECK(form_of(file, names) == preference_form::unpaired);
  BOOST_TEST(
      std::get<unpaired_preference>(read_unpaired_preferences(file, names)[0].example).label);
  BOOST_CHECK_EXCEPTION((void)read_unpaired_preferences(
                            put(folder / "r", R"({"prompt":"Q","text":"A","good":1})"), {}, names),
                        format_error, says("/r: line 1: good is 1, expected true or false"));
  const auto json = nlohmann::json::parse(R"({"question":"Hi"})");
  BOOST_TEST(std::get<std::string>(
                 parse_prompt(json_object(json, "f"), {{"prompt", "question"}})) == "Hi");
  BOOST_CHECK_EXCEPTION((void)parse_prompt(json_object(json, "f"), {{"chosen", "question"}}),
                        value_error, says("chosen=question: prompts have no chosen"));
}

BOOST_AUTO_TEST_CASE(a_column_that_another_replaces_is_not_read) {
  const std::string line = R"({"prompt":"Q","chosen":"A","rejected":"B","best":"C"})";
  const auto read = pairs_of(line, "chosen=best");
  BOOST_CHECK((std::get<preference_pair>(read[0].example) == preference_pair{"Q", "C", "B"}));
  BOOST_REQUIRE_EQUAL(read.report.unused.size(), 1U);
  BOOST_TEST((read.report.unused[0] == unused_column{"chosen", false, 1, 1}));
  const auto other = pairs_of(R"({"prompt":"Q","q":"R","chosen":"A","rejected":"B"})", "prompt=q");
  BOOST_CHECK((std::get<preference_pair>(other[0].example) == preference_pair{"R", "A", "B"}));
  BOOST_REQUIRE_EQUAL(other.report.unused.size(), 1U);
  BOOST_TEST((other.report.unused[0] == unused_column{"prompt", false, 1, 1}));
  refused<format_error>(R"({"prompt":"Q","chosen":"A","rejected":"B"})", "chosen=best",
                        "/p: line 1: key \"best\" is missing");
  const scratch_folder folder;
  json_file file(put(folder / "p", R"({"chosen":"A","completion":"B","label":true})"));
  BOOST_CHECK(form_of(file, {{"prompt", "chosen"}}) == preference_form::unpaired);
}

BOOST_AUTO_TEST_CASE(errors_say_the_files_names) {
  const char* names = "prompt=question,chosen=a,rejected=b";
  refused<format_error>(R"({"question":"Q","a":"A"})", names, "/p: line 1: key \"b\" is missing");
  refused<format_error>(R"({"question":"Q","a":"A","b":3})", names, "/p: line 1: b is 3");
  refused<format_error>(R"({"question":[],"a":[],"b":[]})", names,
                        "/p: line 1: question: a prompt");
  refused<format_error>(
      R"({"instruction":"Q","a":"A","b":[{"role":"user","content":"x"},{"role":"user","content":"x"}]})",
      "chosen=a,rejected=b", "/p: line 1: b is a list of messages and another a text");
}

BOOST_AUTO_TEST_CASE(names_that_are_used_for_nothing_are_refused) {
  const std::string line = R"({"prompt":"Q","chosen":"A","rejected":"B"})";
  refused<value_error>(line, "responses=x",
                       "responses=x: pairs have no responses; they have prompt");
  refused<value_error>(line, "kto_tag=x", "kto_tag=x: pairs have no kto_tag");
  refused<format_error>(line + "\n" + line, "system=sys",
                        "/p: no column \"sys\" for system in any of 2 pairs");
  // One record suffices, and null is there.
  BOOST_TEST(
      pairs_of(line + R"({"prompt":"Q","chosen":"A","rejected":"B","sys":null})", "system=sys")
          .size() == 2U);
  // A column that is named but cannot be used is not lost.
  refused<format_error>(R"({"prompt":"Q","chosen":"A","rejected":"B","sys":"Sing."})", "system=sys",
                        "sys is not in the prompt");
}

BOOST_AUTO_TEST_SUITE_END()
