// SPDX-License-Identifier: MIT
#pragma once
// escaped: a text with HTML's special characters spelled out.

#include <string>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail::jinja {

[[nodiscard]] inline std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '\'':
        result += "&#39;";
        break;
      case '"':
        result += "&#34;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

}  // namespace prefopt::inline v0_2::detail::jinja
