// SPDX-License-Identifier: MIT
// GPT-2's own vocabulary on real preference pairs, and a vocabulary of 54 characters.
#include <cstdint>
#include <sstream>
#include <string>

#include <boost/test/unit_test.hpp>

#include "prefopt/io/json.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/tokenizers/gpt2_tokenizer.hpp"
#include "support/scratch_folder.hpp"
#include "tokenizers/golden.hpp"

using prefopt::gpt2_tokenizer;
using prefopt::token_id;
using prefopt::token_ids;
using prefopt_test::says;

namespace {

/// FNV-1a over the ids, each taken as one unit.
std::uint64_t hash_of(const token_ids& ids) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (const token_id id : ids) value = (value ^ static_cast<std::uint64_t>(id)) * 0x100000001b3u;
  return value;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(real_vocabulary)

BOOST_AUTO_TEST_CASE(hard_strings_get_gpt2s_ids) {
  const auto folder = prefopt_test::data_folder();
  if (!folder) return;
  const auto tokenizer = gpt2_tokenizer::from_directory(*folder / "gpt2");
  BOOST_TEST(tokenizer.vocabulary_size() == 50257u);
  BOOST_TEST(tokenizer.end_of_text() == 50256);
  for (const auto& string : prefopt_test::hard_strings()) {
    BOOST_TEST(tokenizer.encode(string.text) == string.gpt2_ids, boost::test_tools::per_element());
    BOOST_TEST(tokenizer.decode(string.gpt2_ids) == string.text);
  }
}

BOOST_AUTO_TEST_CASE(all_preference_pairs_get_gpt2s_ids) {
  const auto folder = prefopt_test::data_folder();
  if (!folder) return;
  const auto tokenizer = gpt2_tokenizer::from_directory(*folder / "gpt2");
  prefopt::json_file pairs(*folder / "hh_harmless_test.jsonl.gz");
  std::istringstream digest(prefopt::read_file(prefopt_test::tokenizer_golden("hh_digest.txt")));
  std::size_t checked = 0;
  for (; const nlohmann::json* pair = pairs.peek(); pairs.take()) {
    for (const char* side : {"chosen", "rejected"}) {
      const auto text = pair->at(side).get<std::string>();
      std::size_t count = 0;
      std::uint64_t hash = 0;
      BOOST_REQUIRE(digest >> std::dec >> count >> std::hex >> hash);
      const token_ids ids = tokenizer.encode(text);
      BOOST_TEST_CONTEXT("pair " << pairs.line() << ", " << side) {
        BOOST_TEST(ids.size() == count);
        BOOST_TEST(hash_of(ids) == hash);
        BOOST_TEST((tokenizer.decode(ids) == text));
      }
      ++checked;
    }
  }
  BOOST_TEST(checked == 2u * 2312u);
}

BOOST_AUTO_TEST_CASE(a_vocabulary_of_characters_knows_those_and_no_others) {
  const auto folder = prefopt_test::data_folder();
  if (!folder) return;
  const auto tokenizer = gpt2_tokenizer::from_directory(*folder / "slm4096");
  BOOST_TEST(tokenizer.vocabulary_size() == 54u);
  BOOST_TEST(tokenizer.encode("Hi z\n") == (token_ids{17, 36, 1, 53, 0}),
             boost::test_tools::per_element());
  BOOST_TEST(!tokenizer.has_end_of_text());
  BOOST_CHECK_EXCEPTION((void)tokenizer.encode("a\u00e9"), prefopt::value_error,
                        says("\"\u00e9\" at byte 1"));
}

BOOST_AUTO_TEST_SUITE_END()
