// SPDX-License-Identifier: MIT
#pragma once
// The output of tests/golden/chat_templates/make_golden.py, and rendering for tests.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/chat.hpp"
#include "prefopt/io/read_file.hpp"

namespace prefopt_test {

using ordered_json = nlohmann::ordered_json;

inline ordered_json chat_golden(const char* name) {
  const std::filesystem::path folder(PREFOPT_TEST_SOURCE_DIR);
  const auto file = folder / "golden" / "chat_templates" / name;
  return prefopt::parse_ordered_json(prefopt::read_file(file), file.native());
}

/// The folder of real chat templates, if the environment names the folder of real data.
inline std::optional<std::filesystem::path> real_chat_templates() {
  const char* folder = std::getenv("PREFOPT_DATA_DIR");
  if (folder != nullptr && *folder != '\0') return std::filesystem::path(folder) / "chat_templates";
  BOOST_TEST_MESSAGE("skipped: PREFOPT_DATA_DIR is not set");
  return std::nullopt;
}

/// FNV-1a of the bytes, in hexadecimal.
inline std::string hash_of(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(value));
  return digits;
}

inline std::string render(std::string_view source, const ordered_json& variables,
                          const prefopt::render_options& options = {}) {
  return prefopt::chat_template::parse(source, "t").render(variables, options).text;
}

}  // namespace prefopt_test
