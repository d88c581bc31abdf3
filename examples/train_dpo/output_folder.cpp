// SPDX-License-Identifier: MIT

#include "train_dpo/output_folder.hpp"

#include <cstdio>
#include <utility>

#include "train_dpo/settings.hpp"

namespace train_dpo {
namespace {

constexpr const char* model_file = "model.safetensors";
constexpr const char* metrics_file = "metrics.jsonl";
constexpr const char* evaluations_file = "eval.jsonl";

}  // namespace

output_folder::output_folder(std::filesystem::path folder, bool resume) : folder_(std::move(folder)) {
  checkpoint_ = prefopt::newest_checkpoint(folder_);
  const bool has_model = std::filesystem::exists(folder_ / model_file);
  const bool has_run = checkpoint_ || has_model || std::filesystem::exists(folder_ / metrics_file);
  if (has_run && !resume)
    throw prefopt::value_error(folder_.native() + ": holds a run already; --resume would go on with it");
  if (has_model && !checkpoint_)
    throw prefopt::value_error(folder_.native() + ": holds a model but no checkpoint to resume from");
  if (checkpoint_) {
    state_ = prefopt::read_trainer_state(checkpoint_->path);
    std::printf("resuming from %s\n", checkpoint_->path.c_str());
  } else if (resume) {
    std::printf("%s: no checkpoint yet, starting from the beginning\n", folder_.c_str());
  }
}

bool output_folder::is_finished(std::int64_t total_steps) const {
  return checkpoint_ && state_.step == total_steps && std::filesystem::exists(folder_ / model_file);
}

void output_folder::check_settings(const nlohmann::json& settings) const {
  if (checkpoint_) check_same_settings(state_.settings, settings, checkpoint_->path.native());
}

void output_folder::make() {
  std::error_code failure;
  std::filesystem::create_directories(folder_, failure);
  if (failure) throw prefopt::system_failure(folder_, "create", failure.value());
  prefopt::remove_leftovers(folder_);
  // Better to know now than after hours of training.
  const prefopt::atomic_file probe(folder_ / "write_probe");
}

void output_folder::open_logs() {
  prefopt::cut_json_log(folder_ / metrics_file, state_.step);
  prefopt::cut_json_log(folder_ / evaluations_file, state_.step);
  metrics_.emplace(folder_ / metrics_file);
  evaluations_.emplace(folder_ / evaluations_file);
}

}  // namespace train_dpo
