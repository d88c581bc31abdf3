// SPDX-License-Identifier: MIT
#pragma once
// The definitions of parse_ordered_json.

#include <string_view>

#include <nlohmann/json.hpp>

#include "prefopt/chat/ordered_json.hpp"
#include "prefopt/io/json.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE nlohmann::ordered_json parse_ordered_json(std::string_view text,
                                                         std::string_view name,
                                                         json_limits limits) {
  return detail::parse_json_as<nlohmann::ordered_json>(text, name, limits);
}

}  // namespace prefopt::inline v0_2
