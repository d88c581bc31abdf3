// SPDX-License-Identifier: MIT
#pragma once
// How many tokens a micro-batch has where nobody asks for a number: that is the machine's to say. A
// CPU is as fast with few as with many; a GPU is idle between passes that are too small for it.

#include <cstddef>
#include <optional>

#include "prefopt/version.hpp"

namespace prefopt {

/// Tokens of a micro-batch on a machine that says nothing of itself.
inline constexpr std::size_t standard_microbatch_tokens = 4096;

/// What the machine says as `preferred_tokens()`, if it does.
template <class Machine>
[[nodiscard]] std::size_t preferred_tokens(const Machine& machine) {
  if constexpr (requires { machine.preferred_tokens(); })
    return machine.preferred_tokens();
  else
    return standard_microbatch_tokens;
}

/// The tokens asked for, or what the policy's machine prefers.
template <class Policy>
[[nodiscard]] std::size_t microbatch_tokens(const Policy& policy,
                                            std::optional<std::size_t> asked) {
  if (asked) return *asked;
  if constexpr (requires { policy.machine(); })
    return preferred_tokens(policy.machine());
  else
    return standard_microbatch_tokens;
}

}  // namespace prefopt
