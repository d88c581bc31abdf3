// SPDX-License-Identifier: MIT
#pragma once
// How many tokens a micro-batch has if no one requests a number: the backend decides. A CPU is as
// fast with few as with many; a GPU is idle between passes that are too small for it.

#include <cstddef>
#include <optional>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// Tokens of a micro-batch on a backend that states no preference.
inline constexpr std::size_t standard_microbatch_tokens = 4096;

/// The backend's `preferred_tokens()`, or the standard if it has none.
template <class Backend>
[[nodiscard]] std::size_t preferred_tokens(const Backend& backend) {
  if constexpr (requires { backend.preferred_tokens(); })
    return backend.preferred_tokens();
  else
    return standard_microbatch_tokens;
}

/// The requested tokens, or what the policy's backend prefers.
template <class Policy>
[[nodiscard]] std::size_t microbatch_tokens(const Policy& policy,
                                            std::optional<std::size_t> asked) {
  if (asked) return *asked;
  if constexpr (requires { policy.backend(); })
    return preferred_tokens(policy.backend());
  else
    return standard_microbatch_tokens;
}

}  // namespace prefopt::inline v0_2
