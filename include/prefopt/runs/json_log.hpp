// SPDX-License-Identifier: MIT
#pragma once
// json_log: reports as JSON lines, appended one by one; also truncates such a file when a run
// resumes from an earlier step.

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "prefopt/io/output_file.hpp"
#include "prefopt/train/evaluation_report.hpp"
#include "prefopt/train/step_report.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

using log_value = std::variant<bool, std::int64_t, std::uint64_t, double, std::string>;
using log_entry = std::pair<std::string, log_value>;

/// A number or text of a report.
template <class Value>
[[nodiscard]] log_value log_value_of(const Value& value) {
  if constexpr (std::same_as<Value, bool>)
    return value;
  else if constexpr (std::signed_integral<Value>)
    return static_cast<std::int64_t>(value);
  else if constexpr (std::unsigned_integral<Value>)
    return static_cast<std::uint64_t>(value);
  else if constexpr (std::floating_point<Value>)
    return static_cast<double>(value);
  else
    return std::string(value);
}

/// A JSON object with these members, in their order, and a newline. Numbers that are not finite
/// become null.
[[nodiscard]] std::string log_line(const std::vector<log_entry>& entries);

}  // namespace detail

/// A file that grows by one JSON object per line. Each line is written in one call, so that a
/// killed program leaves at most its last line incomplete.
class json_log {
 public:
  /// Opens a file for appending; creates it if it does not exist. Throws io_error.
  explicit json_log(const std::filesystem::path& path) : file_(path, output_file::mode::append) {}

  /// Appends a report, with its values (numbers, truth values or texts) in the order of
  /// `for_each_value`; values that are not finite become null.
  template <class Report>
  void write(const Report& report) {
    std::vector<detail::log_entry> entries;
    for_each_value(report, [&](std::string_view name, auto value) {
      entries.emplace_back(std::string(name), detail::log_value_of(value));
    });
    file_.write(detail::log_line(entries));
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
void cut_json_log(const std::filesystem::path& path, std::int64_t last_step);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/runs/detail/json_log_definitions.hpp"
#endif
