// SPDX-License-Identifier: MIT
#pragma once
// token: a piece of a template's source.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2::detail::jinja {

enum class token_kind {
  data,  ///< text between the tags
  variable_begin,
  variable_end,
  block_begin,
  block_end,
  name,
  text,
  integer,
  real,
  symbol,
  end,
};

struct token {
  token_kind kind = token_kind::end;
  std::string text;  ///< a text without its quotes and escapes
  std::size_t line = 1;
  std::int64_t integer = 0;
  double real = 0;
};

/// A source that is not a template.
struct syntax_failure {
  const char* kind;
  std::size_t line;
  std::string reason;
};

template <class... Pieces>
[[nodiscard]] syntax_failure syntax_error(std::size_t line, const Pieces&... pieces) {
  return {"TemplateSyntaxError", line, concat(pieces...)};
}

}  // namespace prefopt::inline v0_2::detail::jinja
