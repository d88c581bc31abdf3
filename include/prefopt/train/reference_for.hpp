// SPDX-License-Identifier: MIT
#pragma once
// Which reference a loss is trained with: a model or cache that answers for every example, or none at all where the
// loss reads none. The other two combinations do not compile.

#include <concepts>

#include "prefopt/loss/concepts.hpp"
#include "prefopt/policy/concepts.hpp"

namespace prefopt {

/// Stands where a reference would, for losses that read none.
struct no_reference {};

/// What a loss can be trained or evaluated with. Needs: a policy_model where `Loss::inputs.reference`, else
/// no_reference.
template <class Reference, class Loss>
concept reference_for = pairwise_loss<Loss> &&((Loss::inputs.reference && policy_model<Reference>) ||
                                               (!Loss::inputs.reference && std::same_as<Reference, no_reference>));

namespace detail {

/// Where the reference can be found later. That of no_reference is not the argument's, which may be a temporary.
template <class Reference>
[[nodiscard]] const Reference* place_of(const Reference& reference) {
  if constexpr (std::same_as<Reference, no_reference>) {
    static constexpr no_reference none{};
    return &none;
  } else {
    return &reference;
  }
}

}  // namespace detail

}  // namespace prefopt
