// SPDX-License-Identifier: MIT
// With assistant_only, the targets of a dialogue are the tokens that transformers takes for the
// assistant's (tests/golden/chat_masks), with a real tokenizer and template of each family.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/chat.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/data/tokenize.hpp"
#include "prefopt/datasets.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/read_file.hpp"
#include "prefopt/tokenizers.hpp"
#include "chat/pair_digest.hpp"

using namespace prefopt;

namespace {

struct record {
  std::string prompt, chosen, rejected;
};

std::vector<record> read_records(const std::filesystem::path& file, std::size_t count) {
  std::vector<record> all;
  json_file records(file);
  for (; all.size() < count; records.take()) {
    const json_object object(*records.peek(), records.location());
    const auto text = [&](const char* key) {
      std::string_view stripped = object.text(key);
      stripped = stripped.substr(std::min(stripped.find_first_not_of(" \t\r\n"), stripped.size()));
      return std::string(stripped.substr(0, stripped.find_last_not_of(" \t\r\n") + 1));
    };
    all.push_back({text("prompt"), text("chosen"), text("rejected")});
  }
  return all;
}

/// Two or three turns of each side, as make.py makes them.
std::vector<basic_pair<conversation>> dialogue_pairs(const std::filesystem::path& file) {
  const auto records = read_records(file, 180);
  std::vector<basic_pair<conversation>> pairs;
  for (std::size_t i = 0; i < 60; ++i) {
    const auto answers = [&](std::string record::*answer) {
      conversation all{{{"assistant", records[3 * i].*answer}}};
      for (std::size_t turn = 1; turn < (i % 2 == 1 ? 3U : 2U); ++turn) {
        all.messages.push_back({"user", records[3 * i + turn].prompt});
        all.messages.push_back({"assistant", records[3 * i + turn].*answer});
      }
      return all;
    };
    pairs.push_back({{{{"user", records[3 * i].prompt}}},
                     answers(&record::chosen),
                     answers(&record::rejected)});
  }
  return pairs;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(assistant_masks)

BOOST_AUTO_TEST_CASE(targets_are_the_tokens_that_transformers_takes_for_the_assistants) {
  const char* const folder_of_data = std::getenv("PREFOPT_DATA_DIR");
  if (folder_of_data == nullptr) {
    BOOST_TEST_MESSAGE("skipped: PREFOPT_DATA_DIR is not set");
    return;
  }
  const std::filesystem::path data = folder_of_data;
  const std::filesystem::path here =
      std::filesystem::path(PREFOPT_TEST_SOURCE_DIR) / "golden/chat_masks";
  const auto golden =
      nlohmann::ordered_json::parse(read_file(here / "masks.json", std::size_t{1} << 20));
  const auto pairs = dialogue_pairs(data / "instruction_preferences.jsonl");
  for (const auto& [name, model] : golden.items()) {
    BOOST_TEST_CONTEXT(name) {
      const auto tokenizer =
          hf_tokenizer::from_directory(data / "tokenizers" / name.substr(0, name.find('-')));
      const std::string of_family = model["template"];
      const chat_renderer renderer(
          read_chat_template((of_family == "marked" ? here : data / "chat_templates") /
                             (of_family + ".jinja")),
          model["variables"], {calendar_date::parse("2026-11-28")});
      const auto made = tokenize(pairs, tokenizer, renderer,
                                 {.max_length = 4096, .assistant_only = true, .keep_all = true});
      BOOST_REQUIRE_EQUAL(made.size(), 60U);
      std::vector<std::size_t> all(made.size());
      std::size_t targets = 0;
      std::vector<std::string> digests;
      for (std::size_t i = 0; i < made.size(); ++i) {
        all[i] = i;
        for (const target_runs& runs : made[i].targets) targets += count_of(runs);
        digests.push_back(tests::digest(made[i]));
      }
      BOOST_TEST(targets == model["targets"].get<std::size_t>());
      BOOST_TEST(pack(made, all).targets.size() == targets);
      BOOST_TEST(digests == model["digests"].get<std::vector<std::string>>(),
                 boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
