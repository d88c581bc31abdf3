// SPDX-License-Identifier: MIT
// A model's template as a renderer: what it is given besides the messages, and what it refuses.

#include "prefopt/chat/chat_renderer.hpp"

#include <string>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/chat.hpp"

using namespace prefopt;

namespace {

chat_renderer renderer_of(const std::string& source) {
  return {chat_template::parse(source, "t"), {{"bos_token", "<s>"}}, {.date = {2026, 11, 28}}};
}
const conversation hi{{{"user", "Hi"}}};

}  // namespace

BOOST_AUTO_TEST_SUITE(chat_renderers)

BOOST_AUTO_TEST_CASE(variables_are_shared_and_an_examples_own_ones_come_on_top) {
  const auto by = renderer_of(
      "{{ bos_token }}{{ x }}{{ messages[0].content }}{{ tools | tojson if tools else '' }}"
      "{{ add_generation_prompt }}");
  BOOST_TEST(by.render(hi, true) == "<s>HiTrue");
  conversation own = hi;
  own.variables =
      R"({"chat_template_kwargs": {"x": 3, "messages": []}, "tools": "[{\"z\": 1, \"a\": 2}]"})";
  BOOST_TEST(by.render(own, false) == R"(<s>3Hi[{"z": 1, "a": 2}]False)");
  own.variables = R"({"chat_template_kwargs": [1]})";
  BOOST_CHECK_THROW((void)by.render(own, false), value_error);
  own.variables = R"({"tools": "no JSON"})";
  BOOST_CHECK_THROW((void)by.render(own, false), value_error);
  BOOST_CHECK_THROW(
      (chat_renderer{chat_template::parse("", "t"), nlohmann::ordered_json::array(), {}}),
      value_error);
}

BOOST_AUTO_TEST_CASE(tools_that_a_template_does_not_read_are_refused) {
  const auto plain = renderer_of("{% for m in messages %}{{ m.content }}{% endfor %}");
  conversation with_tools = hi;
  with_tools.variables = R"({"tools": []})";
  BOOST_TEST(plain.render(with_tools, false) == "Hi");
  with_tools.variables = R"({"tools": [{"name": "f"}]})";
  const auto names = [](const char* what) {
    return [what](const value_error& cause) {
      return std::string(cause.what()).find(what) != std::string::npos;
    };
  };
  BOOST_CHECK_EXCEPTION((void)plain.render(with_tools, false), value_error,
                        names("t: the template does not read tools"));
  const conversation call{
      {{"assistant", "",
        R"({"role": "assistant", "content": "", "tool_calls": [{"name": "f"}]})"}}};
  BOOST_CHECK_EXCEPTION((void)plain.render(call, false), value_error,
                        names("the template does not read tool_calls"));
  const auto reads = renderer_of("{% for m in messages %}{{ m.tool_calls[0].name }}{% endfor %}");
  BOOST_TEST(reads.render(call, false) == "f");
}

// DeepSeek's template writes calls only of messages without a text, and LFM2's none.
BOOST_AUTO_TEST_CASE(tools_that_a_template_leaves_out_are_refused) {
  const auto says = [](const char* what) {
    return [what](const value_error& cause) {
      return std::string(cause.what()).find(what) != std::string::npos;
    };
  };
  const auto call = [](const char* content) {
    return conversation{
        {{"assistant", content,
          concat(R"({"role": "assistant", "content": ")", content,
                 R"(", "tool_calls": [{"function": {"name": "sum", "arguments": {}}}]})")}}};
  };
  const auto one_of = renderer_of(
      "{% for m in messages %}{{ m.content or m.tool_calls[0].function.name }}{% endfor %}");
  BOOST_TEST(one_of.render(call(""), false) == "sum");
  BOOST_CHECK_EXCEPTION((void)one_of.render(call("Hm."), false), value_error,
                        says("t: the template leaves out a call of sum; remove it"));
  conversation with_tools = hi;
  with_tools.variables = R"({"tools": [{"type": "function", "function": {"name": "sum"}}]})";
  BOOST_CHECK_EXCEPTION((void)renderer_of("{{ messages[0] | tojson }}").render(with_tools, false),
                        value_error, says("t: the template leaves out the tool sum"));
  const auto lists = renderer_of("{{ tools[0].function.name }}{# tool_calls #}");
  BOOST_TEST(lists.render(with_tools, false) == "sum");
  conversation both = call("");
  both.variables =
      R"({"tools": [{"type": "function", "function": {"name": "sum", "x": "sums a_sum"}}]})";
  BOOST_CHECK_EXCEPTION((void)renderer_of("{{ tools | tojson }}").render(both, false), value_error,
                        says("t: the template leaves out a call of sum"));
  BOOST_CHECK_EXCEPTION((void)lists.render(both, false), value_error,
                        says("t: the template leaves out a call of sum"));
  BOOST_TEST(renderer_of("{{ messages[0].content }}").mentions("content"));
  BOOST_TEST(!renderer_of("{{ messages[0].content }}").mentions("foo"));
  BOOST_TEST(!renderer_of("{{ messages[0].content }}").mentions("message"));  // within a word
}

BOOST_AUTO_TEST_CASE(a_template_that_asks_for_the_date_says_so) {
  BOOST_TEST(renderer_of("{{ strftime_now('%Y') }}").reads_date());
  BOOST_TEST(renderer_of("{{ strftime_now('%Y') }}").render(hi, false) == "2026");
  BOOST_TEST(!renderer_of("2026").reads_date());
}

BOOST_AUTO_TEST_SUITE_END()
