// SPDX-License-Identifier: MIT
#pragma once
// What a run on the CPU needs of memory, from the model's shape and the data, and the micro-batch
// with which it stays within --memory.

#include <cstddef>
#include <string>

#include <prefopt/nn/spec.hpp>
#include "data.hpp"
#include "train/options.hpp"

namespace program {

/// Bytes that a run needs at its peak.
struct memory_plan {
  std::size_t weights = 0;  ///< of the policy and, if it is a model, of the reference
  std::size_t gradients = 0, moments = 0;
  std::size_t activations = 0, logits = 0;
  std::size_t copies = 0;  ///< of a tensor, for products and files
  std::size_t tokens = 0;  ///< of a micro-batch, at most
  bool gradient_checkpointing = false;

  /// With the program itself.
  [[nodiscard]] std::size_t all() const;
  /// In one line, without a name.
  [[nodiscard]] std::string text() const;
};

/// Sets the tokens of a micro-batch and gradient checkpointing, unless they were given, so that the
/// run stays within options.memory: first the most tokens, down to those of the longest example,
/// then the same with checkpointing. Throws value_error, with the least that the run needs, if
/// nothing fits.
memory_plan plan_memory(options& options, const prefopt::decoder_spec& spec, const data_set& data);

}  // namespace program
