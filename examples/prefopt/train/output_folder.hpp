// SPDX-License-Identifier: MIT
#pragma once
// A run's output folder: its lock, the checkpoint to continue from, its logs and its checkpoints.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <prefopt/hub.hpp>
#include <prefopt/io/folder_lock.hpp>
#include <prefopt/io/json_fwd.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/runs.hpp>

namespace program {

/// The bytes on disk of the files that are carried along.
[[nodiscard]] std::uint64_t bytes_of(const prefopt::sidecar_files& sidecars);

/// Also the trainer's callback that writes `metrics.jsonl` and `eval.jsonl`. Never removes anything
/// that it did not write or could not read.
class output_folder {
 public:
  /// Makes and locks the folder. Throws value_error if it holds a run and `resume` is false, or
  /// something that no run of this program left; format_error if it holds checkpoints and all are
  /// damaged; io_error if another run has it, or something in it cannot be read.
  output_folder(std::filesystem::path folder, bool resume);
  output_folder(const output_folder&) = delete;
  output_folder& operator=(const output_folder&) = delete;
  /// Unlocks the folder, and removes it if this object made it and nothing was written.
  ~output_folder();

  /// The checkpoint to continue from.
  [[nodiscard]] const std::optional<prefopt::checkpoint_location>& resumed_from() const {
    return checkpoint_;
  }

  /// Steps before that checkpoint; 0 without one.
  [[nodiscard]] std::int64_t steps_done() const { return state_.step; }

  /// Whether the resumed run, of that many steps, has already written its model, with weights of
  /// that type and everything else as in the checkpoint. Prints what differs; `prepare` sets those
  /// files aside.
  [[nodiscard]] bool is_finished(std::int64_t total_steps, prefopt::weight_type dtype);

  /// Throws value_error if a reference cache in `file` would be where the run writes its own files.
  void check_beside(const std::filesystem::path& file) const;

  /// Throws value_error, naming the option, if the checkpoint was made with other settings.
  void check_settings(const nlohmann::json& settings) const;

  /// Sizes of a run's output, in bytes.
  struct sizes {
    std::vector<std::uint64_t> model;  ///< of each file of weights, the first with all others
    std::uint64_t checkpoint = 0;
    std::int64_t checkpoints = 1;  ///< how many the run will make
  };

  /// Removes partial files of killed runs and checkpoints that they were about to remove, renames
  /// damaged files, and checks for the space that the run needs. Throws io_error if the folder
  /// cannot be written.
  void prepare(const sizes& needed);

  /// Cuts the logs back to the checkpoint, so that each step is in them once, and reports what is
  /// missing.
  void open_logs(bool evaluates);

  void on_step(const prefopt::step_report& report) { metrics_->write(report); }
  void on_evaluate(const prefopt::evaluation_report& report) { evaluations_->write(report); }

  /// Throws io_error if the folder was replaced or belongs to another run. A removed folder is made
  /// again.
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
  /// Whether a folder with a checkpoint's name is this program's, intact or not.
  static bool is_own_checkpoint(const std::filesystem::path& checkpoint);

  void lock();
  void check_resumable(const std::vector<prefopt::checkpoint_location>& checkpoints,
                       bool resume) const;
  void find_checkpoint(const std::vector<prefopt::checkpoint_location>& checkpoints);
  void open_log(const char* name, std::optional<prefopt::json_log>& log);

  std::filesystem::path folder_;
  std::vector<std::filesystem::path> made_;  ///< folders that did not exist, outermost first
  std::optional<prefopt::folder_lock> lock_;
  std::string unwritable_;  ///< why there is no lock, if the folder cannot be written
  std::optional<prefopt::checkpoint_location> checkpoint_;
  /// checkpoints newer than that one, and files of a finished model
  std::vector<std::filesystem::path> damaged_;
  prefopt::trainer_state_record state_;  ///< of the checkpoint; 0 steps without one
  std::optional<prefopt::json_log> metrics_;
  std::optional<prefopt::json_log> evaluations_;
};

}  // namespace program
