// SPDX-License-Identifier: MIT
// Pairs of messages become the ids that TRL makes of them, with a real tokenizer and template of
// each family (tests/golden/chat_pairs).

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/chat.hpp"
#include "prefopt/data/tokenize.hpp"
#include "prefopt/datasets.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/read_file.hpp"
#include "prefopt/tokenizers.hpp"
#include "chat/pair_digest.hpp"

using namespace prefopt;

namespace {

/// The first records of a file of texts, each as one message of the user and the answers to it.
std::vector<basic_pair<conversation>> message_pairs(const std::filesystem::path& file,
                                                    std::size_t count) {
  std::vector<basic_pair<conversation>> pairs;
  json_file records(file);
  for (; pairs.size() < count; records.take()) {
    const json_object record(*records.peek(), records.location());
    const auto message = [&](const char* role, const char* key) {
      return conversation{{{role, record.text(key)}}};
    };
    pairs.push_back({message("user", "prompt"), message("assistant", "chosen"),
                     message("assistant", "rejected")});
  }
  return pairs;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trl_pairs)

BOOST_AUTO_TEST_CASE(message_pairs_have_the_ids_of_trl) {
  const char* const folder_of_data = std::getenv("PREFOPT_DATA_DIR");
  if (folder_of_data == nullptr) {
    BOOST_TEST_MESSAGE("skipped: PREFOPT_DATA_DIR is not set");
    return;
  }
  const std::filesystem::path data = folder_of_data;
  const std::filesystem::path here = PREFOPT_TEST_SOURCE_DIR;
  const auto golden = nlohmann::ordered_json::parse(
      read_file(here / "golden/chat_pairs/trl.json", std::size_t{1} << 20));
  const auto pairs = message_pairs(data / "instruction_preferences.jsonl", 200);
  for (const auto& [name, model] : golden.items()) {
    BOOST_TEST_CONTEXT(name) {
      const std::string folder = name.substr(0, name.find('-'));
      const auto tokenizer = hf_tokenizer::from_directory(data / "tokenizers" / folder);
      const chat_renderer renderer(
          read_chat_template(data / "chat_templates" /
                             (model["template"].get<std::string>() + ".jinja")),
          model["variables"], {});
      const auto made = tokenize(pairs, tokenizer, renderer, {.keep_all = true});
      BOOST_REQUIRE_EQUAL(made.size(), 200U);
      std::size_t ids = 0;
      std::vector<std::string> digests;
      for (const tokenized_pair& pair : made.examples) {
        ids += pair.prompt.size() + pair.chosen.size() + pair.rejected.size();
        digests.push_back(tests::digest(pair));
      }
      BOOST_TEST(ids == model["ids"].get<std::size_t>());
      BOOST_TEST(digests == model["digests"].get<std::vector<std::string>>(),
                 boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
