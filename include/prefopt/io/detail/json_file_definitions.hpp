// SPDX-License-Identifier: MIT
#pragma once
// The definitions of json_file.

#include <filesystem>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/detail/character_stream.hpp"
#include "prefopt/io/detail/describe_data.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/line_limits.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE json_file::json_file(const std::filesystem::path& path, line_limits limits)
    : name_(path.native()),
      stream_(path, limits),
      limits_(limits),
      value_(std::make_unique<nlohmann::json>()) {
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

PREFOPT_INLINE json_file::~json_file() = default;

PREFOPT_INLINE const nlohmann::json* json_file::peek() {
  if (!has_value_) has_value_ = read_next();
  return has_value_ ? value_.get() : nullptr;
}

PREFOPT_INLINE bool json_file::read_next() {
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
  *value_ = parse_json_value(detail::character_iterator(stream_), detail::character_iterator(),
                             location());
  return true;
}

PREFOPT_INLINE bool json_file::list_ends() {
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

}  // namespace prefopt::inline v0_2
