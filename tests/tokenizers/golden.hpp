// SPDX-License-Identifier: MIT
#pragma once
// The output of tests/golden/tokenizer/make_golden.py, and the folder of real data.

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/data/example.hpp"
#include "prefopt/io/read_file.hpp"

namespace prefopt_test {

inline std::filesystem::path tokenizer_golden(const char* name) {
  return std::filesystem::path(PREFOPT_TEST_SOURCE_DIR) / "golden" / "tokenizer" / name;
}

/// A string with its words, and its ids with the tiny and with GPT-2's own vocabulary.
struct hard_string {
  std::string text;
  std::vector<std::string> words;
  prefopt::token_ids tiny_ids;
  prefopt::token_ids gpt2_ids;
};

inline std::vector<hard_string> hard_strings() {
  std::vector<hard_string> strings;
  for (const auto& row :
       nlohmann::json::parse(prefopt::read_file(tokenizer_golden("hard_strings.json")))) {
    strings.push_back({row["text"].get<std::string>(), row["words"].get<std::vector<std::string>>(),
                       row["tiny_ids"].get<prefopt::token_ids>(),
                       row["gpt2_ids"].get<prefopt::token_ids>()});
  }
  return strings;
}

/// The folder of real data, if the environment names one.
inline std::optional<std::filesystem::path> data_folder() {
  const char* folder = std::getenv("PREFOPT_DATA_DIR");
  if (folder != nullptr && *folder != '\0') return folder;
  BOOST_TEST_MESSAGE("skipped: PREFOPT_DATA_DIR is not set");
  return std::nullopt;
}

}  // namespace prefopt_test
