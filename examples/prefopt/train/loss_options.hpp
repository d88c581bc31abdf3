// SPDX-License-Identifier: MIT
#pragma once
// The options that choose a loss, shared by the commands that have one.

#include <string>

#include "command_line.hpp"
#include "train/losses.hpp"

namespace program {

/// The command line's choices for the loss.
struct loss_options {
  std::string name = "dpo";
  loss_values values;
};

void add_loss(CLI::App& app, loss_options& chosen);

/// Throws CLI::ValidationError.
[[nodiscard]] chosen_loss loss_of(const loss_options& chosen);

}  // namespace program
