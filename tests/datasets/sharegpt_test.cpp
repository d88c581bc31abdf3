// SPDX-License-Identifier: MIT
// ShareGPT's messages are read wherever messages are, and its dialogues in place of a prompt.

#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/data/conversation.hpp"
#include "prefopt/datasets/messages.hpp"
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

const std::string hi = R"({"from":"human","value":"Hi"})";
const std::string hello = R"({"from":"gpt","value":"Hello!"})";
const std::string what = R"({"from":"gpt","value":"What?"})";
const std::string be_kind = R"({"from":"system","value":"Be kind."})";
const std::string answers = R"(,"chosen":)" + hello + R"(,"rejected":)" + what + "}";

std::string lines_of(const conversation& messages) {
  std::string text;
  for (const chat_message& one : messages.messages)
    text += one.json.empty() ? one.role + ": " + one.content + "\n" : one.json + "\n";
  return text;
}

preference_records<preference_record> pairs_of(const std::string& text) {
  const scratch_folder folder;
  return read_preferences(put(folder / "p.json", text));
}

std::string pair_of(const std::string& object) {
  const auto read = pairs_of(object);
  BOOST_TEST(describe(read.report).empty());
  const auto& pair = std::get<basic_pair<conversation>>(read[0].example);
  return lines_of(pair.prompt) + "+ " + lines_of(pair.chosen) + "- " + lines_of(pair.rejected);
}

void refused(const std::string& object, std::string_view why) {
  BOOST_TEST_CONTEXT(object) {
    BOOST_CHECK_EXCEPTION((void)pairs_of(object), format_error, says("/p.json: line 1: ", why));
  }
}

std::string with_prompt(const std::string& messages) {
  return R"({"conversations":[)" + messages + "]" + answers;
}

const std::string expected = "user: Hi\n+ assistant: Hello!\n- assistant: What?\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(sharegpt)

BOOST_AUTO_TEST_CASE(messages_may_be_of_sharegpt_wherever_they_are) {
  BOOST_TEST(pair_of(R"({"prompt":[)" + hi + "]" + answers) == expected);
  BOOST_TEST(pair_of(R"({"prompt":[)" + hi + R"(],"chosen":[)" + hello + R"(],"rejected":[)" +
                     what + "]}") == expected);
  BOOST_TEST(pair_of(R"({"chosen":[)" + hi + "," + hello + R"(],"rejected":[)" + hi + "," + what +
                     "]}") == expected);
  BOOST_TEST(pair_of(R"({"prompt":"Hi","chosen":[)" + hi + "," + hello +
                     R"(],"rejected":[{"role":"user","content":"Hi"},)" + what + "]}") == expected);
  const scratch_folder folder;
  const auto lists =
      read_ranked_preferences(put(folder / "p", R"({"prompt":[)" + hi + R"(],"responses":[)" +
                                                    hello + "," + what + R"(],"ranks":[1,2]})"));
  BOOST_TEST(lines_of(std::get<basic_example<conversation>>(lists[0].example).responses[1]) ==
             "assistant: What?\n");
}

BOOST_AUTO_TEST_CASE(conversations_are_the_prompt) {
  for (const std::string column : {"conversations", "conversation", "messages"})
    BOOST_TEST(pair_of("{\"" + column + "\":[" + hi + "]" + answers) == expected);
  BOOST_TEST(pair_of(R"({"conversations":[)" + hi + R"(],"chosen":"Hello!","rejected":"What?"})") ==
             expected);
  BOOST_TEST(pair_of(R"({"messages":[{"role":"user","content":"Hi"}],)"
                     R"("chosen":{"role":"assistant","content":"Hello!"},)"
                     R"("rejected":{"role":"assistant","content":"What?"}})") == expected);
  BOOST_TEST(pair_of(with_prompt(hi + "," + hello + "," + hi)) ==
             "user: Hi\nassistant: Hello!\n" + expected);
  const auto read = pairs_of("[" + with_prompt(hi) + ",\n" + with_prompt(hi) + "]");
  BOOST_TEST(read.size() == 2U);
}

BOOST_AUTO_TEST_CASE(the_system_column_comes_first) {
  const auto with_system = [](const std::string& system, const std::string& messages) {
    return R"({"system":)" + system + R"(,"conversations":[)" + messages + "]" + answers;
  };
  const std::string whole = "system: Be kind.\n" + expected;
  BOOST_TEST(pair_of(with_system("\"Be kind.\"", hi)) == whole);
  BOOST_TEST(pair_of(with_system("\"Be kind.\"", be_kind + "," + hi)) == whole);
  BOOST_TEST(pair_of(with_system("\"\"", be_kind + "," + hi)) == whole);
  BOOST_TEST(pair_of(with_system("null", hi)) == expected);
  refused(with_system("\"Be rude.\"", be_kind + "," + hi),
          "system is not the system's message in conversations, expected one of them");
  refused(with_system("1", hi), "system is 1, expected a text");
}

BOOST_AUTO_TEST_CASE(a_dialogue_with_a_label_ends_with_the_completion) {
  for (const std::string label : {"label", "kto_tag"})
    for (const std::string column : {"conversations", "messages"}) {
      const std::string line = R"({"system":"Be kind.",")" + column + "\":[" + hi + "," + hello +
                               "," + hi + "," + what + "],\"" + label + "\":true}";
      const scratch_folder folder;
      json_file file(put(folder / "p", line));
      BOOST_CHECK(form_of(file) == preference_form::unpaired);
      const auto read = read_unpaired_preferences(file);
      const auto& example = std::get<basic_unpaired<conversation>>(read[0].example);
      BOOST_TEST(lines_of(example.prompt) ==
                 "system: Be kind.\nuser: Hi\nassistant: Hello!\nuser: Hi\n");
      BOOST_TEST(lines_of(example.completion) == "assistant: What?\n");
      BOOST_TEST(example.label);
      BOOST_TEST(describe(read.report).empty());
    }
  const scratch_folder folder;
  BOOST_CHECK_EXCEPTION(
      (void)read_unpaired_preferences(
          put(folder / "p", R"({"conversations":[)" + hello + R"(],"label":true})")),
      format_error, says("/p: line 1: conversations has no message before the assistant's last"));
}

BOOST_AUTO_TEST_CASE(calls_of_functions_and_their_results_are_those_of_tools) {
  const auto with_call = [](const std::string& call) {
    return with_prompt(hi + R"(,{"from":"function_call","value":")" + call +
                       R"("},{"from":"observation","value":"3"})");
  };
  const std::string f = R"({\"name\":\"f\",\"arguments\":{\"z\":1,\"a\":\"x\"}})";
  const std::string made =
      R"({"type":"function","function":{"name":"f","arguments":{"z":1,"a":"x"}}})";
  for (const auto& [call, calls] :
       {std::pair{f, made}, {"[" + f + "]", made}, {"[" + f + "," + f + "]", made + "," + made}})
    BOOST_TEST(pair_of(with_call(call)) ==
               R"(user: Hi
{"role":"assistant","content":"","tool_calls":[)" +
                   calls + "]}\ntool: 3\n+ assistant: Hello!\n- assistant: What?\n");
  for (const std::string bad :
       {"f(1)", "", "3", "[]", "[[]]", "{}", R"({\"name\":\"f\"})",
        R"({\"name\":1,\"arguments\":{}})", R"({\"name\":\"f\",\"arguments\":{},\"x\":1})"})
    refused(with_call(bad), "conversations: message 2: value is no");
  const std::string deep(200, '[');
  refused(with_call(deep), "conversations: message 2: value is not JSON");
  refused(with_prompt(hi + R"(,{"from":"function_call","value":{"name":"f","arguments":{}}})"),
          "conversations: message 2: value is an object, expected a text");
}

BOOST_AUTO_TEST_CASE(tools_come_as_a_text_or_a_list) {
  const auto read =
      pairs_of(R"({"conversations":[)" + hi + R"(],"tools":"[{\"name\":\"f\"}]")" + answers);
  BOOST_TEST(std::get<basic_pair<conversation>>(read[0].example).prompt.variables ==
             R"({"tools": [{"type":"function","function":{"name":"f"}}]})");
  // Elsewhere they are as they are, and a blank text is no list of tools.
  const auto plain = pairs_of(R"({"prompt":[)" + hi + R"(],"tools":"")" + answers);
  BOOST_TEST(std::get<basic_pair<conversation>>(plain[0].example).prompt.variables.empty());
}

BOOST_AUTO_TEST_CASE(unknown_speakers_and_broken_messages_are_refused) {
  refused(with_prompt(R"({"from":"humna","value":"Hi"})"),
          "conversations: message 1: from is \"humna\", did you mean human? Known are human, user");
  refused(with_prompt(R"({"from":"bing chat","value":"Hi"})"),
          "conversations: message 1: from is \"bing chat\", expected human, user, gpt");
  refused(with_prompt(R"({"from":1,"value":"Hi"})"), "message 1: from is 1, expected a text");
  refused(with_prompt(R"({"from":"human","value":null})"), "message 1: value is null");
  refused(with_prompt(R"({"from":"human","value":["Hi"]})"), "message 1: value is a list");
  refused(with_prompt(R"({"from":"human"})"), "message 1: key \"value\" is missing");
  refused(with_prompt(R"({"value":"Hi"})"), "message 1: key \"role\" is missing");
  refused(with_prompt(R"({"from":"human","value":"Hi","role":"user"})"),
          "message 1: from and role");
  refused(with_prompt(R"({"from":"human","content":"Hi"})"), "message 1: from and content");
  refused(with_prompt(R"({"from":"human","value":"Hi","weight":0})"),
          "message 1: weight would make some");
  refused(with_prompt("1"), "conversations: message 1: 1, expected a JSON object");
  refused(with_prompt(hi + "," + hello), "conversations: a prompt whose last message");
  refused(R"({"conversations":[)" + hi + R"(],"chosen":)" + hi + R"(,"rejected":)" + what + "}",
          "chosen: a response whose first message is not the assistant's");
  refused(R"({"conversations":[])" + answers, "chosen and rejected have no common beginning");
  refused(R"({"conversations":[)" + hi + R"(],"chosen":)" + hello + R"(,"rejected":3})",
          "rejected is 3");
  refused(R"({"conversations":[)" + hi + R"(],"instruction":"Sing.")" + answers,
          "instruction is not in the prompt");
  // null members are no members
  BOOST_TEST(pair_of(with_prompt(R"({"from":"human","value":"Hi","role":null,"weight":null})")) ==
             expected);
}

BOOST_AUTO_TEST_CASE(other_members_of_messages_are_counted_and_kept) {
  const auto read = pairs_of(with_prompt(R"({"from":"human","value":"Hi","foo":[1],"id":3})"));
  BOOST_REQUIRE_EQUAL(read.report.unused.size(), 1U);
  BOOST_TEST((read.report.unused[0] == unused_column{"foo", true, 1, 1}));
  BOOST_TEST(std::get<basic_pair<conversation>>(read[0].example).prompt.messages[0].json ==
             R"({"role":"user","content":"Hi","foo":[1],"id":3})");
  const auto chosen = pairs_of(R"({"conversations":[)" + hi + R"(],"chosen":)" + hello +
                               R"(,"rejected":{"from":"gpt","value":"What?","bar":1}})");
  BOOST_REQUIRE_EQUAL(chosen.report.unused.size(), 1U);
  BOOST_TEST((chosen.report.unused[0] == unused_column{"bar", true, 1, 1}));
}

BOOST_AUTO_TEST_CASE(a_prompt_to_answer_may_be_a_dialogue) {
  const auto json = nlohmann::json::parse(R"({"conversations":[)" + hi + R"(],"system":"Sing."})");
  BOOST_TEST(lines_of(std::get<conversation>(parse_prompt(json_object(json, "f")))) ==
             "system: Sing.\nuser: Hi\n");
}

BOOST_AUTO_TEST_SUITE_END()
