// SPDX-License-Identifier: MIT
// Alpaca's columns become messages, as LLaMA-Factory makes them.

#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/data/conversation.hpp"
#include "prefopt/datasets/parse_prompt.hpp"
#include "prefopt/datasets/preference_form.hpp"
#include "prefopt/datasets/preferences.hpp"
#include "prefopt/datasets/ranked_preferences.hpp"
#include "prefopt/datasets/unpaired_preferences.hpp"
#include "prefopt/io/json_object.hpp"
#include "datasets/as_texts.hpp"
#include "support/scratch_folder.hpp"

using namespace prefopt;
using namespace prefopt_test;

namespace {

const std::string answers = R"(,"chosen":"A","rejected":"B"})";

preference_records<preference_record> pairs_of(const std::string& text) {
  const scratch_folder folder;
  return read_preferences(put(folder / "p.json", text));
}

/// The messages of a prompt, "role: content" in each line.
std::string lines_of(const conversation& messages) {
  std::string text;
  for (const chat_message& one : messages.messages)
    text += one.role + ": " + (one.json.empty() ? one.content : one.json) + "\n";
  return text;
}

const basic_pair<conversation>& only(const preference_records<preference_record>& read) {
  BOOST_REQUIRE_EQUAL(read.size(), 1U);
  return std::get<basic_pair<conversation>>(read[0].example);
}

std::string prompt_of(const std::string& columns) {
  return lines_of(only(pairs_of("{" + columns + answers)).prompt);
}

void refused(const std::string& object, std::string_view why) {
  BOOST_TEST_CONTEXT(object) {
    BOOST_CHECK_EXCEPTION((void)pairs_of(object), format_error, says("/p.json: line 1: ", why));
  }
}

preference_form form_of_text(const std::string& text) {
  const scratch_folder folder;
  json_file file(put(folder / "p.json", text));
  return form_of(file);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(alpaca)

BOOST_AUTO_TEST_CASE(instruction_and_input_are_the_users_message) {
  BOOST_TEST(prompt_of(R"("instruction":"Add.","input":"1 2")") == "user: Add.\n1 2\n");
  for (const std::string input :
       {"", R"(,"input":"")", R"(,"input":null)", R"(,"input":" ")", R"(,"input":[])"})
    BOOST_TEST(prompt_of(R"("instruction":"Add.")" + input) == "user: Add.\n");
  BOOST_TEST(prompt_of(R"("instruction":"","input":"1 2")") == "user: 1 2\n");
  BOOST_TEST(prompt_of(R"("instruction":"Add.","prompt":null)") == "user: Add.\n");
  BOOST_TEST(prompt_of(R"("instruction":"Add.","prompt":"")") == "user: Add.\n");
}

BOOST_AUTO_TEST_CASE(system_and_history_come_first) {
  BOOST_TEST(
      prompt_of(R"("instruction":"And 3?","input":"","system":"Be brief.",)"
                R"("history":[["1+1?","2"],["2+2?","4"]])") ==
      "system: Be brief.\nuser: 1+1?\nassistant: 2\nuser: 2+2?\nassistant: 4\nuser: And 3?\n");
  for (const std::string none : {R"("history":[],"system":"")", R"("history":null,"system":null)"})
    BOOST_TEST(prompt_of(R"("instruction":"Hi",)" + none) == "user: Hi\n");
}

BOOST_AUTO_TEST_CASE(answers_are_the_assistants) {
  const auto read = pairs_of(R"({"instruction":"Hi","chosen":"A","rejected":""})");
  const auto& pair = only(read);
  BOOST_TEST(lines_of(pair.chosen) == "assistant: A\n");
  BOOST_TEST(lines_of(pair.rejected) == "assistant: \n");
  BOOST_TEST(describe(read.report).empty());
  // Without a template they become a dialogue.
  const preference_pair text = tests::as_texts(pair);
  BOOST_TEST(text.prompt == "\n\nHuman: Hi\n\nAssistant:");
  BOOST_TEST(text.chosen == " A");
  // They may be messages already.
  const auto messages = pairs_of(
      R"({"instruction":"Hi","chosen":[{"role":"assistant","content":"A"}],"rejected":{"from":"gpt","value":"B"}})");
  BOOST_TEST(lines_of(only(messages).chosen) == "assistant: A\n");
  BOOST_TEST(lines_of(only(messages).rejected) == "assistant: B\n");
}

BOOST_AUTO_TEST_CASE(a_list_of_records_reads_like_lines) {
  const std::string one = R"({"instruction":"Hi","input":"","chosen":"A","rejected":"B"})";
  const auto read = pairs_of("[" + one + ",\n " + one + "]");
  BOOST_REQUIRE_EQUAL(read.size(), 2U);
  BOOST_TEST(read[1].line == 2U);
  BOOST_TEST(lines_of(std::get<basic_pair<conversation>>(read[1].example).prompt) == "user: Hi\n");
}

BOOST_AUTO_TEST_CASE(output_is_the_completion) {
  for (const std::string label : {"label", "kto_tag"}) {
    const std::string line =
        R"({"instruction":"Hi","input":"there","output":"A",")" + label + R"(":false})";
    BOOST_CHECK(form_of_text(line) == preference_form::unpaired);
    const scratch_folder folder;
    const auto read = read_unpaired_preferences(put(folder / "p", line));
    const auto& example = std::get<basic_unpaired<conversation>>(read[0].example);
    BOOST_TEST(lines_of(example.prompt) == "user: Hi\nthere\n");
    BOOST_TEST(lines_of(example.completion) == "assistant: A\n");
    BOOST_TEST(!example.label);
    BOOST_TEST(describe(read.report).empty());
  }
  const auto refused_unpaired = [](const std::string& columns, std::string_view why) {
    const scratch_folder folder;
    BOOST_CHECK_EXCEPTION((void)read_unpaired_preferences(
                              put(folder / "p", R"({"instruction":"Hi",)" + columns + "}")),
                          format_error, says("/p: line 1: ", why));
  };
  refused_unpaired(R"("output":"A","label":true,"kto_tag":true)",
                   "label and kto_tag, expected one");
  refused_unpaired(R"("output":"A","kto_tag":1)", "kto_tag is 1, expected true or false");
  refused_unpaired(R"("output":"A")", "key \"label\" is missing");
  refused_unpaired(R"("output":["A","B"],"label":true)", "output is a list of texts, expected one");
  refused_unpaired(R"("output":3,"label":true)", "output is 3, expected a text");
  refused_unpaired(R"("label":true)", "key \"completion\" is missing");
  // TRL's columns may have LLaMA-Factory's label.
  const scratch_folder folder;
  BOOST_TEST(std::get<unpaired_preference>(
                 read_unpaired_preferences(
                     put(folder / "p", R"({"prompt":"Q","completion":"A","kto_tag":true})"))[0]
                     .example)
                 .label);
}

BOOST_AUTO_TEST_CASE(responses_of_a_list_are_the_assistants) {
  const scratch_folder folder;
  const auto read = read_ranked_preferences(
      put(folder / "p", R"({"instruction":"Hi","responses":["A","B"],"scores":[2,1]})"));
  const auto& list = std::get<basic_example<conversation>>(read[0].example);
  BOOST_TEST(lines_of(list.prompt) == "user: Hi\n");
  BOOST_TEST(lines_of(list.responses[1]) == "assistant: B\n");
}

BOOST_AUTO_TEST_CASE(tools_have_the_form_that_templates_read) {
  const std::string wrapped =
      R"({"tools": [{"type":"function","function":{"name":"f","a":1}},{"type":"x","name":"g"}]})";
  for (const std::string tools :
       {R"([{"name":"f","a":1},{"type":"x","name":"g"}])",
        R"("[{\"name\":\"f\",\"a\":1},{\"type\":\"x\",\"name\":\"g\"}]")"}) {
    const auto read = pairs_of(R"({"instruction":"Hi","tools":)" + tools + answers);
    BOOST_TEST(only(read).prompt.variables == wrapped);
  }
  for (const std::string none : {"null", "\"\"", "\"[]\"", "[]"})
    BOOST_TEST(only(pairs_of(R"({"instruction":"Hi","tools":)" + none + answers))
                   .prompt.variables.empty());
  refused(R"({"instruction":"Hi","tools":"f of x")" + answers,
          "tools is \"f of x\", expected the JSON of a list of tools");
  refused(R"({"instruction":"Hi","tools":"{\"name\":\"f\"}")" + answers,
          "tools is an object, expected a list of tools");
}

BOOST_AUTO_TEST_CASE(what_is_not_in_the_form_is_refused) {
  refused(R"({"instruction":"","input":null)" + answers, "instruction is empty, and so is input");
  refused(R"({"instruction":3)" + answers, "instruction is 3, expected a text");
  refused(R"({"instruction":["Hi"])" + answers, "instruction is a list, expected a text");
  refused(R"({"instruction":"Hi","input":{"a":1})" + answers,
          "input is an object, expected a text");
  refused(R"({"instruction":"Hi","system":["Hi"])" + answers, "system is a list, expected a text");
  refused(R"({"instruction":"Hi","history":"Hi")" + answers,
          "history is a text, expected a list of the user's text and the assistant's");
  refused(R"({"instruction":"Hi","history":["Hi"])" + answers, "history: number 1 is a text");
  refused(R"({"instruction":"Hi","history":[["a","b"],["a"]])" + answers,
          "history: number 2: 1 texts, expected the user's");
  refused(R"({"instruction":"Hi","history":[["a",null]])" + answers,
          "history: number 1 is null, expected a text");
  refused(R"({"instruction":"Hi","history":[{"role":"user","content":"a"}])" + answers,
          "history: number 1 is an object");
  refused(R"({"instruction":"Hi","chosen":"A"})", "key \"rejected\" is missing");
  refused(R"({"instruction":"Hi","chosen":"A","rejected":null})", "rejected is null");
  refused(R"({"instruction":"Hi","images":["a.png"])" + answers, "images is beside the messages");
  refused(R"({"instruction":"Hi","question":"What?")" + answers, "question is not in the prompt");
  const std::string deep(60, '['), shut(60, ']');
  refused(R"({"instruction":"Hi","history":)" + deep + "1" + shut + answers, "history: number 1");
}

// Whole dialogues beside an instruction begin with the prompt: it is not put before them again.
BOOST_AUTO_TEST_CASE(an_answer_may_quote_a_dialogue) {
  BOOST_TEST(prompt_of(R"("instruction":"Hi?","input":"")") == "user: Hi?\n");
  const auto read =
      pairs_of(R"({"instruction":"Hi?","chosen":"See:\n\nAssistant: x","rejected":"B"})");
  BOOST_TEST(lines_of(only(read).chosen) == "assistant: See:\n\nAssistant: x\n");
}

BOOST_AUTO_TEST_CASE(dialogues_are_no_answers) {
  const auto texts = pairs_of(
      R"({"instruction":"Hi?","chosen":"\n\nHuman: Hi?\n\nAssistant: A","rejected":"\n\nHuman: Hi?\n\nAssistant: B"})");
  BOOST_TEST((std::get<preference_pair>(texts[0].example) ==
              preference_pair{"\n\nHuman: Hi?\n\nAssistant:", " A", " B"}));
  const auto lists = pairs_of(
      R"({"instruction":"Hi?","chosen":[{"role":"user","content":"Hi?"},{"role":"assistant","content":"A"}],)"
      R"("rejected":[{"role":"user","content":"Hi?"},{"role":"assistant","content":"B"}]})");
  BOOST_TEST(lines_of(only(lists).prompt) == "user: Hi?\n");
  // With a prompt, the instruction is another column.
  refused(R"({"prompt":"Q","instruction":"Hi")" + answers, "instruction is not in the prompt");
  BOOST_TEST(std::get<preference_pair>(
                 pairs_of(R"({"prompt":"Say Hi","instruction":"Hi")" + answers)[0].example)
                 .prompt == "Say Hi");
}

BOOST_AUTO_TEST_CASE(a_prompt_to_answer_may_be_an_instruction) {
  const auto json = nlohmann::json::parse(R"({"instruction":"Hi","input":"there","output":"A"})");
  BOOST_TEST(lines_of(std::get<conversation>(parse_prompt(json_object(json, "f")))) ==
             "user: Hi\nthere\n");
}

BOOST_AUTO_TEST_SUITE_END()
