// SPDX-License-Identifier: MIT
#pragma once
// load_model and save_model: a language model from and to a Hugging Face folder (config.json,
// model.safetensors or its shards, the tokenizer's files), which opens in transformers.

#include <concepts>
#include <filesystem>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/hub/detail/gpt2_weights.hpp"
#include "prefopt/hub/gpt2_config_json.hpp"
#include "prefopt/hub/gpt2_tensors.hpp"
#include "prefopt/hub/sidecar_files.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/models/gpt2.hpp"
#include "prefopt/nn/causal_lm.hpp"

namespace prefopt {

namespace detail {

/// A head that the config calls tied may be stored a second time, but not with other numbers.
template <class Real>
void check_duplicate_head(const safetensors_archive::item& head,
                          const safetensors_archive::item& embedding) {
  if (head.entry == embedding.entry || read_tensor<Real>(head) == read_tensor<Real>(embedding))
    return;
  throw format_error(concat(head.file->name(), ": tensor ", printable(head.entry->name),
                            " differs from ", printable(embedding.entry->name),
                            ", to which tie_word_embeddings ties it"));
}

}  // namespace detail

/// The model in a folder, on a backend that must outlive it. Throws io_error, format_error and
/// shape_error with the file and the key or tensor named; memory is taken only for weights that are
/// there.
template <transformer_backend Backend>
  requires std::floating_point<typename Backend::value_type>
[[nodiscard]] causal_lm<Backend> load_model(const Backend& backend,
                                            const std::filesystem::path& folder) {
  const gpt2_config config = read_gpt2_config(folder);
  const auto archive = safetensors_archive::from_folder(folder);
  const gpt2_tensors tensors = find_gpt2_tensors(archive, config);
  if (tensors.duplicate_head) {
    detail::check_duplicate_head<typename Backend::value_type>(
        *tensors.duplicate_head, tensors.in_layout_order[decoder_layout::token_embedding()]);
  }
  causal_lm<Backend> model(backend, config);
  detail::read_weights(tensors.in_layout_order, backend, model.parameters());
  return model;
}

/// A temporary backend would be gone before its model.
template <transformer_backend Backend>
causal_lm<Backend> load_model(const Backend&&, const std::filesystem::path&) = delete;

/// Writes a model as a Hugging Face folder, made where it is not there: config.json with the
/// original config's other keys copied through, their files, and the weights as float32. Each file
/// is replaced whole or not at all, the weights last. Throws io_error.
template <transformer_backend Backend>
void save_model(const causal_lm<Backend>& policy, const sidecar_files& sidecars,
                const std::filesystem::path& folder) {
  detail::write_gpt2_folder(policy.backend(), policy.parameters(),
                            write_gpt2_config(config_of(policy.shape()), sidecars.config),
                            sidecars.files, folder);
}

/// The same for a model that came from no folder: config.json holds what the model and its
/// tokenizer say.
template <transformer_backend Backend, saveable_tokenizer Tokenizer>
void save_model(const causal_lm<Backend>& policy, const Tokenizer& tokenizer,
                const std::filesystem::path& folder) {
  save_model(policy, sidecar_files_of(tokenizer), folder);
}

/// The same with the files of the folder `source`, where the model came from.
template <transformer_backend Backend>
void save_model(const causal_lm<Backend>& policy, const std::filesystem::path& source,
                const std::filesystem::path& folder) {
  save_model(policy, read_sidecar_files(source), folder);
}

}  // namespace prefopt
