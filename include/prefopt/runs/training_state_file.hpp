// SPDX-License-Identifier: MIT
#pragma once
// The content of a checkpoint other than the model: `optimizer.safetensors` with AdamW's moments
// under PyTorch's names, and `trainer_state.json` with the step, the loss's state, the run's
// fingerprint, any settings that the program needs later, and the checksums of all files, including
// its own.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_file.hpp"
#include "prefopt/formats/safetensors_writer.hpp"
#include "prefopt/io/atomic_file.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/io/json_value.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "prefopt/train/trainer.hpp"

namespace prefopt::inline v0_2 {

inline constexpr const char* optimizer_file = "optimizer.safetensors";
inline constexpr const char* trainer_state_file = "trainer_state.json";

/// `trainer_state.json` of a folder: step, num_tokens, settings, the checksums of the other files,
/// and the loss's state if it has one.
struct trainer_state_record {
  std::int64_t step = 0;
  std::int64_t num_tokens = 0;
  json_value settings;
  json_value files;
  std::vector<double> loss = {};
  run_fingerprint fingerprint = {};  ///< all unknown if the file has none
};

namespace detail {

inline constexpr const char* moment_suffixes[] = {".exp_avg", ".exp_avg_sq"};

template <class Real>
void read_moment(const safetensors_file& file, const std::string& name,
                 const std::vector<std::size_t>& shape, std::vector<Real>& to) {
  const safetensors_entry* entry = file.find(name);
  if (entry == nullptr) throw format_error(concat(file.name(), ": tensor ", name, " is missing"));
  if (entry->shape != shape) {
    throw shape_error(concat(file.name(), ": tensor ", name, " has shape ",
                             describe_shape(entry->shape), ", expected ", describe_shape(shape)));
  }
  to.resize(entry->size());
  file.read(*entry, std::span(to));
}

/// Writes `trainer_state.json`, with the checksums of the files that exist by now.
void write_trainer_state(const trainer_state_record& state, const std::filesystem::path& folder);

}  // namespace detail

/// Writes a trainer's state into an existing folder, last: the checksums are those of the files
/// that exist by then. Memory: one tensor. Throws io_error.
template <class Trainer>
void write_training_state(const Trainer& trainer, const nlohmann::json& settings,
                          const std::filesystem::path& folder) {
  using real = typename Trainer::optimizer_type::value_type;
  const auto moments = trainer.optimizer().moments();
  std::vector<tensor_signature> signatures;
  for (const auto& one : moments)
    for (const char* suffix : detail::moment_suffixes)
      signatures.push_back({one.name + suffix, one.shape});
  std::vector<real> values;
  atomic_file file(folder / optimizer_file, links::replace);
  write_safetensors<real>(file.file(), signatures, torch_metadata(), [&](std::size_t i) {
    const auto from = i % 2 == 0 ? moments[i / 2].first : moments[i / 2].second;
    values.resize(from.size());
    trainer.optimizer().backend().copy_to_host(from, std::span(values));
    return std::span<const real>(values);
  });
  file.commit();
  detail::write_trainer_state({trainer.steps_done(),
                               trainer.num_tokens(),
                               settings,
                               {},
                               state_of(trainer.loss()),
                               trainer.fingerprint()},
                              folder);
}

/// Throws io_error, or format_error if the file has changed since it was written. Does not read the
/// other files.
[[nodiscard]] trainer_state_record read_trainer_state(const std::filesystem::path& folder);

/// Reads every byte of a folder that write_training_state completed: weights, moments and
/// everything else. Throws format_error, naming the file, if one has changed since it was written,
/// and io_error.
void verify_training_state(const std::filesystem::path& folder, const trainer_state_record& record);

/// Verifies all files of the folder, then brings a fresh trainer to the saved state. Throws
/// io_error, format_error or shape_error, and value_error for the state of another loss, and then
/// changes nothing.
template <class Trainer>
void read_training_state(Trainer& trainer, const std::filesystem::path& folder) {
  using real = typename Trainer::optimizer_type::value_type;
  const trainer_state_record record = read_trainer_state(folder);
  verify_training_state(folder, record);
  const safetensors_file file(folder / optimizer_file);
  typename Trainer::state_type state{
      record.step, record.num_tokens, {record.step, {}}, record.loss, record.fingerprint};
  for (const auto& one : std::as_const(trainer).optimizer().moments()) {
    saved_moments<real>& saved = state.optimizer.moments.emplace_back();
    saved.name = one.name;
    saved.shape = one.shape;
    detail::read_moment(file, one.name + detail::moment_suffixes[0], one.shape, saved.first);
    detail::read_moment(file, one.name + detail::moment_suffixes[1], one.shape, saved.second);
  }
  if (file.tensors().size() != 2 * state.optimizer.moments.size()) {
    throw format_error(concat(file.name(), ": ", file.tensors().size(), " tensors, expected ",
                              2 * state.optimizer.moments.size()));
  }
  trainer.restore(state);
}

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/runs/detail/training_state_file_definitions.hpp"
#endif
