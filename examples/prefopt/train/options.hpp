// SPDX-License-Identifier: MIT
#pragma once
// The command line of prefopt train: its options, their defaults, and the checks before any file is
// read.

#include <cstdint>
#include <optional>
#include <string>

#include <prefopt/hub/save_options.hpp>
#include <prefopt/policy/moving_reference.hpp>
#include <prefopt/train/trainer_options.hpp>
#include "data_options.hpp"
#include "train/losses.hpp"

namespace program {

/// Intervals as shares of the run's steps; 0: given in steps.
struct interval_shares {
  double log = 0;
  double eval = 0;
  double save = 0;
};

/// The command line, checked.
struct options : data_options {
  std::string reference;  ///< empty: the model as loaded
  std::string train;
  std::string eval;  ///< empty: no evaluation
  std::string output;
  std::optional<chosen_loss> loss;  ///< set
  prefopt::trainer_options trainer;
  int threads = 1;
  precision_name precision = precision_name::fp32;
  device_name device = device_name::cpu;
  bool gradient_checkpointing = false;
  std::optional<double> memory;  ///< GiB that the run may use
  std::int64_t log_every = 1;    ///< 0 until its share is known in steps
  std::int64_t eval_every = 0;   ///< 0: at the end only
  std::int64_t save_every = 0;   ///< 0: at the end only
  interval_shares shares;
  bool resume = false;
  prefopt::save_options save;  ///< of the trained model
  /// unset: the reference does not change
  std::optional<prefopt::moving_reference_options> sync_reference;
  /// a file or "none"; unset: a file in the output folder
  std::optional<std::string> reference_cache;
  std::optional<precision_name> reference_precision;  ///< unset: see rounds_reference

  /// Whether the reference runs alongside the policy and does not move.
  [[nodiscard]] bool reference_is_frozen_model() const {
    return loss->loss.inputs.reference && !sync_reference && reference_cache == "none";
  }
  /// Bytes of each of the reference's matrix elements while the run trains; 0: it is no model then.
  [[nodiscard]] std::size_t reference_bytes() const {
    if (!sync_reference && !reference_is_frozen_model()) return 0;
    return !sync_reference && rounds_reference() ? 2 : sizeof(float);
  }
  /// Whether the reference's matrices are stored as bfloat16. By default, one that stays in memory
  /// is stored as products read it.
  [[nodiscard]] bool rounds_reference() const {
    if (reference_precision) return *reference_precision == precision_name::bf16;
    return reference_is_frozen_model() && precision == precision_name::bf16;
  }
};

/// Either options, or the exit status: after --help, or after an error message on stderr.
struct parsed {
  std::optional<options> value;
  int status = 0;
};

[[nodiscard]] parsed parse_train(int argc, char** argv);

/// Sets the intervals that were given as shares, rounded up, for a run of that many steps.
void set_intervals(options& options, std::int64_t total_steps);

}  // namespace program
