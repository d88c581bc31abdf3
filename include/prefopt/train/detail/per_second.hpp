// SPDX-License-Identifier: MIT
#pragma once
// per_second: a speed by the clock, which on some virtual machines stops or runs backward.

#include <chrono>
#include <concepts>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail {

/// `count` divided by the seconds since `start`; 0 if the clock shows no time elapsed.
template <std::integral Count>
[[nodiscard]] double per_second(Count count, std::chrono::steady_clock::time_point start) {
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  return spent.count() > 0 ? static_cast<double>(count) / spent.count() : 0.0;
}

}  // namespace prefopt::inline v0_2::detail
