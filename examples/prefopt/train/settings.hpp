// SPDX-License-Identifier: MIT
#pragma once
// The settings that a resumed run must share with the run that it continues: everything that
// changes numbers.

#include <string>

#include <prefopt/io/json_fwd.hpp>
#include <prefopt/io/json_value.hpp>
#include "train/options.hpp"

namespace program {

/// Hashes of a run's inputs, as hex text.
struct origins {
  std::string model;      ///< config and weights as loaded
  std::string reference;  ///< config and weights; empty for a loss that reads none
  std::string pairs;      ///< token ids of all training pairs, after truncation
  std::string eval_pairs;
  std::size_t max_length = 0;
  std::string date;  ///< if a chat template prints it, otherwise empty
};

/// The settings by option name.
[[nodiscard]] prefopt::json_value settings_of(const options& options, const origins& origins);

/// Throws prefopt::value_error, naming the first option that differs, unless both are the same.
/// `where` is the checkpoint.
void check_same_settings(const nlohmann::json& saved, const nlohmann::json& now,
                         const std::string& where);

}  // namespace program
