// SPDX-License-Identifier: MIT
#pragma once
// The command line of prefopt_train_dpo: what it says, its defaults, and what is refused before any
// file is read.

#include <cstdint>
#include <optional>
#include <string>

#include <prefopt/data/tokenize.hpp>
#include <prefopt/policy/moving_reference.hpp>
#include <prefopt/train/trainer_options.hpp>
#include "train_dpo/losses.hpp"

namespace train_dpo {

enum class precision_name { fp32, bf16 };
enum class device_name { cpu, cuda };

/// The command line, checked.
struct options {
  std::string model;
  std::string reference;  ///< empty: the model as loaded
  std::string train;
  std::string eval;                 ///< empty: no evaluation
  std::string output;               ///< may be empty with show_pairs only
  std::optional<chosen_loss> loss;  ///< set
  prefopt::trainer_options trainer;
  std::optional<std::int64_t> max_length;
  prefopt::truncation truncation = prefopt::truncation::keep_start;
  bool split_special_tokens = false;
  int threads = 1;
  precision_name precision = precision_name::fp32;
  device_name device = device_name::cpu;
  std::int64_t log_every = 1;
  std::int64_t eval_every = 0;  ///< 0: at the end only
  std::int64_t save_every = 0;  ///< 0: at the end only
  bool resume = false;
  /// unset: the reference stays as it is
  std::optional<prefopt::moving_reference_options> sync_reference;
  /// a file or "none"; unset: a file in the output folder
  std::optional<std::string> reference_cache;
  std::optional<std::int64_t> show_pairs;
};

/// Either options, or the status to exit with: after --help, or after a word on stderr about what
/// was wrong.
struct parsed {
  std::optional<options> value;
  int status = 0;
};

[[nodiscard]] parsed parse(int argc, char** argv);

/// The name as the command line says it.
[[nodiscard]] const char* name_of(precision_name precision);
[[nodiscard]] const char* name_of(device_name device);

}  // namespace train_dpo
