// SPDX-License-Identifier: MIT
// Real templates, against their renderings by jinja2: those of the data, and those that
// tests/golden/chat_templates/make_golden.py adds: tools, documents, thinking, random
// conversations.
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/chat.hpp"
#include "chat/golden.hpp"

namespace fs = std::filesystem;
using prefopt_test::chat_golden;
using prefopt_test::ordered_json;

namespace {

struct outcome {
  std::string text;
  bool failed = false;
};

outcome render(const prefopt::chat_template& by, const ordered_json& variables,
               prefopt::calendar_date date) {
  try {
    return {by.render(variables, {date}).text};
  } catch (const prefopt::template_error& cause) {
    // a template that never ends
    return {cause.reason.starts_with("recursion") ? "recursion" : cause.reason, true};
  }
}

/// As all_variables in conversations.py.
std::vector<ordered_json> all_variables() {
  const ordered_json of = chat_golden("conversations.json");
  std::vector<ordered_json> all;
  const auto add = [&](const ordered_json& messages, const ordered_json& keywords) {
    ordered_json variables = of.at("tokens");
    for (const auto& [key, what] : keywords.items()) variables[key] = what;
    variables["messages"] = messages;
    variables["add_generation_prompt"] = all.size() % 2 == 1;
    all.push_back(std::move(variables));
  };
  for (const auto& messages : of.at("conversations"))
    for (const auto& keywords : of.at("keywords")) add(messages, keywords);
  std::size_t number = 0;
  for (const auto& messages : of.at("random")) add(messages, of.at("keywords")[number++ % 2]);
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(chat_real_templates)

BOOST_AUTO_TEST_CASE(the_renderings_of_the_data) {
  const auto folder = prefopt_test::real_chat_templates();
  if (!folder) return;
  std::size_t templates = 0, checked = 0;
  for (const auto& entry : fs::directory_iterator(*folder)) {
    if (entry.path().extension() != ".json") continue;
    ++templates;
    auto source = entry.path();
    const auto by = prefopt::read_chat_template(source.replace_extension(".jinja"));
    const ordered_json expected =
        prefopt::parse_ordered_json(prefopt::read_file(entry.path()), entry.path().native());
    for (const auto& one : expected.at("cases")) {
      ordered_json variables = expected.at("variables");
      variables["messages"] = one.at("messages");
      variables["add_generation_prompt"] = one.at("add_generation_prompt");
      const outcome got = render(by, variables, {2026, 11, 28});
      BOOST_TEST_CONTEXT(source.filename() << " " << one.at("case")) {
        BOOST_TEST(got.failed == one.contains("error"));
        BOOST_TEST(got.text == one.at(got.failed ? "error" : "text").get<std::string>());
      }
      ++checked;
    }
  }
  BOOST_TEST(templates == 17u);
  BOOST_TEST(checked == 272u);
}

BOOST_AUTO_TEST_CASE(tools_documents_keywords_and_random_conversations) {
  const auto folder = prefopt_test::real_chat_templates();
  if (!folder) return;
  const std::vector<ordered_json> all = all_variables();
  const ordered_json golden = chat_golden("real.json");
  BOOST_TEST(golden.size() == 17u);
  for (const auto& [name, hashes] : golden.items()) {
    const auto by = prefopt::read_chat_template(*folder / (name + ".jinja"));
    std::istringstream expected(hashes.get<std::string>());
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::string hash;
      BOOST_REQUIRE(expected >> hash);
      const outcome got = render(by, all[i], {2024, 2, 9});
      BOOST_TEST_CONTEXT(name << ", number " << i << ": " << got.text)
      BOOST_TEST((got.failed ? "!" : "") + prefopt_test::hash_of(got.text) == hash);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
