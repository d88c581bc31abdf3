// SPDX-License-Identifier: MIT
#pragma once
// character_stream: the characters of a text file one by one, in bounded memory, and an input
// iterator over them.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/io/line_limits.hpp"
#include "prefopt/io/text_file.hpp"

namespace prefopt::inline v0_2::detail {

/// Reads no further than requested, so that a pipe's values arrive as soon as they are written.
class character_stream {
 public:
  static constexpr int end = -1;

  /// Throws io_error.
  character_stream(const std::filesystem::path& path, line_limits limits)
      : file_(path), limits_(limits) {}

  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }

  /// The line of the next character, from 1.
  [[nodiscard]] std::size_t line() const { return line_; }

  /// The next character, or `end`. Throws io_error and format_error.
  [[nodiscard]] int peek() {
    if (left_.empty() && !refill(0)) return end;
    return static_cast<unsigned char>(left_.front());
  }

  /// Skips the next character, which `peek` has returned.
  void skip() {
    if (left_.front() == '\n') ++line_;
    value_ += left_.front();
    left_.remove_prefix(1);
    if (++taken_ > limits_.line_bytes)
      throw format_error(concat(path().native(), ": line ", begin_, ": longer than ",
                                limits_.line_bytes, " bytes"));
  }

  /// Characters skipped from here on count against the limit of a line, and are the value's text.
  void begin_value() {
    taken_ = 0;
    begin_ = line_;
    value_.clear();
  }

  /// What was skipped since then.
  [[nodiscard]] std::string_view value() const { return value_; }

  /// Skips white space.
  void skip_space() {
    begin_value();
    for (int c = peek(); c == ' ' || (c >= '\t' && c <= '\r'); c = peek()) {
      skip();
      begin_value();  // white space counts against no limit and is not kept
    }
  }

  /// The next `count` characters, or as many as the file has; at most 64 KiB.
  [[nodiscard]] std::string_view ahead(std::size_t count) {
    std::ranges::copy(left_, buffer_.data());
    left_ = {buffer_.data(), left_.size()};
    while (left_.size() < count && refill(left_.size())) {
    }
    return left_.substr(0, count);
  }

 private:
  bool refill(std::size_t kept) {
    const std::size_t count = file_.read_some(std::span(buffer_).subspan(kept));
    if (count > limits_.file_bytes - bytes_)
      throw format_error(
          concat(path().native(), ": longer than ", limits_.file_bytes, " bytes of text"));
    bytes_ += count;
    left_ = {buffer_.data(), kept + count};
    return count > 0;
  }

  text_file file_;
  line_limits limits_;
  std::array<char, std::size_t{1} << 16> buffer_{};
  std::string_view left_;  // the part of the buffer that is not skipped yet
  std::uint64_t bytes_ = 0;
  std::string value_;
  std::size_t line_ = 1;
  std::size_t begin_ = 1;
  std::size_t taken_ = 0;
};

/// An input iterator over the rest of a stream; one without a stream is the end.
class character_iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  character_iterator() = default;
  explicit character_iterator(character_stream& stream) : stream_(&stream) {}

  [[nodiscard]] char operator*() const { return static_cast<char>(stream_->peek()); }
  character_iterator& operator++() {
    stream_->skip();
    return *this;
  }
  void operator++(int) { stream_->skip(); }
  friend bool operator==(const character_iterator& a, const character_iterator& b) {
    return a.ended() == b.ended();
  }

 private:
  [[nodiscard]] bool ended() const {
    return stream_ == nullptr || stream_->peek() == character_stream::end;
  }

  character_stream* stream_ = nullptr;
};

}  // namespace prefopt::inline v0_2::detail
