// SPDX-License-Identifier: MIT
#pragma once
// loss_hash: a loss as one number, so that a run does not silently continue with another loss.

#include <cstdint>
#include <string_view>

#include "prefopt/core/word_hash.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/token_losses.hpp"

namespace prefopt::inline v0_2 {

/// Hashes what is known about any loss: its name, the scale of its rewards (its beta), what it
/// reads and how it reduces tokens. A loss with more to add has a member `parts_hash() const`, as
/// do losses built from other losses.
template <preference_loss Loss>
[[nodiscard]] std::uint64_t loss_hash(const Loss& loss) {
  detail::word_hash hash;
  hash.add(loss_name<Loss>());
  hash.add(reward_scale(loss));
  hash.add(reads_means(loss));
  const loss_inputs inputs = loss.inputs;
  for (const bool read : {inputs.rejected, inputs.reference, inputs.square_sums, inputs.divergences,
                          inputs.mismatched, inputs.lengths})
    hash.add(read);
  if constexpr (requires { static_cast<double>(loss.reduction.tail); })
    hash.add(static_cast<double>(loss.reduction.tail));
  if constexpr (requires { static_cast<std::uint64_t>(loss.parts_hash()); })
    hash.add(loss.parts_hash());
  return hash.value();
}

}  // namespace prefopt::inline v0_2
