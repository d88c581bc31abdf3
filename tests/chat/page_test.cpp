// SPDX-License-Identifier: MIT
// The example of docs/chat-templates.md.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/chat.hpp"

BOOST_AUTO_TEST_SUITE(chat_page)

BOOST_AUTO_TEST_CASE(the_example_of_the_page) {
  // [render]
  const auto by = prefopt::chat_template::parse(
      "{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}{{ eos_token }}{% endfor %}",
      "example");
  const nlohmann::ordered_json variables{{"messages", {{{"role", "user"}, {"content", " Hi "}}}},
                                         {"eos_token", "</s>"}};
  const prefopt::rendering result = by.render(variables, {.date = {2026, 11, 28}});
  // result.text is "<|user|>Hi</s>"; result.generated has the ranges of {% generation %}
  // [/render]
  BOOST_TEST(result.text == "<|user|>Hi</s>");
}

BOOST_AUTO_TEST_SUITE_END()
