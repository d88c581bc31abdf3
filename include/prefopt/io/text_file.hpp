// SPDX-License-Identifier: MIT
#pragma once
// text_file: the bytes of a file from beginning to end, decompressed on the fly if it is gzip.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <span>

#include <zlib.h>

#include "prefopt/core/error.hpp"
#include "prefopt/io/input_file.hpp"

namespace prefopt::inline v0_2 {

/// A file, plain or gzip with any number of members (recognized by its first two bytes, not by its
/// name), or a pipe. Holds 64 KiB.
class text_file {
 public:
  /// Throws io_error.
  explicit text_file(const std::filesystem::path& path) : file_(path) {
    fill_first();
    is_gzip_ = input_.size() >= 2 && input_[0] == std::byte{0x1f} && input_[1] == std::byte{0x8b};
    if (is_gzip_ && ::inflateInit2(&inflater_, 16 + MAX_WBITS) != Z_OK)
      throw io_error("zlib: out of memory");
  }
  text_file(const text_file&) = delete;
  text_file& operator=(const text_file&) = delete;
  ~text_file() {
    if (is_gzip_) ::inflateEnd(&inflater_);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }

  /// Reads up to `to.size()` bytes (at least one must be requested); returns their number, 0 at the
  /// end. Throws io_error, and format_error if gzip data is damaged, ends early, or is followed by
  /// something else.
  std::size_t read_some(std::span<char> to) {
    if (is_gzip_) return inflate_some(to);
    if (input_.empty()) refill();
    const std::size_t count = std::min(to.size(), input_.size());
    std::memcpy(to.data(), input_.data(), count);
    input_ = input_.subspan(count);
    return count;
  }

 private:
  /// Two bytes tell the kind of file; a pipe may deliver them one by one.
  void fill_first() {
    std::size_t count = 0;
    std::size_t more = 0;
    do {
      more = file_.read_some(std::span(buffer_).subspan(count));
      count += more;
    } while (more > 0 && count < 2);
    input_ = std::span(buffer_).first(count);
  }

  void refill() { input_ = std::span(buffer_).first(file_.read_some(buffer_)); }

  std::size_t inflate_some(std::span<char> to) {
    inflater_.next_out = reinterpret_cast<Bytef*>(to.data());
    inflater_.avail_out = static_cast<uInt>(std::min<std::size_t>(to.size(), 1u << 30));
    const uInt room = inflater_.avail_out;
    while (inflater_.avail_out == room) {
      if (input_.empty()) refill();
      if (input_.empty()) {
        if (in_member_) throw format_error(concat(path().native(), ": truncated gzip data"));
        return 0;
      }
      inflate_input();
    }
    return room - inflater_.avail_out;
  }

  void inflate_input() {
    in_member_ = true;
    inflater_.next_in = reinterpret_cast<Bytef*>(input_.data());
    inflater_.avail_in = static_cast<uInt>(input_.size());
    const int code = ::inflate(&inflater_, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      const char* reason = inflater_.msg != nullptr ? inflater_.msg : "unreadable";
      throw format_error(concat(path().native(), ": damaged gzip data: ", reason));
    }
    input_ = input_.last(inflater_.avail_in);
    if (code == Z_STREAM_END) {  // another member may follow
      in_member_ = false;
      ::inflateReset(&inflater_);
    }
  }

  input_file file_;
  std::array<std::byte, std::size_t{1} << 16> buffer_{};
  std::span<std::byte> input_;  // the unused part of the buffer
  z_stream inflater_{};
  bool is_gzip_ = false;
  bool in_member_ = true;
};

}  // namespace prefopt::inline v0_2
