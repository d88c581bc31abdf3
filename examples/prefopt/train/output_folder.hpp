// SPDX-License-Identifier: MIT
#pragma once
// The folder that a run writes to: that no other run writes there, where it continues, its logs and
// its checkpoints.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/hub.hpp>
#include <prefopt/io/folder_lock.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/runs.hpp>

namespace program {

/// Also the trainer's callback that writes `metrics.jsonl` and `eval.jsonl`. What it did not write
/// or could not read it never removes.
class output_folder {
 public:
  /// Makes and locks the folder. Throws value_error where it holds a run and `resume` is false, or
  /// something else that no run of this program left; format_error where it holds checkpoints and
  /// all are damaged; io_error where another run has it, or something in it cannot be read.
  output_folder(std::filesystem::path folder, bool resume);
  output_folder(const output_folder&) = delete;
  output_folder& operator=(const output_folder&) = delete;
  /// Unlocks the folder, and removes it where it made it and nothing was written.
  ~output_folder();

  /// The checkpoint to continue from.
  [[nodiscard]] const std::optional<prefopt::checkpoint_location>& resumed_from() const {
    return checkpoint_;
  }

  /// Steps before that checkpoint; 0 without one.
  [[nodiscard]] std::int64_t steps_done() const { return state_.step; }

  /// Whether the run that is continued, of that many steps, has left its model already: each file
  /// as the checkpoint has it. Says which one is not; `prepare` sets those aside.
  [[nodiscard]] bool is_finished(std::int64_t total_steps);

  /// Throws value_error where a reference cache in `file` would stand where the run writes
  /// something of its own.
  void check_beside(const std::filesystem::path& file) const;

  /// Throws value_error, naming the option, where the checkpoint was made with other settings.
  void check_settings(const nlohmann::json& settings) const;

  /// What a run will write, in bytes.
  struct sizes {
    std::uint64_t model = 0;
    std::uint64_t checkpoint = 0;
    std::int64_t checkpoints = 1;  ///< how many of these it will make
  };

  /// Clears away what killed runs left half written, renames what is damaged, and asks for the room
  /// that the run needs. Throws io_error where it cannot be written.
  void prepare(const sizes& needed);

  /// Brings the logs to where the checkpoint was, so that each step stands in them once, and says
  /// what they lack.
  void open_logs(bool evaluates);

  void on_step(const prefopt::step_report& report) { metrics_->write(report); }
  void on_evaluate(const prefopt::evaluation_report& report) { evaluations_->write(report); }

  /// Throws io_error where the folder is another one by now, or another run's. One that is gone is
  /// made again.
  void check_location();

  /// Fills a new checkpoint through `fill(folder)` and keeps the newest two. Returns its path.
  template <class Fill>
  std::string save_checkpoint(std::int64_t step, const Fill& fill) {
    metrics_->flush();
    if (evaluations_) evaluations_->flush();
    const auto written = prefopt::write_checkpoint(folder_, step, fill, is_own_checkpoint);
    if (!written.remark.empty()) std::printf("%s\n", written.remark.c_str());
    return written.path.native();
  }

 private:
  /// Whether a folder called as a checkpoint is one of this program, whole or not.
  static bool is_own_checkpoint(const std::filesystem::path& checkpoint);

  void lock();
  void check_resumable(const std::vector<prefopt::checkpoint_location>& checkpoints,
                       bool resume) const;
  void find_checkpoint(const std::vector<prefopt::checkpoint_location>& checkpoints);
  void open_log(const char* name, std::optional<prefopt::json_log>& log);

  std::filesystem::path folder_;
  std::vector<std::filesystem::path> made_;  ///< folders that were not there, outermost first
  std::optional<prefopt::folder_lock> lock_;
  std::string unwritable_;  ///< why there is no lock, where the folder cannot be written
  std::optional<prefopt::checkpoint_location> checkpoint_;
  /// newer checkpoints than that, and files of a finished model
  std::vector<std::filesystem::path> damaged_;
  prefopt::trainer_state_record state_;  ///< of the checkpoint; 0 steps without one
  std::optional<prefopt::json_log> metrics_;
  std::optional<prefopt::json_log> evaluations_;
};

}  // namespace program
