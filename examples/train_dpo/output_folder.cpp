// SPDX-License-Identifier: MIT

#include "train_dpo/output_folder.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "train_dpo/settings.hpp"

namespace train_dpo {
namespace {

constexpr const char* model_file = "model.safetensors";
constexpr const char* metrics_file = "metrics.jsonl";
constexpr const char* evaluations_file = "eval.jsonl";

bool holds(const std::filesystem::path& folder, const char* name) {
  std::error_code failure;
  const auto kind = std::filesystem::status(folder / name, failure).type();
  if (kind == std::filesystem::file_type::none)
    throw prefopt::system_failure(folder / name, "look at", failure.value());
  return kind != std::filesystem::file_type::not_found;
}

std::int64_t lines_in(const std::filesystem::path& file) { return std::ranges::count(prefopt::read_file(file), '\n'); }

}  // namespace

output_folder::output_folder(std::filesystem::path folder, bool resume) : folder_(std::move(folder)) {
  find_checkpoint();
  const bool has_model = holds(folder_, model_file) || holds(folder_, "model.safetensors.index.json");
  const bool has_run =
      checkpoint_ || !broken_.empty() || has_model || holds(folder_, metrics_file) || holds(folder_, evaluations_file);
  if (has_model && !checkpoint_)  // with or without --resume: there is nothing to go on with
    throw prefopt::value_error(
        folder_.native() +
        ": holds a run already, a model but no checkpoint to resume from; another folder was wanted");
  if (has_run && !resume)
    throw prefopt::value_error(folder_.native() + ": holds a run already; --resume would go on with it");
  if (checkpoint_) {
    std::printf("resuming from %s\n", checkpoint_->path.c_str());
  } else if (resume) {
    std::printf("%s: no checkpoint yet, starting from the beginning\n", folder_.c_str());
  }
}

void output_folder::find_checkpoint() {
  const auto places = prefopt::list_checkpoints(folder_);
  for (auto place = places.rbegin(); place != places.rend() && !checkpoint_; ++place) {
    try {
      state_ = prefopt::read_trainer_state(place->path);
      const prefopt::safetensors_file model(place->path / model_file);
      const prefopt::safetensors_file optimizer(place->path / prefopt::optimizer_file);
      checkpoint_ = *place;
    } catch (const prefopt::error& cause) {
      state_ = {};
      broken_.push_back(place->path);
      std::printf("%s is not whole: %s\n", place->path.c_str(), cause.what());
    }
  }
}

bool output_folder::is_finished(std::int64_t total_steps) const {
  return checkpoint_ && state_.step == total_steps && holds(folder_, model_file);
}

void output_folder::check_settings(const nlohmann::json& settings) const {
  if (checkpoint_) check_same_settings(state_.settings, settings, checkpoint_->path.native());
}

void output_folder::make() {
  std::error_code failure;
  std::filesystem::create_directories(folder_, failure);
  if (failure) throw prefopt::system_failure(folder_, "create", failure.value());
  prefopt::remove_leftovers(folder_);
  for (const auto& path : broken_) prefopt::remove_tree(path);
  // Better to know now than after hours of training.
  const prefopt::atomic_file probe(folder_ / "write_probe");
}

void output_folder::open_logs(bool evaluates) {
  prefopt::cut_json_log(folder_ / metrics_file, state_.step);
  metrics_.emplace(folder_ / metrics_file);
  if (const auto lines = lines_in(folder_ / metrics_file); lines != state_.step)
    throw prefopt::format_error(prefopt::join((folder_ / metrics_file).native(), ": ", lines, " steps, the ",
                                              state_.step, " before the checkpoint were wanted"));
  prefopt::cut_json_log(folder_ / evaluations_file, state_.step);
  if (evaluates) evaluations_.emplace(folder_ / evaluations_file);
}

}  // namespace train_dpo
