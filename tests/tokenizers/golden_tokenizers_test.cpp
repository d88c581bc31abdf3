// SPDX-License-Identifier: MIT
// Seven real tokenizers against the tokenizers library: the texts of their cases.json, preference
// pairs, and random texts (tests/golden/tokenizers/digests.json).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/io/json_file.hpp"
#include "prefopt/io/read_file.hpp"
#include "prefopt/tokenizers/hf_tokenizer.hpp"
#include "tokenizers/golden.hpp"
#include "tokenizers/random_texts.hpp"

using nlohmann::json;
using prefopt::hf_tokenizer;
using prefopt::token_ids;

namespace {

std::vector<std::filesystem::path> tokenizer_folders() {
  std::vector<std::filesystem::path> folders;
  const auto data = prefopt_test::data_folder();
  if (!data || !exists(*data / "tokenizers")) {
    BOOST_TEST_MESSAGE("skipped: the folder of real data has no tokenizers");
    return folders;
  }
  for (const auto& entry : std::filesystem::directory_iterator(*data / "tokenizers"))
    folders.push_back(entry.path());
  BOOST_TEST(folders.size() == 7u);
  return folders;
}

const json& golden() {
  static const json digests = json::parse(prefopt::read_file(
      std::filesystem::path(PREFOPT_TEST_SOURCE_DIR) / "golden" / "tokenizers" / "digests.json"));
  return digests;
}

/// A hash (FNV-1a over ids) for each run of `chunk` texts; the end of a text counts as an id.
std::vector<std::string> digests(const hf_tokenizer& tokenizer,
                                 const std::vector<std::string>& texts, std::size_t chunk) {
  std::vector<std::string> all;
  for (std::size_t begin = 0; begin < texts.size(); begin += chunk) {
    std::uint64_t value = 0xCBF29CE484222325u;
    const auto add = [&](std::uint32_t id) { value = (value ^ id) * 0x100000001B3u; };
    for (std::size_t i = begin; i < std::min(begin + chunk, texts.size()); ++i) {
      try {
        for (const auto id : tokenizer.encode(texts[i])) add(static_cast<std::uint32_t>(id));
      } catch (const prefopt::value_error&) {
        add(0xFFFFFFFEu);  // some vocabularies lack bytes; the library would drop the characters
      }
      add(0xFFFFFFFFu);
    }
    std::ostringstream text;
    text.width(16);
    text.fill('0');
    text << std::hex << value;
    all.push_back(text.str());
  }
  return all;
}

void check_digests(const char* kind, const std::vector<std::string>& texts, std::size_t chunk) {
  BOOST_TEST(golden().at("texts").at(kind).get<std::size_t>() == texts.size());
  for (const auto& folder : tokenizer_folders()) {
    const auto expected = golden()
                              .at("digests")
                              .at(folder.filename().string())
                              .at(kind)
                              .get<std::vector<std::string>>();
    BOOST_TEST_CONTEXT(folder.filename())
    BOOST_TEST(digests(prefopt::load_tokenizer(folder), texts, chunk) == expected,
               boost::test_tools::per_element());
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_tokenizers)

BOOST_AUTO_TEST_CASE(all_cases_get_their_ids_and_come_back) {
  std::size_t checked = 0, with_text = 0;
  for (const auto& folder : tokenizer_folders()) {
    const auto tokenizer = prefopt::load_tokenizer(folder);
    for (const auto& row : json::parse(prefopt::read_file(folder / "cases.json"))) {
      const auto text = row.at("text").get<std::string>();
      BOOST_TEST_CONTEXT(folder.filename() << ": " << row.at("text")) {
        const token_ids ids = tokenizer.encode(text);
        BOOST_TEST(ids == row.at("ids").get<token_ids>(), boost::test_tools::per_element());
        ++checked;
        if (!row.contains("decoded")) continue;
        BOOST_TEST(
            tokenizer.encode_with_special(text) == row.at("ids_with_special").get<token_ids>(),
            boost::test_tools::per_element());
        BOOST_TEST(tokenizer.decode(ids) == row.at("decoded").get<std::string>());
        ++with_text;
      }
    }
  }
  if (checked > 0) {
    BOOST_TEST(checked == 830u);
    BOOST_TEST(with_text == 595u);
  }
}

BOOST_AUTO_TEST_CASE(all_preference_pairs_get_the_ids_of_the_tokenizers_library) {
  const auto data = prefopt_test::data_folder();
  if (!data) return;
  prefopt::json_file pairs(*data / "hh_harmless_test.jsonl.gz");
  std::vector<std::string> texts;
  for (const json* pair = pairs.peek(); pair; pairs.take(), pair = pairs.peek())
    for (const char* side : {"chosen", "rejected"})
      texts.push_back(pair->at(side).get<std::string>());
  check_digests("pairs", texts, 128);
}

BOOST_AUTO_TEST_CASE(random_texts_of_every_script_get_the_ids_of_the_tokenizers_library) {
  prefopt_test::random_numbers numbers(17);
  std::vector<std::string> texts;
  for (std::size_t count = 0; count < 1'000'000;) {
    texts.push_back(prefopt_test::random_characters(numbers));
    for (const char c : texts.back()) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }
  check_digests("random", texts, 1024);
}

BOOST_AUTO_TEST_SUITE_END()
