// SPDX-License-Identifier: MIT
#pragma once
// usual_roles: the roles of messages that chat templates read. Any template may have others.

#include <algorithm>
#include <array>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

inline constexpr std::array<std::string_view, 9> usual_roles{
    "system", "user",     "assistant", "developer",   "tool",
    "model",  "function", "ipython",   "tool_results"};

[[nodiscard]] inline bool is_usual_role(std::string_view role) {
  return std::ranges::find(usual_roles, role) != usual_roles.end();
}

}  // namespace prefopt::inline v0_2
