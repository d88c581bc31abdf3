// SPDX-License-Identifier: MIT
#pragma once
// Options of a training run, and the check that rejects values that make no sense.

#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/optim/adamw.hpp"
#include "prefopt/optim/schedule.hpp"
#include "prefopt/policy/microbatch_tokens.hpp"

namespace prefopt::inline v0_2 {

/// Settings of a run. All of them except `tokens_per_microbatch` change the numbers; that one
/// changes only their rounding.
struct trainer_options {
  double learning_rate = 1e-6;  ///< peak, reached right after warm-up
  prefopt::schedule schedule = prefopt::schedule::linear;
  std::int64_t warmup_steps = 0;
  double weight_decay = 0;
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.999;
  double adam_epsilon = 1e-8;
  double max_grad_norm = 1;  ///< 0: no clipping
  std::int64_t batch_size = 8;
  /// Bounds memory. A larger example gets its own micro-batch; 0: all at once; none: what the
  /// policy's backend prefers.
  std::optional<std::int64_t> tokens_per_microbatch = {};
  std::int64_t epochs = 1;
  std::int64_t max_steps = 0;  ///< if not 0, the run's length instead of `epochs`
  std::uint64_t seed = 42;     ///< for the order of examples
  bool shuffle = true;
};

/// The options, with the backend's number if they leave it open.
template <class Backend>
[[nodiscard]] trainer_options on_backend(const Backend& backend, trainer_options options) {
  if (!options.tokens_per_microbatch)
    options.tokens_per_microbatch = static_cast<std::int64_t>(preferred_tokens(backend));
  return options;
}

/// The part of the options that AdamW uses.
[[nodiscard]] inline adamw_options optimizer_options(const trainer_options& options) {
  return {.learning_rate = options.learning_rate,
          .beta1 = options.adam_beta1,
          .beta2 = options.adam_beta2,
          .epsilon = options.adam_epsilon,
          .weight_decay = options.weight_decay};
}

/// Throws value_error for an option outside its range.
inline void check(const trainer_options& options) {
  const auto at_least = [](std::string_view name, std::int64_t value, std::int64_t least) {
    if (value < least)
      throw value_error(concat("trainer: ", name, " is ", value, ", expected >= ", least));
  };
  check(optimizer_options(options));
  if (!(std::isfinite(options.max_grad_norm) && options.max_grad_norm >= 0))
    throw value_error(
        concat("trainer: max_grad_norm is ", options.max_grad_norm, ", expected >= 0"));
  at_least("warmup_steps", options.warmup_steps, 0);
  at_least("batch_size", options.batch_size, 1);
  at_least("tokens_per_microbatch", options.tokens_per_microbatch.value_or(0), 0);
  at_least("epochs", options.epochs, 1);
  at_least("max_steps", options.max_steps, 0);
}

}  // namespace prefopt::inline v0_2
