// SPDX-License-Identifier: MIT
#pragma once
// transformer_backend: all that a transformer needs from a backend, family by family. The header of
// a family documents its operations.

#include "prefopt/backend/attention.hpp"
#include "prefopt/backend/concepts.hpp"
#include "prefopt/backend/embedding.hpp"
#include "prefopt/backend/gated.hpp"
#include "prefopt/backend/head.hpp"
#include "prefopt/backend/linear.hpp"
#include "prefopt/backend/norm.hpp"
#include "prefopt/backend/rms_norm.hpp"
#include "prefopt/backend/rotary.hpp"

namespace prefopt::inline v0_2 {

/// Can run a transformer's forward and backward passes, and train it.
template <class M>
concept transformer_backend = optimizer_backend<M> && embedding_backend<M> && norm_backend<M> &&
                              rms_norm_backend<M> && rotary_backend<M> && linear_backend<M> &&
                              gated_backend<M> && attention_backend<M> && head_backend<M>;

}  // namespace prefopt::inline v0_2
