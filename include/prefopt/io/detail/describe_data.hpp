// SPDX-License-Identifier: MIT
#pragma once
// describe_data: identifies a file that was supplied as preference data but is not JSON, and says
// how to convert it to JSON lines.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/io/describe_foreign.hpp"

namespace prefopt::inline v0_2::detail {

struct data_signature {
  std::string_view bytes;
  std::string_view meaning;
  std::string_view way_out;  ///< a command; FILE stands for the file's name
};

inline constexpr std::array data_signatures{
    data_signature{"PAR1", "a Parquet file",
                   R"(python3 -c 'import pandas; pandas.read_parquet("FILE").)"
                   R"(to_json("FILE.jsonl", orient="records", lines=True)')"},
    data_signature{"ARROW1", "an Arrow file",
                   R"(python3 -c 'import pandas; pandas.read_feather("FILE").)"
                   R"(to_json("FILE.jsonl", orient="records", lines=True)')"},
    data_signature{
        "\xff\xff\xff\xff", "an Arrow stream",
        R"(python3 -c 'from datasets import Dataset; Dataset.from_file("FILE").to_json("FILE.jsonl")')"},
    data_signature{"PK\x03\x04", "a zip archive or an Excel sheet",
                   R"(unzip FILE or python3 -c 'import pandas; pandas.read_excel("FILE").)"
                   R"(to_json("FILE.jsonl", orient="records", lines=True)')"},
    data_signature{"\x28\xb5\x2f\xfd", "zstd data", "zstd -d FILE"},
    data_signature{"\xfd"
                   "7zXZ",
                   "xz data", "xz -d FILE"},
    data_signature{"BZh", "bzip2 data", "bzip2 -d FILE"},
    data_signature{"SQLite format 3", "an SQLite database",
                   R"(sqlite3 -json FILE 'select * from TABLE' >FILE.json)"},
};

[[nodiscard]] inline std::string with_name(std::string_view command, std::string_view name) {
  std::string text;
  for (std::size_t at; (at = command.find("FILE")) != command.npos; command.remove_prefix(at + 4))
    text += concat(command.substr(0, at), name);
  return text += command;
}

/// "UTF-16LE" and the like, if the first four bytes of a text that begins in ASCII, or its byte
/// order mark, show it.
[[nodiscard]] inline std::optional<std::string_view> wide_encoding(std::string_view beginning) {
  const auto starts = [&](std::string_view bytes) { return beginning.starts_with(bytes); };
  const auto zero = [&](std::size_t at) { return at < beginning.size() && beginning[at] == '\0'; };
  using namespace std::string_view_literals;
  if (starts("\xff\xfe\0\0"sv) || (!zero(0) && zero(1) && zero(2) && zero(3))) return "UTF-32LE";
  if (starts("\0\0\xfe\xff"sv) ||
      (zero(0) && zero(1) && zero(2) && !zero(3) && beginning.size() > 3))
    return "UTF-32BE";
  if ((starts("\xff\xfe") || (!zero(0) && zero(1) && !zero(2))) && !starts("\xff\xff"))
    return "UTF-16LE";
  if (starts("\xfe\xff") || (zero(0) && !zero(1) && beginning.size() > 1)) return "UTF-16BE";
  return std::nullopt;
}

/// Whether the first line is the header of a table with columns separated by `separator`.
[[nodiscard]] inline bool is_table(std::string_view beginning, char separator) {
  const std::string_view line = beginning.substr(0, beginning.find_first_of("\r\n"));
  if (line.find(separator) == line.npos || line.find('{') != line.npos) return false;
  for (const char* column :
       {"prompt", "chosen", "rejected", "completion", "response", "question", "instruction"})
    if (line.find(column) != line.npos) return true;
  return false;
}

/// A message about a file with this beginning that is neither a JSON object nor a JSON list; empty
/// if the bytes match no known kind.
[[nodiscard]] inline std::string describe_data(std::string_view beginning, std::string_view name) {
  const auto advice = [&](std::string_view meaning, std::string_view command) {
    return concat(meaning, ", expected JSON; ", with_name(command, name), " converts it");
  };
  for (const auto& [bytes, meaning, way_out] : data_signatures)
    if (beginning.starts_with(bytes)) return advice(meaning, way_out);
  if (const auto encoding = wide_encoding(beginning))
    return advice(concat(*encoding, " text"),
                  concat("iconv -f ", *encoding, " -t UTF-8 FILE >FILE.utf8"));
  if (is_table(beginning, '\t'))
    return advice(
        "tab-separated values (TSV)",
        R"(python3 -c 'import csv, json; [print(json.dumps(row)) for row in csv.DictReader()"
        R"(open("FILE", encoding="utf-8-sig", newline=""), delimiter="\t")]' >FILE.jsonl)");
  if (is_table(beginning, ','))
    return advice(
        "comma-separated values (CSV)",
        R"(python3 -c 'import csv, json; [print(json.dumps(row)) for row in csv.DictReader()"
        R"(open("FILE", encoding="utf-8-sig", newline=""))]' >FILE.jsonl)");
  if (const auto foreign = describe_foreign(beginning); !foreign.empty() && !beginning.empty())
    return concat(foreign, ", expected JSON");
  return {};
}

}  // namespace prefopt::inline v0_2::detail
