// SPDX-License-Identifier: MIT
#pragma once
// load_scalar_model and save_scalar_model: load and save a model with a scalar head (a reward
// model, a critic) as a Hugging Face folder, that of transformers' GPT2ForSequenceClassification,
// LlamaForSequenceClassification and so on with one label, which TRL's RewardTrainer writes.

#include <concepts>
#include <filesystem>
#include <vector>

#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/hub/decoder_tensors.hpp"
#include "prefopt/hub/detail/decoder_weights.hpp"
#include "prefopt/hub/model_config_json.hpp"
#include "prefopt/hub/save_options.hpp"
#include "prefopt/hub/sidecar_files.hpp"
#include "prefopt/nn/scalar_lm.hpp"

namespace prefopt::inline v0_2 {

/// Loads the model in a folder on a backend that must outlive it. Throws as load_model does;
/// format_error for a config with more than one label, a head with a bias, or a language model
/// (make a scalar model from it with scalar_lm{policy}); shape_error for a head with more than one
/// label that the config does not mention.
template <transformer_backend Backend>
  requires std::floating_point<typename Backend::value_type>
[[nodiscard]] scalar_lm<Backend> load_scalar_model(const Backend& backend,
                                                   const std::filesystem::path& folder) {
  const decoder_spec spec = read_scalar_model_config(folder);
  const auto archive = safetensors_archive::from_folder(folder);
  const std::vector<safetensors_archive::item> tensors = find_scalar_tensors(archive, spec);
  scalar_lm<Backend> model(backend, spec);
  detail::read_weights(tensors, backend, model.tensors());
  return model;
}

/// A temporary backend would not outlive its model.
template <transformer_backend Backend>
scalar_lm<Backend> load_scalar_model(const Backend&&, const std::filesystem::path&) = delete;

/// Writes a model as a Hugging Face folder, as save_model does; the files may be those of the
/// language model that it was made from. Writes a `pad_token_id` only if they have one:
/// transformers reads the reward at the last token that is not padding; if eos is the padding, that
/// is the token before a closing eos. Throws io_error.
template <transformer_backend Backend>
void save_scalar_model(const scalar_lm<Backend>& model, const sidecar_files& sidecars,
                       const std::filesystem::path& folder, const save_options& options = {}) {
  const weight_type dtype = options.dtype.value_or(sidecars.default_dtype());
  detail::write_decoder_folder(model.backend(), model.parameters(), model.spec().names,
                               write_scalar_model_config(model.spec(), sidecars.config, dtype),
                               sidecars.files, folder, dtype, options.max_shard_size);
}

/// The same for a model that was not loaded from a folder: config.json describes the model and its
/// tokenizer.
template <transformer_backend Backend, saveable_tokenizer Tokenizer>
void save_scalar_model(const scalar_lm<Backend>& model, const Tokenizer& tokenizer,
                       const std::filesystem::path& folder, const save_options& options = {}) {
  save_scalar_model(model, sidecar_files_of(tokenizer), folder, options);
}

/// The same with the files of the folder `source`, which the model, or the language model under it,
/// was loaded from.
template <transformer_backend Backend>
void save_scalar_model(const scalar_lm<Backend>& model, const std::filesystem::path& source,
                       const std::filesystem::path& folder, const save_options& options = {}) {
  save_scalar_model(model, read_sidecar_files(source), folder, options);
}

}  // namespace prefopt::inline v0_2
