// SPDX-License-Identifier: MIT
#pragma once
// failure: what stops a rendering, before the template's name and the line are known.

#include <string>
#include <utility>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// Thrown by everything below the template's own functions, which turn it into a template_error.
struct failure {
  const char* kind;  ///< as Python names it: "TypeError", "UndefinedError"
  std::string reason;
};

template <class... Pieces>
[[nodiscard]] failure type_error(const Pieces&... pieces) {
  return {"TypeError", concat(pieces...)};
}

template <class... Pieces>
[[nodiscard]] failure value_failure(const Pieces&... pieces) {
  return {"ValueError", concat(pieces...)};
}

template <class... Pieces>
[[nodiscard]] failure undefined_error(const Pieces&... pieces) {
  return {"UndefinedError", concat(pieces...)};
}

template <class... Pieces>
[[nodiscard]] failure runtime_failure(const Pieces&... pieces) {
  return {"TemplateRuntimeError", concat(pieces...)};
}

/// For what Jinja knows and this evaluator does not.
template <class... Pieces>
[[nodiscard]] failure unsupported(const Pieces&... pieces) {
  return {"Unsupported", concat(pieces..., " is not supported")};
}

/// For what Jinja would do and a limit forbids.
template <class... Pieces>
[[nodiscard]] failure beyond_limit(const Pieces&... pieces) {
  return {"Limit", concat(pieces...)};
}

}  // namespace prefopt::inline v0_2::detail::jinja
