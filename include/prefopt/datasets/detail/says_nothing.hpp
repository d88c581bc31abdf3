// SPDX-License-Identifier: MIT
#pragma once
// says_nothing: members that are present but empty.

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail {

/// Whether a member is null, a blank text, or a list or object that holds nothing else. Arrow gives
/// every row every column.
template <class Json>
[[nodiscard]] bool says_nothing(const Json& value) {
  if (value.is_string())
    return value.template get_ref<const std::string&>().find_first_not_of(" \t\r\n") ==
           std::string::npos;
  return value.is_null() ||
         (value.is_structured() &&
          std::ranges::all_of(value, [](const Json& one) { return says_nothing(one); }));
}

}  // namespace prefopt::inline v0_2::detail
