// SPDX-License-Identifier: MIT
#pragma once
// json_file: the values of a JSON file one by one, each with its line; plain or gzip, from a file
// or a pipe. The values are one per line (JSON lines), one after another with any indentation, or
// in one list.

#include <cstddef>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/detail/character_stream.hpp"
#include "prefopt/io/detail/describe_data.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/line_limits.hpp"

namespace prefopt {

/// Opens a file once and reads it once. Memory: one value. Do not move it while reading.
class json_file {
 public:
  /// Throws io_error if the file cannot be read, format_error if its beginning shows another
  /// format: a table, text that is not UTF-8, Parquet; the message says how to convert it.
  explicit json_file(const std::filesystem::path& path, line_limits limits = {})
      : name_(path.native()), stream_(path, limits), limits_(limits) {
    if (stream_.ahead(3) == "\xef\xbb\xbf")
      for (int i = 0; i < 3; ++i) stream_.skip();
    const bool is_wide = detail::wide_encoding(stream_.ahead(4)).has_value();
    if (!is_wide) stream_.skip_space();
    const int first = stream_.peek();
    if (is_wide || (first != '{' && first != '[' && first != detail::character_stream::end)) {
      const std::string foreign = detail::describe_data(stream_.ahead(4096), name_);
      if (!foreign.empty()) throw format_error(concat(name_, ": ", foreign));
    }
    is_list_ = first == '[' && !is_wide;
    if (is_list_) stream_.skip();
  }

  [[nodiscard]] const std::string& name() const { return name_; }

  /// The next value, or null at the end; the same until `take`. Throws io_error, and format_error
  /// with the location if there is no JSON, if a value exceeds the limits, or if there are more
  /// values than lines allowed.
  [[nodiscard]] const nlohmann::json* peek() {
    if (!has_value_) has_value_ = read_next();
    return has_value_ ? &value_ : nullptr;
  }

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
  [[nodiscard]] bool read_next() {
    if (is_done_) return false;
    stream_.skip_space();
    if (is_list_ ? list_ends() : stream_.peek() == detail::character_stream::end) {
      is_done_ = true;
      return false;
    }
    if (count_ == limits_.lines)
      throw format_error(concat(name_, ": more than ", limits_.lines, " examples"));
    ++count_;
    line_ = stream_.line();
    stream_.begin_value();
    value_ = parse_json_value(detail::character_iterator(stream_), detail::character_iterator(),
                              location());
    return true;
  }

  /// Skips the comma before the next item, or the list's end, which must be the end of the file.
  [[nodiscard]] bool list_ends() {
    const auto fail = [&](const char* what) {
      throw format_error(concat(name_, ": line ", stream_.line(), ": ", what));
    };
    if (stream_.peek() == ']') {
      stream_.skip();
      stream_.skip_space();
      if (stream_.peek() != detail::character_stream::end)
        fail("expected nothing after the file's list");
      return true;
    }
    if (stream_.peek() == detail::character_stream::end) fail("the file ends inside its list");
    if (count_ > 0) {
      if (stream_.peek() != ',') fail("expected a comma or the list's end");
      stream_.skip();
      stream_.skip_space();
    }
    return false;
  }

  std::string name_;
  detail::character_stream stream_;
  line_limits limits_;
  nlohmann::json value_;
  std::size_t line_ = 0;
  std::size_t count_ = 0;
  bool has_value_ = false;
  bool is_list_ = false;
  bool is_done_ = false;
};

}  // namespace prefopt
