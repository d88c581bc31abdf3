// SPDX-License-Identifier: MIT
// Every part of a tokenizer.json, and small tokenizers of them, against what the tokenizers library
// does: tests/golden/tokenizers/parts.json.
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/io/read_file.hpp"
#include "prefopt/tokenizers/byte_symbols.hpp"
#include "prefopt/tokenizers/hf_tokenizer.hpp"
#include "prefopt/tokenizers/normalizer.hpp"
#include "prefopt/tokenizers/token_decoder.hpp"
#include "prefopt/tokenizers/word_splitter.hpp"

using nlohmann::json;
using prefopt::hf_tokenizer;
using prefopt::token_ids;

namespace {

const json& golden() {
  static const json parts = json::parse(prefopt::read_file(
      std::filesystem::path(PREFOPT_TEST_SOURCE_DIR) / "golden" / "tokenizers" / "parts.json"));
  return parts;
}

/// Calls `check(part, text, expected)` for each part of a kind and each text.
template <class Check>
void for_each(const char* kind, Check check) {
  const auto& texts = golden().at("texts");
  std::size_t checked = 0;
  for (const auto& row : golden().at(kind)) {
    for (std::size_t i = 0; i < texts.size(); ++i, ++checked) {
      BOOST_TEST_CONTEXT(row.at("part") << " of " << texts[i])
      check(row.at("part"), texts[i].template get<std::string>(), row.at("out").at(i));
    }
  }
  BOOST_TEST(checked > 400u);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_parts)

BOOST_AUTO_TEST_CASE(normalizers_change_texts_as_the_tokenizers_library_does) {
  for_each("normalizers", [](const json& part, std::string text, const json& expected) {
    bool at_start = true;
    prefopt::normalizer::read(part, "normalizer").apply(text, at_start);
    BOOST_TEST(text == expected.get<std::string>());
  });
}

BOOST_AUTO_TEST_CASE(pre_tokenizers_split_texts_as_the_tokenizers_library_does) {
  for_each("pre_tokenizers", [](const json& part, const std::string& text, const json& expected) {
    const auto splitter = prefopt::word_splitter::read(part, "pre_tokenizer");
    std::vector<std::string> words;
    splitter.for_each_word(text, true, [&](std::string_view word) {
      words.push_back(splitter.gives_bytes() ? prefopt::to_byte_symbols(word) : std::string(word));
    });
    // the library keeps an empty text as one word if there is nothing to split at
    const auto all = expected.get<std::vector<std::string>>();
    if (!text.empty()) BOOST_TEST(words == all, boost::test_tools::per_element());
  });
}

BOOST_AUTO_TEST_CASE(decoders_join_tokens_as_the_tokenizers_library_does) {
  for (const auto& row : golden().at("decoders")) {
    const auto decoder = prefopt::token_decoder::read(row.at("part"), "decoder");
    for (std::size_t i = 0; i < golden().at("tokens").size(); ++i) {
      const json& tokens = golden().at("tokens")[i];
      if (row.at("out").at(i).is_null()) continue;  // the library fails there
      BOOST_TEST_CONTEXT(row.at("part") << " of " << tokens)
      BOOST_TEST(decoder.decode(tokens.get<std::vector<std::string>>()) ==
                 row.at("out").at(i).get<std::string>());
    }
  }
}

BOOST_AUTO_TEST_CASE(small_tokenizers_give_the_ids_and_texts_of_the_tokenizers_library) {
  const auto& texts = golden().at("texts");
  for (const auto& row : golden().at("files")) {
    const auto tokenizer = hf_tokenizer::from_files({{"tokenizer.json", row.at("file").dump()}});
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto& expected = row.at("out").at(i);
      BOOST_TEST_CONTEXT(row.at("name") << " of " << texts[i]) {
        const auto text = texts[i].get<std::string>();
        const token_ids ids = tokenizer.encode(text);
        BOOST_TEST(ids == expected.at("ids").get<token_ids>(), boost::test_tools::per_element());
        BOOST_TEST(
            tokenizer.encode_with_special(text) == expected.at("ids_with_special").get<token_ids>(),
            boost::test_tools::per_element());
        BOOST_TEST(tokenizer.decode(ids) == expected.at("decoded").get<std::string>());
        for (const auto id : ids) (void)tokenizer.display(id);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
