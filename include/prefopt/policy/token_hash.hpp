// SPDX-License-Identifier: MIT
#pragma once
// token_hash: 64 bits that tell one token sequence from another. FNV-1a (Fowler, Noll & Vo; IETF
// draft draft-eastlake-fnv) over each id's four bytes, lowest first, so it is the same on every
// computer. It guards against mistakes, not against someone who searches for two sequences with the
// same hash.

#include <cstdint>
#include <span>

#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2 {

/// FNV-1a of the ids.
[[nodiscard]] constexpr std::uint64_t token_hash(std::span<const token_id> tokens) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const token_id token : tokens)
    for (std::uint32_t shift = 0; shift < 32; shift += 8)
      hash = (hash ^ (static_cast<std::uint32_t>(token) >> shift & 0xff)) * 0x100000001b3;
  return hash;
}

}  // namespace prefopt::inline v0_2
