// SPDX-License-Identifier: MIT

#include "train/loss_options.hpp"

#include <limits>

#include <prefopt/core/error.hpp>

namespace program {
namespace {

/// A numeric option that only some losses read.
struct loss_number {
  const char* flag;
  const char* description;
  CLI::Validator range;
};

}  // namespace

void add_loss(CLI::App& app, loss_options& chosen) {
  const double none = std::numeric_limits<double>::infinity();
  const auto above_zero = finite_number("above 0", 0, none, false, false);
  const auto not_negative = finite_number("at least 0", 0, none, true, false);
  const auto share = finite_number("at least 0 and below 1", 0, 1, true, false);
  const loss_number numbers[] = {
      {"--beta",
       "Strength of the KL penalty toward the reference (tau for ipo) [dpo 0.1; differs by loss]",
       above_zero},
      {"--label-smoothing",
       "Share of pairs assumed to be mislabeled (dpo: conservative DPO) [dpo 0]",
       finite_number("at least 0 and below 0.5", 0, 0.5, true, false)},
      {"--f-alpha-divergence-coef", "alpha of alpha_divergence [0.5]",
       finite_number("finite", -none, none, true, true)},
      {"--ld-alpha",
       "LD-DPO: weight of the longer response's tokens beyond the shorter's length [off]",
       finite_number("0 to 1", 0, 1, true, true)},
      {"--simpo-gamma", "simpo: target margin [0.5]", not_negative},
      {"--discopop-tau", "discopop: temperature [0.05]", above_zero},
      {"--dpop-lambda", "dpop: weight of the penalty [50]", not_negative},
      {"--desirable-weight", "kto: weight of desirable completions [1]", not_negative},
      {"--undesirable-weight", "kto: weight of undesirable completions [1]", not_negative},
      {"--beta-sensitivity", "beta_dpo: how fast beta follows the margins [0.6]", not_negative},
      {"--filtered-share", "beta_dpo: share of a step's pairs to filter out [0.2]", share},
  };
  app.add_option("--loss,--loss-type", chosen.name,
                 "A loss, or a sum such as dpo:0.8,sft:1. Losses, with TRL's name if different: " +
                     loss_names())
      ->type_name("NAME")
      ->capture_default_str();
  for (const loss_number& number : numbers)
    app.add_option_function<double>(
           number.flag,
           [&chosen, flag = number.flag](double value) { chosen.values.numbers[flag] = value; },
           number.description)
        ->type_name("FLOAT")
        ->check(number.range);
  app.add_option_function<std::string>(
         "--f-divergence-type",
         [&chosen](const std::string& name) {
           chosen.values.choices["--f-divergence-type"] = name;
         },
         "Divergence from the reference that the loss uses [reverse_kl]")
      ->check(CLI::IsMember({"reverse_kl", "forward_kl", "js_divergence", "alpha_divergence"}));
  app.add_flag("--use-weighting", chosen.values.use_weighting,
               "WPO: weight each example by how likely its responses are under the policy");
}

chosen_loss loss_of(const loss_options& chosen) {
  try {
    return choose_loss(chosen.name, chosen.values);
  } catch (const prefopt::value_error& cause) {
    throw CLI::ValidationError(cause.what());
  }
}

}  // namespace program
