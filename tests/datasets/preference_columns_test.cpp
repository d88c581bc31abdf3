// SPDX-License-Identifier: MIT
// Columns that change nothing pass, those that change what is trained are refused, the others are
// counted.

#include "prefopt/datasets/preference_columns.hpp"

#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/datasets/preference_form.hpp"
#include "prefopt/datasets/preferences.hpp"
#include "prefopt/datasets/ranked_preferences.hpp"
#include "prefopt/datasets/unpaired_preferences.hpp"
#include "support/scratch_folder.hpp"

using namespace prefopt;
using namespace prefopt_test;

namespace {

const std::string pair = R"({"prompt":"What is 2+2?","chosen":" 4","rejected":" 5")";
const std::string list = R"({"prompt":"What is 2+2?","responses":[" 4"," 5"],"ranks":[1,2])";
const std::string unpaired = R"({"prompt":"What is 2+2?","completion":" 4","label":true)";
const std::string ids = R"({"prompt_ids":[1],"chosen_ids":[2],"rejected_ids":[3])";

/// Reads one object, or several, of any form.
reading_report read(const std::string& lines) {
  const scratch_folder folder;
  json_file file(put(folder / "p.jsonl", lines));
  switch (form_of(file)) {
    case preference_form::pairs:
      return read_preferences(file).report;
    case preference_form::lists:
      return read_ranked_preferences(file).report;
    case preference_form::unpaired:
      break;
  }
  return read_unpaired_preferences(file).report;
}

reading_report read_with(const std::string& object, const std::string& columns) {
  return read(object + "," + columns + "}");
}

void passes(const std::string& object, const std::string& columns) {
  BOOST_TEST_CONTEXT(columns) {
    const reading_report report = read_with(object, columns);
    BOOST_TEST(describe(report).empty());
  }
}

void refused(const std::string& object, const std::string& columns, std::string_view why) {
  BOOST_TEST_CONTEXT(columns) {
    BOOST_CHECK_EXCEPTION((void)read_with(object, columns), format_error,
                          says("/p.jsonl: line 1: ", why));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(preference_columns)

BOOST_AUTO_TEST_CASE(columns_that_say_where_an_example_comes_from_pass) {
  for (const std::string& object : {pair, list, unpaired, ids})
    for (const char* columns :
         {R"("id":7,"source":"x","dataset":"y","meta":{"a":[1]})",
          R"("prompt_id":"3f","score_chosen":8.5,"score_rejected":7)",
          R"("chosen-rating":5,"rejected-rating":4.5,"chosen-model":"a","Rejected Model":"b")",
          R"("__index_level_0__":0)"})
      passes(object, columns);
}

BOOST_AUTO_TEST_CASE(null_and_empty_members_say_nothing) {
  passes(
      pair,
      R"("prompt_ids":null,"chosen_ids":null,"rejected_ids":null,"completion":null,"label":null)");
  passes(list, R"("chosen":null,"rejected":null,"scores":null,"responses_ids":null)");
  passes(unpaired, R"("chosen":null,"rejected":null,"completion_ids":null)");
  for (const std::string& object : {pair, list, unpaired})
    for (const char* value :
         {"null", "\"\"", "\" \\n\"", "[]", "{}", "[null, [\"\"]]", "{\"a\": null}"})
      for (const char* column :
           {"system", "question", "input", "tools", "images", "weight", "loss_mask", "foo"})
        passes(object, concat('"', column, "\":", value));
}

BOOST_AUTO_TEST_CASE(a_column_that_belongs_into_the_prompt_is_refused_where_the_prompt_lacks_it) {
  const std::string bare = R"({"chosen":"4, of course","rejected":"44")";
  for (const std::string column : {"system", "question", "instruction", "input", "query", "history",
                                   "System-Prompt", "Prompt"})
    for (const std::string& object : {pair, list, unpaired, bare})
      if (object != bare || column != "instruction")  // that is Alpaca's form
        refused(object, "\"" + column + "\":\"Be brief.\"",
                column + " is not in the prompt, which is \"");
  refused(bare, R"("question":"What is 2+2?")",
          "question is not in the prompt, which is \"4\"; write the whole prompt");
  refused(pair, R"("history":[["Hi","Hello"]])", "history is not in the prompt");
  refused(pair, R"("input":3)", "input is not in the prompt");
  // What the prompt says anyway is not lost.
  passes(pair, R"("question":" What is 2+2?\n")");
  passes(
      R"({"chosen":"\n\nHuman: Hi?\n\nAssistant: A","rejected":"\n\nHuman: Hi?\n\nAssistant: B")",
      R"("question":"Hi?")");
  passes(
      R"({"prompt":[{"role":"system","content":"Be kind."},{"role":"user","content":"Hi?"}],)"
      R"("chosen":[{"role":"assistant","content":"A"}],"rejected":[{"role":"assistant","content":"B"}])",
      R"("system":"Be kind.","question":"Hi?")");
  // Ids already contain it.
  passes(ids, R"("question":"What?","system":"Be brief.","tools":[1])");
}

BOOST_AUTO_TEST_CASE(a_dialogue_passes_where_prompt_and_responses_hold_it) {
  const auto messages = [](const char* name, const char* user, const char* answer) {
    return concat('"', name, R"(":[{"role":"user","content":")", user,
                  R"("},{"role":"assistant","content":")", answer, "\"}]");
  };
  passes(pair, messages("messages", "What is 2+2?", "4"));
  passes(list, messages("conversation", "What is 2+2?", "5"));
  passes(pair, R"("conversations":[{"from":"human","value":"What is 2+2?"}])");
  refused(pair, messages("messages", "What is 3+3?", "4"),
          "messages holds text that is neither in the prompt nor in the resp");
  refused(pair, messages("messages", "What is 2+2?", "6"), "messages holds");
  refused(pair, R"("conversations":[{"from":"human","value":"Hello"}])", "conversations holds");
}

BOOST_AUTO_TEST_CASE(what_only_a_template_or_a_mask_could_use_is_refused) {
  for (const std::string& object : {pair, list, unpaired}) {
    for (const std::string column :
         {"tools", "functions", "tool_calls", "images", "audio", "chat_template", "documents"})
      refused(object, "\"" + column + "\":[\"x\"]", column + " is for a chat template");
    for (const std::string column : {"weight", "loss_mask", "assistant_masks", "Sample-Weight"})
      refused(object, "\"" + column + "\":0.5", column + " would make some of it count for less");
    passes(object, R"("weight":1,"weights":1.0,"mask":true)");
  }
  refused(ids, R"("weight":2)", "weight would make some of it count for less");
}

BOOST_AUTO_TEST_CASE(other_columns_are_counted_once_each) {
  const reading_report report = read(pair +
                                     R"(,"foo":1})"
                                     "\n" +
                                     pair + "}\n\n" + pair +
                                     R"(,"foo":0,"Bar":"x"})"
                                     "\n" +
                                     pair + R"(,"foo":null})");
  BOOST_TEST(report.total == 4U);
  BOOST_REQUIRE_EQUAL(report.unused.size(), 2U);
  BOOST_TEST((report.unused[0] == unused_column{"foo", false, 2, 1}));
  BOOST_TEST((report.unused[1] == unused_column{"Bar", false, 1, 4}));
  BOOST_TEST(describe(report, "pairs")[0] == "column \"foo\" in 2 of 4 pairs is not used");
  // of other forms
  BOOST_TEST(read_with(pair, R"("label":true,"completion":"x","scores":[1])").unused.size() == 3U);
  BOOST_TEST(read_with(ids, R"("foo":1)").unused.size() == 1U);
}

BOOST_AUTO_TEST_CASE(members_of_messages_are_counted_apart) {
  const std::string messages =
      R"({"prompt":[{"role":"user","content":"Hi","foo":1,"name":"Ann","tool_calls":null}],)"
      R"("chosen":[{"role":"assistant","content":"A","foo":2,"id":3}],)"
      R"("rejected":[{"role":"assistant","content":"B","tool_calls":[]}],"foo":1})";
  const reading_report report = read(messages + "\n" + messages);
  BOOST_REQUIRE_EQUAL(report.unused.size(), 2U);
  // keys come in alphabetical order
  BOOST_TEST((report.unused[0] == unused_column{"foo", true, 2, 1}));
  BOOST_TEST((report.unused[1] == unused_column{"foo", false, 2, 1}));
  BOOST_TEST(describe(report)[0] == "message member \"foo\" in 2 of 2 pairs is not used");
}

BOOST_AUTO_TEST_CASE(columns_beside_messages_that_no_template_reads_are_refused_as_such) {
  const std::string messages =
      R"({"prompt":[{"role":"user","content":"Hi"}],"chosen":[{"role":"assistant","content":"A"}],)"
      R"("rejected":[{"role":"assistant","content":"B"}])";
  for (const std::string column : {"tool_calls", "images", "functions", "chat_template"})
    refused(messages, "\"" + column + "\":[\"x\"]",
            column + " is beside the messages, where no chat template reads it");
  passes(messages,
         R"("tools":[{"name":"f"}],"documents":[{"text":"x"}],"chat_template_kwargs":{"a":1})");
}

BOOST_AUTO_TEST_CASE(unusual_roles_are_counted_once_each) {
  const auto with_role = [](const std::string& role) {
    return R"({"prompt":[{"role":")" + role + R"(","content":"Hi"},{"role":")" + role +
           R"(","content":"Oh"}],"chosen":[{"role":"assistant","content":"A"}],)"
           R"("rejected":[{"role":"assistant","content":"B"}]})";
  };
  for (const std::string role :
       {"system", "user", "developer", "tool", "ipython", "function", "model"})
    BOOST_TEST(describe(read(with_role(role))).empty());
  const reading_report report = read(with_role("user") + "\n" + with_role("asistant") + "\n" +
                                     with_role("narrator") + "\n" + with_role("asistant"));
  BOOST_REQUIRE_EQUAL(report.unusual_roles.size(), 2U);
  BOOST_CHECK((report.unusual_roles[0] == unusual_role{"asistant", 2, 2}));
  BOOST_CHECK((report.unusual_roles[1] == unusual_role{"narrator", 1, 3}));
  BOOST_TEST(
      describe(report)[0] ==
      "role \"asistant\" in 2 of 4 pairs, as on line 2, is unusual; a chat template may leave "
      "its messages out; did you mean \"assistant\"?");
  BOOST_TEST(
      describe(report)[1] ==
      "role \"narrator\" in 1 of 4 pairs, as on line 3, is unusual; a chat template may leave "
      "its messages out");
  std::string many;
  for (int i = 0; i < 70; ++i) many += with_role("r" + std::to_string(i)) + "\n";
  BOOST_TEST(read(many).unusual_roles.size() == 64U);
  BOOST_TEST(describe(read(many)).back() == "and 6 more unusual roles");
}

BOOST_AUTO_TEST_CASE(many_names_are_cut_off) {
  std::string columns = "\"c0\":1";
  for (int i = 1; i < 200; ++i) columns += ",\"c" + std::to_string(i) + "\":1";
  const reading_report report = read_with(pair, columns);
  BOOST_TEST(report.unused.size() == 64U);
  BOOST_TEST(report.unused_beyond == 136U);
  BOOST_TEST(describe(report).back() == "and 136 more columns or message members are not used");
  const reading_report same =
      read(pair + "," + columns + "}\n" + pair + ",\"d\":1," + columns + "}");
  BOOST_TEST(same.unused_beyond == 137U);  // each name once
}

BOOST_AUTO_TEST_CASE(a_prompt_that_the_responses_say_again_and_a_users_turn_in_them_are_counted) {
  const reading_report report =
      read(R"({"prompt":"Hi? ","chosen":"Hi? Yes","rejected":"Hi? No"})"
           "\n"
           R"({"prompt":"Hi? ","chosen":"Hi? Yes","rejected":"No"})"
           "\n"
           R"({"prompt":" ","chosen":" Yes","rejected":" No"})"
           "\n"
           R"({"prompt":"Hi?","chosen":" Yes\n\nHuman: Oh\n\nAssistant: So","rejected":" No"})");
  BOOST_TEST(report.repeated_prompts == 1U);
  BOOST_TEST(report.repeated_line == 1U);
  BOOST_TEST(report.user_turns == 1U);
  BOOST_TEST(report.user_turn_line == 4U);
  BOOST_TEST(describe(report).size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
