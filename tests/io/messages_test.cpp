// SPDX-License-Identifier: MIT
// Message lists become the plain text of a dialogue, cut where the assistant answers.

#include "prefopt/io/messages.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <variant>
#include <vector>

#include "files/scratch_folder.hpp"
#include "prefopt/io/preferences.hpp"

using namespace prefopt;
using namespace prefopt_test;

namespace {

const std::string hi = R"({"role":"user","content":"Hi"})";
const std::string hello = R"({"role":"assistant","content":"Hello!"})";
const std::string what = R"({"role":"assistant","content":"What?"})";
const std::string be_kind = R"({"role":"system","content":"Be kind."})";

preference_pair only(const std::string& line) {
  const scratch_folder folder;
  return std::get<preference_pair>(read_preferences(put(folder / "p.jsonl", line)).at(0).example);
}

void refused(const std::string& line, std::string_view why) {
  const scratch_folder folder;
  BOOST_CHECK_EXCEPTION((void)read_preferences(put(folder / "p.jsonl", line)), format_error,
                        says("/p.jsonl: line 1: ", why));
}

std::string list(const std::vector<std::string>& messages) {
  std::string text;
  for (const std::string& message : messages) text += (text.empty() ? "" : ",") + message;
  return "[" + text + "]";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(messages)

BOOST_AUTO_TEST_CASE(a_prompt_ends_where_the_assistant_answers) {
  const preference_pair pair = only(R"({"prompt":)" + list({be_kind, hi}) + R"(,"chosen":)" + list({hello}) +
                                    R"(,"rejected":)" + list({what, hi, hello}) + "}");
  BOOST_TEST(pair.prompt == "\n\nSystem: Be kind.\n\nHuman: Hi\n\nAssistant:");
  BOOST_TEST(pair.chosen == " Hello!");
  BOOST_TEST(pair.rejected == " What?\n\nHuman: Hi\n\nAssistant: Hello!");
}

BOOST_AUTO_TEST_CASE(without_a_prompt_it_is_the_messages_in_common) {
  const auto split = [](const std::vector<std::string>& chosen, const std::vector<std::string>& rejected) {
    return only(R"({"chosen":)" + list(chosen) + R"(,"rejected":)" + list(rejected) + "}");
  };
  const preference_pair last{"\n\nHuman: Hi\n\nAssistant:", " Hello!", " What?"};
  BOOST_TEST((split({hi, hello}, {hi, what}) == last));
  BOOST_TEST((split({hi, hello, hi, hello}, {hi, hello, hi, what}).prompt ==
              "\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: Hi\n\nAssistant:"));
  // They part at a user's message: the answers before it belong to the responses.
  const preference_pair parted = split({hi, hello, be_kind, hello}, {hi, hello, hi, hello});
  BOOST_TEST(parted.prompt == "\n\nHuman: Hi\n\nAssistant:");
  BOOST_TEST(parted.rejected == " Hello!\n\nHuman: Hi\n\nAssistant: Hello!");
  BOOST_TEST((split({hi, hello}, {hi, hello}) == preference_pair{last.prompt, " Hello!", " Hello!"}));
}

BOOST_AUTO_TEST_CASE(what_is_no_dialogue_is_refused) {
  const auto with_prompt = [](const std::string& prompt, const std::string& chosen) {
    return R"({"prompt":)" + prompt + R"(,"chosen":)" + chosen + R"(,"rejected":)" + chosen + "}";
  };
  refused(with_prompt("[]", list({hello})), "prompt: a prompt without messages");
  refused(with_prompt(list({hi, hello}), list({hello})), "prompt: a prompt whose last message is the assistant's");
  refused(with_prompt(list({hi}), "[]"), "chosen: a response without messages");
  refused(with_prompt(list({hi}), list({hi, hello})), "chosen: a response whose first message is not the assistant's");
  refused(with_prompt(list({hi}), "\"Hello!\""), "chosen is a text and the prompt a list of messages");
  refused(with_prompt("\"Hi\"", list({hello})), "chosen is a list of messages and the prompt a text");
  refused(with_prompt(R"([{"role":"tool","content":"x"}])", list({hello})),
          "prompt: message 1: role is tool, wanted system, user or assistant");
  refused(with_prompt(R"([{"role":"user"}])", list({hello})), "prompt: message 1: key \"content\" is missing");
  refused(with_prompt(R"([{"role":"user","content":["x"]}])", list({hello})), "content is a list, a text was wanted");
  refused(with_prompt("[1]", list({hello})), "prompt: message 1: 1, a JSON object was wanted");
  refused(R"({"chosen":)" + list({hi, hello}) + R"(,"rejected":)" + list({be_kind, hello}) + "}",
          "chosen and rejected have no beginning in common");
  refused(R"({"chosen":)" + list({hi, hello}) + R"(,"rejected":"x"})", "rejected is a text, a list was wanted");
}

BOOST_AUTO_TEST_SUITE_END()
