// SPDX-License-Identifier: MIT
// Message lists become the plain text of a dialogue, cut where the assistant answers.

#include "prefopt/datasets/messages.hpp"

#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/data/dialogue_renderer.hpp"
#include "prefopt/data/tokenize.hpp"
#include "prefopt/datasets/preferences.hpp"
#include "prefopt/datasets/ranked_preferences.hpp"
#include "prefopt/datasets/unpaired_preferences.hpp"
#include "prefopt/io/json_object.hpp"
#include "data/toy_tokenizer.hpp"
#include "datasets/as_texts.hpp"
#include "support/scratch_folder.hpp"

using namespace prefopt;
using namespace prefopt_test;

namespace {

const std::string hi = R"({"role":"user","content":"Hi"})";
const std::string hello = R"({"role":"assistant","content":"Hello!"})";
const std::string what = R"({"role":"assistant","content":"What?"})";
const std::string be_kind = R"({"role":"system","content":"Be kind."})";

using messages_pair = basic_pair<conversation>;

preference_pair rendered(const preference_record& record) {
  if (const auto* texts = std::get_if<preference_pair>(&record.example)) return *texts;
  return tests::as_texts(std::get<messages_pair>(record.example));
}

preference_pair only(const std::string& line) {
  const scratch_folder folder;
  return rendered(read_preferences(put(folder / "p.jsonl", line))[0]);
}

void refused(const std::string& line, std::string_view why) {
  const scratch_folder folder;
  const tests::toy_tokenizer toy({});
  BOOST_CHECK_EXCEPTION(
      (void)tokenize(read_preferences(put(folder / "p.jsonl", line)), toy, dialogue_renderer{}),
      format_error, says("/p.jsonl: line 1: ", why));
}

std::string list(const std::vector<std::string>& messages) {
  std::string text;
  for (const std::string& message : messages) text += (text.empty() ? "" : ",") + message;
  return "[" + text + "]";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(messages)

BOOST_AUTO_TEST_CASE(a_prompt_ends_where_the_assistant_answers) {
  const preference_pair pair = only(R"({"prompt":)" + list({be_kind, hi}) + R"(,"chosen":)" +
                                    list({hello}) + R"(,"rejected":)" + list({what, hello}) + "}");
  BOOST_TEST(pair.prompt == "\n\nSystem: Be kind.\n\nHuman: Hi\n\nAssistant:");
  BOOST_TEST(pair.chosen == " Hello!");
  BOOST_TEST(pair.rejected == " What?\n\nAssistant: Hello!");
}

BOOST_AUTO_TEST_CASE(without_a_prompt_it_is_the_messages_in_common) {
  const auto split = [](const std::vector<std::string>& chosen,
                        const std::vector<std::string>& rejected) {
    return only(R"({"chosen":)" + list(chosen) + R"(,"rejected":)" + list(rejected) + "}");
  };
  const preference_pair last{"\n\nHuman: Hi\n\nAssistant:", " Hello!", " What?"};
  BOOST_TEST((split({hi, hello}, {hi, what}) == last));
  BOOST_TEST((split({hi, hello, hi, hello}, {hi, hello, hi, what}).prompt ==
              "\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: Hi\n\nAssistant:"));
  BOOST_TEST(
      (split({hi, hello}, {hi, hello}) == preference_pair{last.prompt, " Hello!", " Hello!"}));
}

BOOST_AUTO_TEST_CASE(what_is_no_dialogue_is_refused) {
  const auto with_prompt = [](const std::string& prompt, const std::string& chosen) {
    return R"({"prompt":)" + prompt + R"(,"chosen":)" + chosen + R"(,"rejected":)" + chosen + "}";
  };
  refused(with_prompt("[]", list({hello})), "prompt: a prompt without messages");
  refused(with_prompt(list({hi, hello}), list({hello})),
          "prompt: a prompt whose last message is the assistant's");
  refused(with_prompt(list({hi}), "[]"), "chosen: a response without messages");
  refused(with_prompt(list({hi}), list({be_kind, hello})),
          "chosen: a response whose first message is not the assistant's");
  refused(with_prompt(list({hi}), list({hello, hi, what})),
          "chosen: a response whose message 2 is not the assistant's");
  refused(with_prompt(list({hi}), list({hello, hi})),
          "chosen: a response whose message 2 is not the assistant's");
  refused(with_prompt(list({hi}), list({hello, be_kind})), "message 2 is not the assistant's");
  refused(with_prompt(list({hi}), "\"Hello!\""),
          "chosen is a text and the prompt a list of messages");
  refused(with_prompt("\"Hi\"", list({hello})),
          "chosen is a list of messages and the prompt a text");
  refused(with_prompt(R"([{"role":"tool","content":"x"}])", list({hello})),
          "prompt: message 1: role is tool, expected system, user or assistant");
  refused(with_prompt(R"([{"role":"user"}])", list({hello})),
          "prompt: message 1: key \"content\" is missing");
  refused(with_prompt(R"([{"role":"user","content":["x"]}])", list({hello})),
          "content is a list of parts, expected a text");
  refused(with_prompt("[1]", list({hello})), "prompt: message 1: 1, expected a JSON object");
  refused(
      R"({"chosen":)" + list({hi, hello}) + R"(,"rejected":)" + list({be_kind, hello}) + "}",
      "chosen and rejected have no common beginning that is followed by an assistant's message in each");
  const auto refused_by = [](const auto& parse, const std::string& text, const char* why) {
    const auto json = nlohmann::json::parse(text);
    BOOST_CHECK_EXCEPTION((void)parse(prefopt::json_object(json, "f: line 1"), column_names()),
                          format_error, says("f: line 1: ", why));
  };
  refused_by(
      prefopt::parse_ranked_preference,
      R"({"ranks":[1,2],"responses":[)" + list({hi, hello}) + "," + list({be_kind, hello}) + "]}",
      "the responses have no common beginning that is followed by an assistant's message in each");
  refused_by(prefopt::parse_unpaired_preference,
             R"({"label":true,"completion":)" + list({hello}) + "}",
             "completion has no message before the assistant's last turn");
  refused(R"({"chosen":)" + list({hi, hello}) + R"(,"rejected":"x"})",
          "rejected is a text and another a list");
  // They diverge at a user's message, so a user's turn would be scored.
  refused(R"({"chosen":)" + list({hi, hello, be_kind, hello}) + R"(,"rejected":)" +
              list({hi, hello, hi, hello}) + "}",
          "chosen: a response whose message 2 is not the assistant's");
  refused(R"({"chosen":)" + list({hi, hello, hi}) + R"(,"rejected":)" + list({hi, what}) + "}",
          "chosen: a response whose");
  refused(R"({"chosen":{"role":"assistant","content":"x"},"rejected":)" + list({hi}) + "}",
          "chosen and rejected have no common beginning");
  refused(R"({"chosen":{"text":"x"},"rejected":)" + list({hi}) + "}",
          "chosen: key \"role\" is missing");
}

// UltraFeedback's format: the prompt as a text or a list, and dialogues that begin with it.
BOOST_AUTO_TEST_CASE(a_prompt_that_the_dialogues_begin_with_is_not_said_twice) {
  const std::string dialogues =
      R"("chosen":)" + list({hi, hello}) + R"(,"rejected":)" + list({hi, what}) + "}";
  const preference_pair expected{"\n\nHuman: Hi\n\nAssistant:", " Hello!", " What?"};
  for (const std::string prompt :
       {R"("prompt":"Hi",)", R"("prompt":" Hi\n",)", R"("prompt":"",)", R"("prompt":null,)", ""})
    BOOST_TEST((only("{" + prompt + dialogues) == expected));
  BOOST_TEST((only(R"({"prompt":)" + list({hi}) + "," + dialogues) == expected));
  BOOST_TEST((only(R"({"prompt":"Hi","prompt_id":"3f","messages":)" + list({hi, hello}) +
                   R"(,"score_chosen":8.5,"score_rejected":7,)" + dialogues) == expected));
  BOOST_TEST((only(R"({"prompt":"Hi","chosen":)" + list({be_kind, hi, hello}) + R"(,"rejected":)" +
                   list({be_kind, hi, what}) + "}")
                  .prompt == "\n\nSystem: Be kind.\n\nHuman: Hi\n\nAssistant:"));
  // One of the dialogues may be only the answer.
  BOOST_TEST((only(R"({"prompt":)" + list({hi}) + R"(,"chosen":)" + list({hi, hello}) +
                   R"(,"rejected":)" + list({what}) + "}") == expected));
  // A prompt that they do not contain would be lost, or reworded.
  refused(R"({"prompt":"H",)" + dialogues,
          "prompt is \"H\", which is not a user's message in the dialogues of chosen");
  refused(R"({"prompt":"Hi there",)" + dialogues,
          "prompt is \"Hi there\", which is not a user's message");
  refused(R"({"prompt":)" + list({be_kind}) + "," + dialogues,
          "chosen: a response whose first message is not");
}

BOOST_AUTO_TEST_CASE(members_that_no_template_writes_are_refused) {
  const auto with = [](const std::string& member, const char* role) {
    return R"({"prompt":)" + list({hi}) + R"(,"rejected":)" + list({what}) +
           R"(,"chosen":[{"role":")" + role + R"(","content":"x",)" + member + "}]}";
  };
  for (const std::string member :
       {"tool_calls", "function_call", "tools", "images", "reasoning_content", "thinking"})
    refused(with("\"" + member + R"(":[{"name":"f"}])", "assistant"),
            "chosen: message 1: " + member + " is for a chat temp");
  for (const std::string member : {"weight", "loss_mask", "train", "loss"}) {
    refused(with("\"" + member + "\":0", "assistant"),
            "chosen: message 1: " + member + " would make some");
    refused(with("\"" + member + "\":false", "assistant"), member);
    BOOST_TEST(only(with("\"" + member + "\":1", "assistant")).chosen == " x");
    BOOST_TEST(only(with("\"" + member + "\":null", "assistant")).chosen == " x");
  }
  BOOST_TEST(
      only(with(R"("tool_calls":null,"function_call":null,"name":"Bob","tools":[])", "assistant"))
          .chosen == " x");
  refused(R"({"prompt":)" + list({hi}) + R"(,"rejected":)" + list({what}) +
              R"(,"chosen":[{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]}]})",
          "chosen: message 1: tool_calls is for a chat template");
  const auto with_tool = [](const std::string& member) {
    return R"({"chosen":)" + list({hello}) + R"(,"rejected":)" + list({what}) + R"(,"prompt":)" +
           list({hi, R"({"role":"tool","content":"x",)" + member + "}"}) + "}";
  };
  refused(with_tool(R"("tool_call_id":"1")"), "prompt: message 2: tool_call_id is for a chat temp");
  refused(with_tool(R"("name":"f")"), "prompt: message 2: role is tool");
  refused(with("\"name\":\"f\"", "tool"), "chosen: a response whose first message is not");
}

// Only a call of a tool or a thought needs no words.
BOOST_AUTO_TEST_CASE(messages_without_content_are_refused) {
  const auto with = [](const std::string& message) {
    return R"({"prompt":[)" + message + "," + hi + R"(],"chosen":)" + list({hello}) +
           R"(,"rejected":)" + list({what}) + "}";
  };
  for (const std::string role : {"user", "tool", "assistant", "narrator"}) {
    const std::string begin = R"({"role":")" + role + "\"";
    refused(with(begin + R"(,"content":null})"),
            "prompt: message 1: content is null, expected a text");
    refused(with(begin + R"(,"content":null,"tool_calls":[]})"), "message 1: content is null");
    refused(with(begin + R"(,"content":null,"name":"f"})"), "message 1: content is null");
    refused(with(begin + R"(,"content":3})"), "prompt: message 1: content is 3, expected a text");
    refused(with(begin + R"(,"content":true,"tool_calls":[1]})"), "message 1: content is true");
    refused(with(begin + "}"), "prompt: message 1: key \"content\" is missing");
  }
  const scratch_folder folder;
  for (const std::string member :
       {R"("tool_calls":[{"name":"f"}])", R"("reasoning_content":"Hm.")"})
    BOOST_TEST(read_preferences(
                   put(folder / "p", with(R"({"role":"assistant","content":null,)" + member + "}")))
                   .size() == 1U);
}

// What only a chat template writes is kept as it is, for one.
BOOST_AUTO_TEST_CASE(what_is_for_templates_is_kept) {
  const scratch_folder folder;
  const std::string call =
      R"({"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"z":1,"a":[]}}}],"content":null})";
  const std::string line = R"({"prompt":)" + list({hi, call, R"({"role":"tool","content":"3"})"}) +
                           R"(,"chosen":)" + list({hello}) + R"(,"rejected":)" + list({what}) +
                           R"(,"tools":[{"z":1,"name":"f"}],"documents":[]})";
  const auto records = read_preferences(put(folder / "p.jsonl", line));
  const auto& pair = std::get<messages_pair>(records[0].example);
  BOOST_TEST(pair.prompt.messages.size() == 3U);
  BOOST_TEST(pair.prompt.messages[0].json.empty());
  BOOST_TEST(pair.prompt.messages[1].json == call);  // in the file's order
  BOOST_TEST(pair.prompt.messages[2].role == "tool");
  BOOST_TEST(pair.prompt.variables == R"({"documents": [], "tools": [{"z":1,"name":"f"}]})");
  BOOST_TEST(records[0].is_text());
  refused(R"({"prompt":)" + list({hi}) + R"(,"chosen":)" + list({hello}) + R"(,"rejected":)" +
              list({what}) + R"(,"tools":[{"name":"f"}]})",
          "tools is for a chat template to write");
}

// Messages that only a template writes are the same wherever they are.
BOOST_AUTO_TEST_CASE(a_common_history_with_tool_calls_is_the_prompt) {
  const scratch_folder folder;
  const std::string call = R"({"role":"assistant","tool_calls":[{"name":"f"}]})",
                    found = R"({"role":"tool","content":"3"})";
  for (const std::string& prompt :
       {std::string(), R"("prompt":)" + list({hi, call, found}) + ","}) {
    const auto records = read_preferences(
        put(folder / "p.jsonl", "{" + prompt + R"("chosen":)" + list({hi, call, found, hello}) +
                                    R"(,"rejected":)" + list({hi, call, found, what}) + "}"));
    const auto& pair = std::get<messages_pair>(records[0].example);
    BOOST_TEST(pair.prompt.messages.size() == 3U);
    BOOST_TEST(pair.chosen.messages.size() == 1U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
