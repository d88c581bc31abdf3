// SPDX-License-Identifier: MIT
#pragma once
// json_file: the values of a JSON file one by one, each with its line; plain or gzip, from a file
// or a pipe. The values are one per line (JSON lines), one after another with any indentation, or
// in one list.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/io/detail/character_stream.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/io/line_limits.hpp"

namespace prefopt::inline v0_2 {

/// Opens a file once and reads it once. Memory: one value.
class json_file {
 public:
  /// Throws io_error if the file cannot be read, format_error if its beginning shows another
  /// format: a table, text that is not UTF-8, Parquet; the message says how to convert it.
  explicit json_file(const std::filesystem::path& path, line_limits limits = {});
  json_file(const json_file&) = delete;
  json_file& operator=(const json_file&) = delete;
  ~json_file();

  [[nodiscard]] const std::string& name() const { return name_; }

  /// The next value, or null at the end; the same until `take`. Throws io_error, and format_error
  /// with the location if there is no JSON, if a value exceeds the limits, or if there are more
  /// values than lines allowed.
  [[nodiscard]] const nlohmann::json* peek();

  /// That value's text as the file has it, with its members in their order; until `take`.
  [[nodiscard]] std::string_view text() const { return stream_.value(); }

  /// Skips the value that `peek` returns.
  void take() { has_value_ = false; }

  /// The line on which that value begins, from 1.
  [[nodiscard]] std::size_t line() const { return line_; }

  /// Its index in the file's list, from 1; 0 if the file has no list.
  [[nodiscard]] std::size_t item() const { return is_list_ ? count_ : 0; }

  /// "FILE: line 7", "FILE: line 7: item 3", for messages.
  [[nodiscard]] std::string location() const {
    return is_list_ ? concat(name_, ": line ", line_, ": item ", count_)
                    : concat(name_, ": line ", line_);
  }

 private:
  [[nodiscard]] bool read_next();

  /// Skips the comma before the next item, or the list's end, which must be the end of the file.
  [[nodiscard]] bool list_ends();

  std::string name_;
  detail::character_stream stream_;
  line_limits limits_;
  std::unique_ptr<nlohmann::json> value_;
  std::size_t line_ = 0;
  std::size_t count_ = 0;
  bool has_value_ = false;
  bool is_list_ = false;
  bool is_done_ = false;
};

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/io/detail/json_file_definitions.hpp"
#endif
