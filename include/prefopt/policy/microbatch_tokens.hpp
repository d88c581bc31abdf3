// SPDX-License-Identifier: MIT
#pragma once
// How many tokens a micro-batch has where nobody asks for a number: that is the backend's to say. A
// CPU is as fast with few as with many; a GPU is idle between passes that are too small for it.

#include <cstddef>
#include <optional>

#include "prefopt/version.hpp"

namespace prefopt {

/// Tokens of a micro-batch on a backend that says nothing of itself.
inline constexpr std::size_t standard_microbatch_tokens = 4096;

/// What the backend says as `preferred_tokens()`, if it does.
template <class Backend>
[[nodiscard]] std::size_t preferred_tokens(const Backend& backend) {
  if constexpr (requires { backend.preferred_tokens(); })
    return backend.preferred_tokens();
  else
    return standard_microbatch_tokens;
}

/// The tokens asked for, or what the policy's backend prefers.
template <class Policy>
[[nodiscard]] std::size_t microbatch_tokens(const Policy& policy,
                                            std::optional<std::size_t> asked) {
  if (asked) return *asked;
  if constexpr (requires { policy.backend(); })
    return preferred_tokens(policy.backend());
  else
    return standard_microbatch_tokens;
}

}  // namespace prefopt
