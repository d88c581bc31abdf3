// SPDX-License-Identifier: MIT
#pragma once
// The folder that a run writes to: whether it may, where it goes on from, its logs and its checkpoints.

#include <prefopt/io.hpp>
#include <prefopt/prefopt.hpp>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace train_dpo {

/// Also the trainer's callback that writes `metrics.jsonl` and `eval.jsonl`.
class output_folder {
 public:
  /// Throws value_error where the folder holds a run and `resume` is false, or a model that no run of this program left
  /// and `resume` is true; io_error where it cannot be looked into.
  output_folder(std::filesystem::path folder, bool resume);

  /// The checkpoint to go on from.
  [[nodiscard]] const std::optional<prefopt::checkpoint_place>& resumed_from() const { return checkpoint_; }

  /// Whether the run that is gone on with, of that many steps, has left its model already.
  [[nodiscard]] bool is_finished(std::int64_t total_steps) const;

  /// Throws value_error, naming the option, where the checkpoint was made with other settings.
  void check_settings(const nlohmann::json& settings) const;

  /// Makes the folder. Throws io_error where it cannot be written.
  void make();

  /// Brings the logs to where the checkpoint was, so that each step stands in them once. Throws format_error where
  /// steps before the checkpoint are missing.
  void open_logs(bool evaluates);

  void on_step(const prefopt::step_report& report) { metrics_->write(report); }
  void on_evaluate(const prefopt::evaluation_report& report) { evaluations_->write(report); }

  /// Fills a new checkpoint through `fill(folder)` and keeps the newest two. Returns its path.
  template <class Fill>
  std::string save_checkpoint(std::int64_t step, const Fill& fill) {
    metrics_->flush();
    if (evaluations_) evaluations_->flush();
    return prefopt::write_checkpoint(folder_, step, fill).native();
  }

 private:
  /// The newest whole checkpoint; says which newer ones are not.
  void find_checkpoint();

  std::filesystem::path folder_;
  std::optional<prefopt::checkpoint_place> checkpoint_;
  std::vector<std::filesystem::path> broken_;  ///< checkpoints that are not whole, to be removed when the run goes on
  prefopt::trainer_state_record state_;        ///< of the checkpoint; 0 steps without one
  std::optional<prefopt::json_log> metrics_;
  std::optional<prefopt::json_log> evaluations_;
};

}  // namespace train_dpo
