// SPDX-License-Identifier: MIT
#pragma once
// A run's checkpoints: their size on disk, and the trainer's callback that saves them.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/formats.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/runs.hpp>
#include "train/interruption.hpp"
#include "train/options.hpp"
#include "train/output_folder.hpp"

namespace program::detail {

/// Where a checkpoint stores a moving reference.
inline constexpr const char* reference_folder = "reference";

/// How a checkpoint stores weights, whatever the trained model's type: in one file, with every bit,
/// because a resumed run continues with the same.
inline constexpr prefopt::save_options every_bit{
    .dtype = prefopt::weight_type::float32,
    .max_shard_size = std::numeric_limits<std::uint64_t>::max()};

/// The size on disk of a run's model and of each checkpoint, and the number of checkpoints.
template <class Model>
output_folder::sizes sizes_of(const Model& model, const prefopt::sidecar_files& sidecars,
                              const options& o, std::int64_t steps_left) {
  constexpr std::uint64_t header = 256;  // of a tensor in a file; more than its name needs
  std::uint64_t values = 0, headers = 4096;
  std::vector<prefopt::tensor_signature> tensors;
  for (const auto& parameter : model.parameters()) {
    values += parameter.value.size();
    headers += header + parameter.name.size();
    tensors.push_back({parameter.name, parameter.shape});
  }
  const std::uint64_t others = headers + bytes_of(sidecars);
  const std::uint64_t folder = values * sizeof(float) + others;
  const std::uint64_t moments = 2 * (values * sizeof(float) + headers);
  std::vector<std::uint64_t> files;
  for (const auto& shard :
       prefopt::plan_shards(tensors,
                            o.save.dtype == prefopt::weight_type::bfloat16 ? prefopt::bfloat16_type
                                                                           : prefopt::float32_type,
                            o.save.max_shard_size))
    files.push_back(shard.bytes);
  files.front() += others;
  return {.model = std::move(files),
          .checkpoint = folder + moments + (o.sync_reference ? folder : 0),
          .checkpoints = o.save_every == 0 ? 1 : steps_left / o.save_every + 1};
}

/// The trainer's callback that saves checkpoints when they are due and when a signal asks the run
/// to end.
template <class Reference>
class checkpoint_saver {
 public:
  checkpoint_saver(const options& o, const prefopt::sidecar_files& sidecars, output_folder& output,
                   Reference& reference, const prefopt::json_value& settings)
      : options_(o),
        sidecars_(sidecars),
        output_(output),
        reference_(reference),
        settings_(settings) {
    if (const auto& from = output.resumed_from()) newest_ = from->path.native();
  }

  /// Throws `interrupted` after it saved, or failed to save, unless the run is already done.
  template <class Trainer>
  std::optional<std::string> save(const Trainer& trainer, const prefopt::step_report& step) {
    const int signal = interruption();
    if (signal == 0 && !prefopt::is_due(step, options_.save_every)) return std::nullopt;
    output_.check_location();
    const bool continues = signal == 0 && !step.last;
    const auto saved =
        continues ? std::optional(write(trainer, step.step)) : try_to_write(trainer, step.step);
    if (signal == 0 || step.last) return saved;
    if (!saved)
      throw interrupted(
          signal,
          prefopt::concat(name_of_signal(signal), ": step ", step.step, " of ", step.total_steps,
                          " could not be saved (", failure_, "); the same command with --resume ",
                          newest_.empty() ? "starts from the beginning"
                                          : prefopt::concat("continues from ", newest_)));
    throw interrupted(
        signal, prefopt::concat(name_of_signal(signal), ": ended after step ", step.step, " of ",
                                step.total_steps, ", saved ", *saved,
                                "; the same command with --resume continues"));
  }

  /// Why the last checkpoint could not be saved; empty if it was.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  template <class Trainer>
  std::string write(const Trainer& trainer, std::int64_t step) {
    newest_ = output_.save_checkpoint(step, [&](const std::filesystem::path& folder) {
      prefopt::save_model(trainer.policy(), sidecars_, folder, every_bit);
      if (const auto* moving = reference_.that_moves())
        prefopt::save_model(moving->policy(), sidecars_, folder / reference_folder, every_bit);
      prefopt::write_training_state(trainer, *settings_, folder);
    });
    return newest_;
  }

  /// At the end, because the model is still to be written and may fit even if a checkpoint does
  /// not, and after a signal.
  template <class Trainer>
  std::optional<std::string> try_to_write(const Trainer& trainer, std::int64_t step) {
    try {
      return write(trainer, step);
    } catch (const prefopt::io_error& cause) {
      failure_ = cause.what();
      return std::nullopt;
    }
  }

  const options& options_;
  const prefopt::sidecar_files& sidecars_;
  output_folder& output_;
  Reference& reference_;
  const prefopt::json_value& settings_;
  std::string failure_;
  std::string newest_;  ///< the checkpoint that a resumed run would start from; empty without one
};

}  // namespace program::detail
