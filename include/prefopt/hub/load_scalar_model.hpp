// SPDX-License-Identifier: MIT
#pragma once
// load_scalar_model and save_scalar_model: a model with a scalar head (a reward model, a
// critic) from and to a Hugging Face folder, that of transformers' GPT2ForSequenceClassification
// with one label, which TRL's RewardTrainer writes.

#include <concepts>
#include <filesystem>
#include <vector>

#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/hub/detail/gpt2_weights.hpp"
#include "prefopt/hub/gpt2_config_json.hpp"
#include "prefopt/hub/gpt2_tensors.hpp"
#include "prefopt/hub/sidecar_files.hpp"
#include "prefopt/models/gpt2.hpp"
#include "prefopt/nn/scalar_lm.hpp"

namespace prefopt {

/// The model in a folder, on a backend that must outlive it. Throws as load_model does;
/// format_error for a config of more than one label, a head with a bias, and a language model, of
/// which scalar_lm{policy} makes one; shape_error for a head of more than one label that the config
/// does not tell of.
template <transformer_backend Backend>
  requires std::floating_point<typename Backend::value_type>
[[nodiscard]] scalar_lm<Backend> load_scalar_model(const Backend& backend,
                                                   const std::filesystem::path& folder) {
  const gpt2_config config = read_gpt2_scalar_config(folder);
  const auto archive = safetensors_archive::from_folder(folder);
  const std::vector<safetensors_archive::item> tensors = find_gpt2_scalar_tensors(archive, config);
  scalar_lm<Backend> model(backend, config);
  detail::read_weights(tensors, backend, model.parameters());
  return model;
}

/// A temporary backend would be gone before its model.
template <transformer_backend Backend>
scalar_lm<Backend> load_scalar_model(const Backend&&, const std::filesystem::path&) = delete;

/// Writes a model as a Hugging Face folder, as save_model does; the files may be those of the
/// language model that it was made of. A `pad_token_id` is written only where they have one:
/// transformers reads the reward at the last token that is not padding, and where eos pads, that is
/// the one before a closing eos. Throws io_error.
template <transformer_backend Backend>
void save_scalar_model(const scalar_lm<Backend>& model, const sidecar_files& sidecars,
                       const std::filesystem::path& folder) {
  detail::write_gpt2_folder(model.backend(), model.parameters(),
                            write_gpt2_scalar_config(config_of(model.shape()), sidecars.config),
                            sidecars.files, folder);
}

/// The same for a model that came from no folder: config.json holds what the model and its
/// tokenizer say.
template <transformer_backend Backend, saveable_tokenizer Tokenizer>
void save_scalar_model(const scalar_lm<Backend>& model, const Tokenizer& tokenizer,
                       const std::filesystem::path& folder) {
  save_scalar_model(model, sidecar_files_of(tokenizer), folder);
}

/// The same with the files of the folder `source`, where the model, or the language model
/// below it, came from.
template <transformer_backend Backend>
void save_scalar_model(const scalar_lm<Backend>& model, const std::filesystem::path& source,
                       const std::filesystem::path& folder) {
  save_scalar_model(model, read_sidecar_files(source), folder);
}

}  // namespace prefopt
