// SPDX-License-Identifier: MIT
#pragma once
// The losses by the names that `--loss` takes, and the options that only some of them read.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/datasets/preference_form.hpp>
#include <prefopt/loss/any_loss.hpp>

namespace program {

/// What the command line says beside the loss's name, by flag; only what was given.
struct loss_values {
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> choices;
  bool use_weighting = false;
};

struct chosen_loss {
  prefopt::any_loss loss;
  std::string spec;                             ///< "dpo", or "dpo:0.8,sft:1"
  std::vector<prefopt::preference_form> forms;  ///< of data that the loss reads
  /// the options that it reads, each with its terms' values
  nlohmann::json read;
};

/// The loss of a name, or the sum of "name:weight,name:weight". Throws prefopt::value_error for a
/// name that is none, for an option outside its range or that no term reads, and for terms that
/// read no form of data in common.
[[nodiscard]] chosen_loss choose_loss(const std::string& spec, const loss_values& given);

/// A name that `--loss` takes, and TRL's where it is another.
struct loss_name {
  std::string_view name;
  std::string_view also;
};

[[nodiscard]] std::vector<loss_name> all_losses();

/// All of them in one line.
[[nodiscard]] std::string loss_names();

}  // namespace program
