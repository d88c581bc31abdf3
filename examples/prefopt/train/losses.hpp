// SPDX-License-Identifier: MIT
#pragma once
// The losses by their names for `--loss`, and the options that only some of them read.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/datasets/preference_form.hpp>
#include <prefopt/io/json_value.hpp>
#include <prefopt/loss/any_loss.hpp>

namespace program {

/// Loss options on the command line, in addition to the loss's name, by flag; only those given.
struct loss_values {
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> choices;
  bool use_weighting = false;
};

struct chosen_loss {
  prefopt::any_loss loss;
  std::string spec;                             ///< "dpo", or "dpo:0.8,sft:1"
  std::vector<prefopt::preference_form> forms;  ///< the forms of data that the loss reads
  /// the options that it reads, each with its terms' values
  prefopt::json_value read;
};

/// The loss of a name, or the sum of "name:weight,name:weight". Throws prefopt::value_error for an
/// unknown name, for an option that is out of range or that no term reads, and for terms that read
/// no common form of data.
[[nodiscard]] chosen_loss choose_loss(const std::string& spec, const loss_values& given);

/// A name for `--loss`, and TRL's name if it differs.
struct loss_name {
  std::string_view name;
  std::string_view also;
};

[[nodiscard]] std::vector<loss_name> all_losses();

/// All of them in one line.
[[nodiscard]] std::string loss_names();

/// Those that read that form of data, in one line.
[[nodiscard]] std::string losses_of(prefopt::preference_form form);

}  // namespace program
