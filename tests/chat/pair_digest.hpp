// SPDX-License-Identifier: MIT
#pragma once
// A hash of a tokenized pair, as the scripts beside the golden files compute it.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "prefopt/data/example.hpp"

namespace prefopt::tests {

/// FNV-1a over the little-endian ids, with -1 between the parts and -2 before each token of a
/// response that is no target.
inline std::string digest(const tokenized_pair& pair) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto add = [&](token_id id) {
    for (int byte = 0; byte < 4; ++byte)
      hash = (hash ^ (static_cast<std::uint32_t>(id) >> (8 * byte) & 0xffu)) * 0x100000001b3u;
  };
  for (const token_id id : pair.prompt) add(id);
  for (std::size_t index = 0; index < response_count(pair); ++index) {
    add(-1);
    const auto runs = response_targets(pair, index);
    const token_ids& ids = response(pair, index);
    for (std::size_t t = 0; t < ids.size(); ++t) {
      bool is_target = !runs;
      if (runs)
        for (const token_run& run : *runs) is_target = is_target || (run.begin <= t && t < run.end);
      if (!is_target) add(-2);
      add(ids[t]);
    }
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace prefopt::tests
