// SPDX-License-Identifier: MIT
#pragma once
// read_json_lines: the objects of a file that holds one JSON object a line, plain or gzip, each with its place.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/files/json.hpp"
#include "prefopt/files/json_object.hpp"
#include "prefopt/io/line_reader.hpp"

namespace prefopt {

namespace detail {

/// The next line that is not blank.
[[nodiscard]] inline bool next_filled(line_reader& lines, std::string& line) {
  while (lines.next(line))
    if (line.find_first_not_of(" \t\r\f\v") != line.npos) return true;
  return false;
}

}  // namespace detail

/// `parse(object)` of every line, as records with their line and file. `what` is what they hold, for messages. Throws
/// io_error where the file cannot be read, format_error with the line's number where it is no JSON object, where there
/// is none at all, and where the file is beyond `limits`; and what `parse` throws. Memory: the records, and one line.
template <class Parse>
[[nodiscard]] auto read_json_lines(const std::filesystem::path& path, std::string_view what, line_limits limits,
                                   const Parse& parse) {
  using record_type = std::invoke_result_t<const Parse&, const json_object&>;
  const auto file = std::make_shared<const std::string>(path.native());
  line_reader lines(path, limits);
  std::vector<record_type> records;
  for (std::string line; detail::next_filled(lines, line);) {
    const nlohmann::json json = parse_json(line, lines.place());
    record_type record = parse(json_object(json, lines.place()));
    record.line = lines.number();
    record.file = file;
    records.push_back(std::move(record));
  }
  if (records.empty()) throw format_error(join(*file, ": no ", what, ", a JSON object a line was wanted"));
  return records;
}

}  // namespace prefopt
