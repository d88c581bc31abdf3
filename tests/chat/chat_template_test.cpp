// SPDX-License-Identifier: MIT
// Limits, errors and ranges of chat templates, and what is refused by name.
#include <string>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/chat.hpp"
#include "chat/golden.hpp"

using prefopt::chat_template;
using prefopt_test::ordered_json;
using prefopt_test::render;

namespace {

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

/// The message of a rendering that fails.
std::string failure_of(const std::string& source, const prefopt::chat_limits& limits = {}) {
  try {
    (void)chat_template::parse(source, "t", limits).render(ordered_json::object(), {});
  } catch (const prefopt::template_error& cause) {
    return cause.what();
  }
  return "no error";
}

std::string refusal_of(const std::string& source) {
  try {
    (void)chat_template::parse(source, "file.jinja");
  } catch (const prefopt::format_error& cause) {
    return cause.what();
  }
  return "not refused";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(chat_templates)

BOOST_AUTO_TEST_CASE(an_error_names_the_template_and_the_line_and_keeps_the_reason) {
  const auto parsed = chat_template::parse("a\n{{ raise_exception('no\\n\u00e9') }}", "x.jinja");
  try {
    (void)parsed.render(ordered_json::object(), {});
    BOOST_ERROR("no error");
  } catch (const prefopt::template_error& cause) {
    BOOST_TEST(std::string(cause.what()) == "x.jinja: line 2: no???");
    BOOST_TEST(cause.reason == "no\n\u00e9");
    BOOST_TEST(cause.line == 2u);
  }
  BOOST_CHECK_THROW((void)parsed.render(ordered_json::array(), {}), prefopt::value_error);
}

BOOST_AUTO_TEST_CASE(what_jinja_knows_and_this_does_not_is_refused_by_name_and_line) {
  for (const char* tag : {"block", "extends", "include", "import", "from", "autoescape"})
    BOOST_TEST(refusal_of(std::string("\n{% ") + tag + " 'a' %}") ==
               std::string("file.jinja: line 2: the tag ") + tag + " is not supported");
  for (const char* filter : {"random", "urlencode", "urlize", "wordwrap", "xmlattr", "pprint",
                             "striptags", "filesizeformat"})
    BOOST_TEST(refusal_of(std::string("{% if x %}{{ x | ") + filter + " }}{% endif %}") ==
               std::string("file.jinja: line 1: the filter ") + filter + " is not supported");
  BOOST_TEST(has(failure_of("{{ 'a'.encode() }}"), "the method encode of str is not supported"));
  BOOST_TEST(has(failure_of("{{ lipsum() }}"), "lipsum is not supported"));
  BOOST_TEST(has(failure_of("{{ strftime_now('%s') }}"), "not supported"));
  BOOST_TEST(has(failure_of("{{ [1] | map('string') }}"), "a generator as a text"));
  BOOST_TEST(has(refusal_of("{{ 9223372036854775808 }}"), "an integer of more than 64 bits"));
  BOOST_TEST(has(failure_of("{{ 9223372036854775807 + 1 }}"), "an integer of more than 64 bits"));
  BOOST_TEST(has(refusal_of("\xff"), "not UTF-8"));
}

BOOST_AUTO_TEST_CASE(variables_that_are_missing_are_as_in_transformers) {
  const char* const source =
      "{{ tools is none }}{{ documents is none }}{{ add_generation_prompt }}"
      "{{ messages is defined }}{{ bos_token is defined }}";
  BOOST_TEST(render(source, ordered_json::object()) == "TrueTrueFalseFalseFalse");
  BOOST_TEST(render("{{ tools }}", {{"tools", {1}}}) == "[1]");
}

BOOST_AUTO_TEST_CASE(objects_keep_the_order_of_their_members) {
  const auto variables =
      prefopt::parse_ordered_json(R"({"d": {"b": 1, "a": {"z": 2, "y": 3}}})", "v");
  BOOST_TEST(render("{{ d | tojson }}{{ d }}", variables) ==
             R"({"b": 1, "a": {"z": 2, "y": 3}}{'b': 1, 'a': {'z': 2, 'y': 3}})");
  BOOST_CHECK_THROW((void)prefopt::parse_ordered_json(R"({"a": 1, "b": 2, "a": 3})", "v"),
                    prefopt::format_error);
}

BOOST_AUTO_TEST_CASE(variables_that_a_template_cannot_use_are_refused) {
  BOOST_CHECK_THROW((void)render("", {{"n", 18446744073709551615u}}), prefopt::value_error);
  BOOST_CHECK_THROW((void)render("", {{"s", "\xff"}}), prefopt::value_error);
  ordered_json deep = 1;
  for (int i = 0; i < 300; ++i) deep = ordered_json::array({deep});
  BOOST_CHECK_THROW((void)render("", {{"deep", deep}}), prefopt::value_error);
}

BOOST_AUTO_TEST_CASE(work_memory_and_depth_are_bounded) {
  const std::string loops =
      "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
  BOOST_TEST(has(failure_of(loops), "steps"));
  BOOST_TEST(has(failure_of("{{ 'a' * 999999999999 }}"), "a text of more than"));
  BOOST_TEST(has(failure_of("{{ [1] * 999999999999 }}"), "steps"));
  BOOST_TEST(has(failure_of("{{ 'ab'.center(99999999999) }}"), "a text of more than"));
  BOOST_TEST(has(failure_of("{{ '%9999999999d' % 1 }}"), "a text of more than"));
  BOOST_TEST(has(failure_of("{{ ('a' * 9999).replace('', 'b' * 99999) }}"), "a text of more than"));
  BOOST_TEST(has(failure_of("{{ [1] | batch(99999999, 0) | list }}"), "steps"));
  BOOST_TEST(has(failure_of("{{ [1] | slice(99999999) | list }}"), "steps"));
  BOOST_TEST(has(failure_of("{{ [[[]]] | tojson(indent=99999999) }}"), "a text of more than"));
  BOOST_TEST(has(failure_of("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), "recursion"));
  BOOST_TEST(
      has(failure_of("{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}"), "recursion"));
  const std::string grow =
      "{% set n = namespace(x=[]) %}{% for i in range(999) %}{% set n.x = [n.x] %}{% endfor %}";
  BOOST_TEST(has(failure_of(grow), "nested deeper"));
  const std::string doubled =
      "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}";
  BOOST_TEST(has(failure_of(doubled), "more than"));
  const std::string self = "{% set n = namespace() %}{% set n.x = n %}{{ n }}";
  BOOST_TEST(has(failure_of(self), "recursion"));
  prefopt::chat_limits tight;
  tight.output_bytes = 10;
  BOOST_TEST(has(failure_of("{{ '12345678901' }}", tight), "a text of more than 10 bytes"));
  BOOST_TEST(has(failure_of("{% for i in range(11) %}a{% endfor %}", tight), "more than 10 bytes"));
}

BOOST_AUTO_TEST_CASE(nesting_of_the_source_is_bounded) {
  BOOST_TEST(has(refusal_of("{{ " + repeated("(", 5000) + "1" + repeated(")", 5000) + " }}"),
                 "nested deeper"));
  BOOST_TEST(has(refusal_of("{{ " + repeated("not ", 5000) + "1 }}"), "nested deeper"));
  BOOST_TEST(has(refusal_of("{{ " + repeated("-", 5000) + "1 }}"), "nested deeper"));
  BOOST_TEST(has(refusal_of(repeated("{% if 1 %}", 5000) + repeated("{% endif %}", 5000)),
                 "nested deeper"));
  BOOST_TEST(
      has(refusal_of("{{ 1" + repeated(" + 1", 5000) + " }}"), "operations within each other"));
  BOOST_TEST(
      has(refusal_of("{{ x" + repeated(".a", 5000) + " }}"), "operations within each other"));
  BOOST_TEST(
      has(refusal_of("{{ x" + repeated("|trim", 5000) + " }}"), "operations within each other"));
  BOOST_TEST(has(refusal_of(std::string(2 << 20, 'a')), "a template of more than"));
  BOOST_TEST(render("{{ 1" + repeated(" + 1", 99) + " }}", ordered_json::object()) == "100");
}

BOOST_AUTO_TEST_CASE(what_refers_to_itself_is_freed) {
  // leaks are for the sanitizer to find
  BOOST_TEST(
      render("{% set n = namespace() %}{% set n.n = n %}{% macro m() %}{% endmacro %}"
             "{% set n.m = m %}{% for x in [[1]] recursive %}{% set n.l = loop %}{% endfor %}"
             "{% set keep = n.l %}{{ keep([2]) }}",
             ordered_json::object()) == "");
}

BOOST_AUTO_TEST_CASE(ranges_are_bytes_of_the_text) {
  const auto parsed = chat_template::parse(
      "\u00e9{% for m in messages %}<{{ m }}>{% generation %}{{ m }}!{% endgeneration %}\n{% endfor %}",
      "t");
  const auto result = parsed.render({{"messages", {"\u4f60", "b"}}}, {});
  BOOST_TEST(result.text == "\u00e9<\u4f60>\u4f60!<b>b!");
  BOOST_REQUIRE(result.generated.size() == 2u);
  const auto part = [&](std::size_t i) {
    const auto& range = result.generated[i];
    return result.text.substr(range.begin, range.end - range.begin);
  };
  BOOST_TEST(part(0) == "\u4f60!");
  BOOST_TEST(part(1) == "b!");
}

BOOST_AUTO_TEST_CASE(threads_share_a_template) {
  const auto parsed = chat_template::parse(
      "{% set n = namespace(x=0) %}{% for i in range(50) %}{% set n.x = n.x + k %}{% endfor %}{{ n.x }}",
      "t");
  std::vector<std::string> results(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < results.size(); ++i)
    threads.emplace_back([&, i] {
      for (int again = 0; again < 50; ++again) results[i] = parsed.render({{"k", i}}, {}).text;
    });
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < results.size(); ++i) BOOST_TEST(results[i] == std::to_string(50 * i));
}

BOOST_AUTO_TEST_CASE(dates) {
  using prefopt::calendar_date;
  BOOST_TEST((calendar_date::parse("2024-02-29") == calendar_date{2024, 2, 29}));
  for (const char* wrong : {"", "2023-02-29", "2024-13-01", "2024-1-1", "2024/01/01", "20240-1-01",
                            "0000-01-01", "2024-00-10", "-024-01-01", "2024-01-0x"})
    BOOST_CHECK_THROW((void)calendar_date::parse(wrong), prefopt::value_error);
  BOOST_TEST(render("{{ strftime_now('%d %b %Y') }}", ordered_json::object(), {{2024, 7, 26}}) ==
             "26 Jul 2024");
}

BOOST_AUTO_TEST_CASE(messages_are_normalized_as_transformers_does) {
  const auto messages = prefopt::parse_ordered_json(
      R"([{"role": "a", "content": null, "x": [null]}, {"role": "b", "thinking": "t", "reasoning": "r"}, {"reasoning_content": "c", "thinking": "t"}])",
      "m");
  BOOST_TEST(
      prefopt::normalize_messages(messages).dump() ==
      R"([{"role":"a","x":[null]},{"thinking":"t","role":"b","reasoning":"r","reasoning_content":"t"},{"thinking":"t","reasoning_content":"c"}])");
  BOOST_CHECK_THROW((void)prefopt::normalize_messages(ordered_json::object()),
                    prefopt::value_error);
}

BOOST_AUTO_TEST_SUITE_END()
