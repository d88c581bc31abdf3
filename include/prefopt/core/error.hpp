// SPDX-License-Identifier: MIT
#pragma once
// The library's exceptions. A message states the location, the actual value and the expected value;
// for a file, its name and the line, byte offset or key. `concat` builds such a message from pieces
// without a stream.

#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// Base of everything that the library throws on purpose.
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Extents that do not fit together.
struct shape_error : error {
  using error::error;
};

/// A number or option outside its range.
struct value_error : error {
  using error::error;
};

/// A file whose content violates its format.
struct format_error : error {
  using error::error;
};

/// The operating system refused to read or write.
struct io_error : error {
  using error::error;
};

/// A backend that is absent, unsupported or out of memory.
struct device_error : error {
  using error::error;
};

/// There is no device that the library can use. Tests and examples skip if they catch this.
struct no_device_error : device_error {
  using device_error::device_error;
};

namespace detail {

inline void append(std::string& text, std::string_view piece) { text += piece; }

inline void append(std::string& text, char piece) { text += piece; }

template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>)
void append(std::string& text, Number piece) {
  char digits[64];
  // shortest text that reads back the same
  const auto end = std::to_chars(digits, digits + sizeof digits, piece).ptr;
  text.append(digits, end);
}

}  // namespace detail

/// Concatenates the pieces (texts, characters, numbers). Numbers are written as the shortest text
/// that reads back the same, in any locale.
template <class... Pieces>
[[nodiscard]] std::string concat(const Pieces&... pieces) {
  std::string text;
  (detail::append(text, pieces), ...);
  return text;
}

}  // namespace prefopt::inline v0_2
