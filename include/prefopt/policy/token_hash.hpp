// SPDX-License-Identifier: MIT
#pragma once
// token_hash, path_hash: 64 bits that tell one token sequence from another. FNV-1a (Fowler, Noll &
// Vo; IETF draft draft-eastlake-fnv) over each id's four bytes, lowest first, so it is the same on
// every computer. It guards against mistakes, not against someone who searches for two sequences
// with the same hash.

#include <cstddef>
#include <cstdint>
#include <span>

#include "prefopt/data/example.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"

namespace prefopt::inline v0_2 {

/// FNV-1a of the ids, which continues `hash`, that of what comes before.
[[nodiscard]] constexpr std::uint64_t token_hash(std::span<const token_id> tokens,
                                                 std::uint64_t hash = 0xcbf29ce484222325) {
  for (const token_id token : tokens)
    for (std::uint32_t shift = 0; shift < 32; shift += 8)
      hash = (hash ^ (static_cast<std::uint32_t>(token) >> shift & 0xff)) * 0x100000001b3;
  return hash;
}

/// Also of the offsets of a path's targets, unless these are its last tokens, which their number
/// says.
[[nodiscard]] inline std::uint64_t path_hash(const sequence_path& path) {
  std::uint64_t hash = token_hash(path.tokens);
  if (path.targets.empty() || path.targets.front() + path.targets.size() == path.tokens.size())
    return hash;
  for (const std::size_t offset : path.targets) {
    const auto number = static_cast<token_id>(offset);
    hash = token_hash(std::span(&number, 1), hash);
  }
  return hash;
}

}  // namespace prefopt::inline v0_2
