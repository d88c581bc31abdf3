// SPDX-License-Identifier: MIT
#pragma once
// A model that a command opens but does not train, in either precision.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <prefopt/core/random.hpp>
#include <prefopt/data/example.hpp>
#include <prefopt/data/prefix_tree_batch.hpp>
#include <prefopt/loss/any_loss.hpp>
#include <prefopt/policy/generation.hpp>
#include <prefopt/train/evaluation_report.hpp>
#include "command_line.hpp"

namespace program {

/// A generating_policy.
class any_model {
 public:
  any_model() = default;
  any_model(const any_model&) = delete;
  any_model& operator=(const any_model&) = delete;
  virtual ~any_model() = default;

  [[nodiscard]] virtual std::vector<double> token_log_probs(
      const prefopt::prefix_tree_batch& batch) const = 0;
  [[nodiscard]] virtual std::vector<prefopt::token_ids> write(
      std::span<const prefopt::token_ids> prompts, const prefopt::generation_options& options,
      prefopt::random_generator& random) const = 0;

  /// Against a reference that was opened like this model, or null if the loss reads none.
  [[nodiscard]] virtual prefopt::evaluation_report evaluate(
      const any_model* reference, const prefopt::any_loss& loss,
      const std::vector<prefopt::tokenized_example>& examples) const = 0;
};

[[nodiscard]] inline std::vector<prefopt::token_ids> generate(
    const any_model& model, std::span<const prefopt::token_ids> prompts,
    const prefopt::generation_options& options, prefopt::random_generator& random) {
  return model.write(prompts, options, random);
}

/// The model in a folder, on the CPU. Throws what load_model throws.
[[nodiscard]] std::unique_ptr<any_model> open_model(const std::string& folder,
                                                    precision_name precision, int threads);

}  // namespace program
