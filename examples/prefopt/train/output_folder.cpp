// SPDX-License-Identifier: MIT

#include "train/output_folder.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <nlohmann/json.hpp>

#include <prefopt/io/json.hpp>
#include <prefopt/io/json_object.hpp>
#include <prefopt/io/model_folder.hpp>
#include <prefopt/io/room.hpp>
#include "train/saved_model.hpp"
#include "train/settings.hpp"

namespace program {
namespace {

namespace fs = std::filesystem;
using prefopt::concat;

constexpr const char* model_file = "model.safetensors";
constexpr const char* metrics_file = "metrics.jsonl";
constexpr const char* evaluations_file = "eval.jsonl";

bool holds(const fs::path& folder, const char* name) {
  std::error_code failure;
  const auto kind = fs::status(folder / name, failure).type();
  if (kind == fs::file_type::none)
    throw prefopt::system_failure(folder / name, "look at", failure.value());
  return kind != fs::file_type::not_found;
}

/// The kind of a folder with a checkpoint's name, judged by its contents.
enum class checkpoint_kind {
  stateless,  ///< it has no trainer_state.json
  foreign,    ///< written by another program: it has none of our keys
  older,      ///< ours, from before there were checksums
  own,        ///< ours, intact or damaged
};

/// A file that is not JSON may be a damaged state of ours, but not if it counts steps as Hugging
/// Face's Trainer does, which writes NaN.
checkpoint_kind kind_of(const fs::path& checkpoint) {
  const fs::path path = checkpoint / prefopt::trainer_state_file;
  if (!holds(checkpoint, prefopt::trainer_state_file)) return checkpoint_kind::stateless;
  const std::string text = prefopt::read_file(path);
  try {
    const nlohmann::json json = prefopt::parse_json(text, path.native());
    if (!json.is_object() || json.contains("files") || json.contains("checksum"))
      return checkpoint_kind::own;
    return json.contains("settings") ? checkpoint_kind::older : checkpoint_kind::foreign;
  } catch (const prefopt::format_error&) {
    return text.find("\"global_step\"") != text.npos ? checkpoint_kind::foreign
                                                     : checkpoint_kind::own;
  }
}

/// Throws format_error if a byte of the checkpoint differs from what was saved, and io_error if
/// that cannot be determined.
prefopt::trainer_state_record read_whole(const prefopt::checkpoint_location& checkpoint) {
  for (const char* name : {prefopt::trainer_state_file, model_file, prefopt::optimizer_file})
    if (!holds(checkpoint.path, name))
      throw prefopt::format_error(concat((checkpoint.path / name).native(), ": is missing"));
  auto state = prefopt::read_trainer_state(checkpoint.path);
  if (state.step != checkpoint.step)
    throw prefopt::format_error(concat((checkpoint.path / prefopt::trainer_state_file).native(),
                                       ": is from step ", state.step, ", not ", checkpoint.step));
  prefopt::verify_training_state(checkpoint.path, state);
  return state;
}

/// The names of a folder's files of weights, sorted: an index comes before the shards.
std::vector<std::string> weights_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    std::string name = entry->path().filename().native();
    if (prefopt::is_weights_file(name)) names.push_back(std::move(name));
  }
  if (failure) throw prefopt::system_failure(folder, "read", failure.value());
  std::ranges::sort(names);
  return names;
}

/// Whether only the run that owns the folder writes something of that name there. Caches do not
/// count: runs may share one.
bool is_of_the_run(std::string_view name) {
  return name.starts_with("checkpoint-") || name == "room" || name == metrics_file ||
         name == evaluations_file || name == prefopt::folder_lock::file_name ||
         prefopt::is_written_with_model(name);
}

/// Where a file is or will be, with links followed.
fs::path real_path(const fs::path& path) {
  std::error_code ignored;  // if the path cannot be examined, the error from writing says more
  const fs::path real = fs::weakly_canonical(fs::absolute(path, ignored), ignored);
  return real.empty() ? path : prefopt::without_slash(real);
}

/// Cuts a log back to a step; a damaged log is set aside.
void cut_log(const fs::path& path, std::int64_t step) {
  try {
    prefopt::cut_json_log(path, step);
  } catch (const prefopt::format_error& cause) {
    std::printf("%s; it is kept as %s\n", cause.what(),
                prefopt::set_aside(path, "damaged").c_str());
  }
}

}  // namespace

std::uint64_t bytes_of(const prefopt::sidecar_files& sidecars) {
  std::uint64_t bytes = sidecars.config->dump().size();
  for (const auto& file : sidecars.files) bytes += file.content.size();
  return bytes;
}

output_folder::output_folder(fs::path folder, bool resume) : folder_(std::move(folder)) {
  made_ = prefopt::make_folders(folder_);
  lock();
  const auto checkpoints = prefopt::list_checkpoints(folder_);
  check_resumable(checkpoints, resume);
  find_checkpoint(checkpoints);
  if (checkpoint_)
    std::printf("resuming from %s\n", checkpoint_->path.c_str());
  else if (resume)
    std::printf("%s: no checkpoint yet, starting from the beginning\n", folder_.c_str());
}

output_folder::~output_folder() {
  lock_.reset();
  std::error_code not_empty;
  for (auto folder = made_.rbegin(); folder != made_.rend() && !not_empty; ++folder)
    fs::remove(*folder, not_empty);
}

void output_folder::lock() {
  try {
    lock_.emplace(folder_);
  } catch (const prefopt::io_error& cause) {
    // A finished run may be in a folder that is no longer writable.
    if (::access(folder_.c_str(), W_OK) == 0) throw;
    unwritable_ = cause.what();
  }
  if (lock_ && !lock_->no_locks().empty())
    std::printf("%s: this file system has no locks (%s); make sure that no other run writes here\n",
                folder_.c_str(), lock_->no_locks().c_str());
}

void output_folder::check_resumable(const std::vector<prefopt::checkpoint_location>& checkpoints,
                                    bool resume) const {
  bool has_own = false;
  for (const auto& checkpoint : checkpoints) {
    const checkpoint_kind kind = kind_of(checkpoint.path);
    has_own = has_own || kind == checkpoint_kind::own;
    if (kind == checkpoint_kind::foreign)
      throw prefopt::value_error(
          concat(checkpoint.path.native(),
                 ": a checkpoint of another program: its trainer_state.json has no settings of "
                 "this one; expected another output folder"));
    if (kind == checkpoint_kind::older)
      throw prefopt::value_error(
          concat(checkpoint.path.native(),
                 ": a checkpoint of an older format, without checksums, which is no longer "
                 "supported; expected another output folder"));
  }
  // With or without --resume: there is nothing to continue.
  if (const std::string name = prefopt::find_model_file(folder_); !has_own && !name.empty())
    throw prefopt::value_error(
        concat(folder_.native(), ": already contains a run or a model (", name,
               "), but no checkpoint to resume from; expected another folder"));
  if (resume) return;
  if (has_own)
    throw prefopt::value_error(folder_.native() +
                               ": already contains a run; --resume continues it");
  if (!checkpoints.empty())
    throw prefopt::value_error(
        concat(folder_.native(), ": already contains a run, and none of its checkpoints has a ",
               prefopt::trainer_state_file, " to resume from; expected another folder"));
  for (const char* log : {metrics_file, evaluations_file})
    if (holds(folder_, log))
      throw prefopt::value_error(concat(folder_.native(), ": already contains a run (", log,
                                        ") without a checkpoint; --resume restarts it"));
}

void output_folder::find_checkpoint(const std::vector<prefopt::checkpoint_location>& checkpoints) {
  std::string reasons;
  for (auto checkpoint = checkpoints.rbegin(); checkpoint != checkpoints.rend() && !checkpoint_;
       ++checkpoint) {
    try {
      state_ = read_whole(*checkpoint);
      checkpoint_ = *checkpoint;
    } catch (const prefopt::format_error& cause) {
      damaged_.push_back(checkpoint->path);
      std::printf("%s is not intact: %s\n", checkpoint->path.c_str(), cause.what());
      reasons += concat(reasons.empty() ? "" : "; ", cause.what());
    }
  }
  if (!checkpoint_ && !checkpoints.empty())
    throw prefopt::format_error(concat(folder_.native(), ": no checkpoint is intact (", reasons,
                                       "); to start over, use another folder or move these away"));
}

bool output_folder::is_finished(std::int64_t total_steps, prefopt::weight_type dtype) {
  if (!checkpoint_ || state_.step != total_steps) return false;
  bool is_whole = true;
  for (const auto& [name, checksum] : state_.files->items()) {
    if (!prefopt::is_written_with_model(name.substr(0, name.find('/')))) continue;
    const nlohmann::json file = {{name, checksum}};
    try {
      if (name == model_file)
        check_saved_weights(folder_, checkpoint_->path, dtype);
      else if (name == "config.json")
        check_saved_config(folder_, checkpoint_->path, dtype);
      else
        prefopt::verify_checksums(folder_, prefopt::json_object(file, prefopt::trainer_state_file));
    } catch (const prefopt::format_error& cause) {
      std::printf("%s; the trained model is written again, from %s\n", cause.what(),
                  checkpoint_->path.c_str());
      for (const std::string& one : name == model_file ? weights_in(folder_) : std::vector{name})
        if (holds(folder_, one.c_str())) damaged_.push_back(folder_ / one);
      is_whole = false;
    }
  }
  return is_whole;
}

void output_folder::check_beside(const fs::path& file) const {
  const fs::path checkpoint = real_path(prefopt::follow_links(file)), own = real_path(folder_);
  const fs::path within = checkpoint.lexically_relative(own);
  if (within.empty() || !is_of_the_run(within.begin()->native())) return;
  throw prefopt::value_error(concat("--reference-cache: ", file.native(),
                                    " is where the run writes ", within.begin()->native(),
                                    ", expected another name"));
}

void output_folder::check_settings(const nlohmann::json& settings) const {
  if (checkpoint_) check_same_settings(*state_.settings, settings, checkpoint_->path.native());
}

bool output_folder::is_own_checkpoint(const fs::path& checkpoint) {
  return kind_of(checkpoint) == checkpoint_kind::own;
}

void output_folder::prepare(const sizes& needed) {
  if (!lock_) throw prefopt::io_error(unwritable_);
  const bool is_alone = lock_->no_locks().empty();
  if (is_alone)
    prefopt::remove_temporaries_of(folder_, is_of_the_run);
  else
    prefopt::remove_leftovers(folder_);
  for (const auto& path : damaged_)
    std::printf("%s is kept as %s\n", path.c_str(), prefopt::set_aside(path, "damaged").c_str());
  // A run that was killed after it wrote a checkpoint may not have removed the oldest.
  prefopt::prune_checkpoints(folder_, prefopt::checkpoints_kept, is_own_checkpoint);

  // There are up to three checkpoints at a time: the oldest is removed after the newest is written.
  // At the end there are two and the model.
  const auto there = static_cast<std::int64_t>(prefopt::list_checkpoints(folder_).size());
  const std::int64_t all = there + needed.checkpoints;
  const std::int64_t most = std::max<std::int64_t>(std::min<std::int64_t>(all, 3) - there, 0);
  const std::int64_t at_end = std::max<std::int64_t>(std::min<std::int64_t>(all, 2) - there, 0);
  std::vector<std::uint64_t> while_training(static_cast<std::size_t>(most), needed.checkpoint);
  std::vector<std::uint64_t> after(static_cast<std::size_t>(at_end), needed.checkpoint);
  after.insert(after.end(), needed.model.begin(), needed.model.end());
  prefopt::check_room(folder_, while_training);
  prefopt::check_room(folder_, after);
}

void output_folder::open_log(const char* name, std::optional<prefopt::json_log>& log) {
  cut_log(folder_ / name, state_.step);
  log.emplace(folder_ / name);
}

void output_folder::open_logs(bool evaluates) {
  open_log(metrics_file, metrics_);
  const auto lines = std::ranges::count(prefopt::read_file(folder_ / metrics_file), '\n');
  if (lines != state_.step)
    std::printf("%s: has %td of the %lld steps before the checkpoint; the run continues anyway\n",
                (folder_ / metrics_file).c_str(), lines, static_cast<long long>(state_.step));
  if (evaluates)
    open_log(evaluations_file, evaluations_);
  else
    cut_log(folder_ / evaluations_file, state_.step);
}

void output_folder::check_location() {
  switch (lock_->look()) {
    case prefopt::folder_lock::state::held:
      return;
    case prefopt::folder_lock::state::replaced:
      throw prefopt::io_error(
          concat(folder_.native(),
                 ": is not the folder that this run started in, or another run has "
                 "locked it; nothing more is written there"));
    case prefopt::folder_lock::state::gone:
      break;
  }
  std::printf("%s is gone; it is recreated, without the steps logged so far\n", folder_.c_str());
  (void)prefopt::make_folders(folder_);
  lock_.emplace(folder_);
  metrics_.emplace(folder_ / metrics_file);
  if (evaluations_) evaluations_.emplace(folder_ / evaluations_file);
}

}  // namespace program
