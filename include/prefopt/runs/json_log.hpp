// SPDX-License-Identifier: MIT
#pragma once
// json_log: reports as JSON lines, appended one by one; also truncates such a file when a run
// resumes from an earlier step.

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/atomic_file.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/output_file.hpp"
#include "prefopt/io/read_file.hpp"
#include "prefopt/train/evaluation_report.hpp"
#include "prefopt/train/step_report.hpp"

namespace prefopt {

/// A file that grows by one JSON object per line. Each line is written in one call, so that a
/// killed program leaves at most its last line incomplete.
class json_log {
 public:
  /// Opens a file for appending; creates it if it does not exist. Throws io_error.
  explicit json_log(const std::filesystem::path& path) : file_(path, output_file::mode::append) {}

  /// Appends a report, with its values in the order of `for_each_value`; values that are not finite
  /// become null.
  template <class Report>
  void write(const Report& report) {
    auto object = nlohmann::ordered_json::object();
    for_each_value(report,
                   [&](std::string_view name, auto value) { object[std::string(name)] = value; });
    file_.write(object.dump() + '\n');
  }

  /// Returns when all lines are on the disk. Throws io_error.
  void flush() { file_.flush(); }

 private:
  output_file file_;
};

/// The run callback that logs every step: metrics.jsonl.
struct step_log {
  explicit step_log(const std::filesystem::path& path) : log(path) {}
  void on_step(const step_report& report) { log.write(report); }

  json_log log;
};

/// The run callback that logs every evaluation: eval.jsonl.
struct evaluation_log {
  explicit evaluation_log(const std::filesystem::path& path) : log(path) {}
  void on_evaluate(const evaluation_report& report) { log.write(report); }

  json_log log;
};

/// Truncates a log to its lines with `step` <= `last_step`, completely or not at all; also removes
/// an incomplete last line that a killed program left. A missing file is fine. Throws io_error, and
/// format_error if another line is not an object with a `step`.
inline void cut_json_log(const std::filesystem::path& path, std::int64_t last_step) {
  std::error_code ignored;
  if (std::filesystem::status(path, ignored).type() == std::filesystem::file_type::not_found)
    return;
  const std::string text = read_file(path);
  std::string kept;
  std::size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    if (end == rest.npos) break;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const std::string location = concat(path.native(), ": line ", ++number);
    const nlohmann::json json = parse_json(line, location);
    if (json_object(json, location).integer("step") <= last_step) kept.append(line) += '\n';
  }
  if (kept != text) write_file_atomically(path, kept);
}

}  // namespace prefopt
