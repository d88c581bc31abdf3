// SPDX-License-Identifier: MIT
// Small templates, each for one construct, against what jinja2 makes of them.
#include <string>

#include <boost/test/unit_test.hpp>

#include "prefopt/chat.hpp"
#include "chat/golden.hpp"

using prefopt_test::chat_golden;
using prefopt_test::ordered_json;

namespace {

const ordered_json& golden() {
  static const ordered_json all = chat_golden("snippets.json");
  return all;
}

prefopt::render_options options() {
  return {prefopt::calendar_date::parse(golden().at("date").get<std::string>())};
}

void check_text(const ordered_json& expected, const prefopt::chat_template& parsed) {
  const prefopt::rendering result = parsed.render(golden().at("variables"), options());
  BOOST_TEST(result.text == expected.at("text").get<std::string>());
  ordered_json ranges = ordered_json::array();
  for (const prefopt::text_range& range : result.generated)
    ranges.push_back({range.begin, range.end});
  BOOST_TEST(ranges == expected.value("generated", ordered_json::array()));
}

void check_error(const ordered_json& expected, const prefopt::chat_template& parsed) {
  try {
    const auto result = parsed.render(golden().at("variables"), options());
    BOOST_ERROR("no " << expected.at("error") << ", but the text " << result.text);
  } catch (const prefopt::template_error& cause) {
    if (expected.contains("reason"))
      BOOST_TEST(cause.reason == expected.at("reason").get<std::string>());
  }
}

void check_refused(const ordered_json& expected, const std::string& source) {
  try {
    (void)prefopt::chat_template::parse(source, "t");
    BOOST_ERROR("not refused: " << expected.at("refused"));
  } catch (const prefopt::format_error& cause) {
    // a tag that leaves no loop has a line of Python's instead
    if (expected.at("refused") == "SyntaxError") return;
    const std::string begin = "t: line " + std::to_string(expected.at("line").get<int>()) + ": ";
    BOOST_TEST(std::string(cause.what()).substr(0, begin.size()) == begin);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(chat_snippets)

BOOST_AUTO_TEST_CASE(each_is_as_jinja2_has_it) {
  BOOST_TEST(golden().at("cases").size() >= 500u);
  for (const ordered_json& expected : golden().at("cases")) {
    const auto source = expected.at("template").get<std::string>();
    BOOST_TEST_CONTEXT(source) {
      if (expected.contains("refused")) {
        check_refused(expected, source);
        continue;
      }
      const auto parsed = prefopt::chat_template::parse(source, "t");
      if (expected.contains("text"))
        check_text(expected, parsed);
      else
        check_error(expected, parsed);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
