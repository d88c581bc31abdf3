// SPDX-License-Identifier: MIT
#pragma once
// load_model and save_model: load a language model from a Hugging Face folder (config.json,
// model.safetensors or its shards, the tokenizer's files) and save it as one, which transformers
// can open.

#include <concepts>
#include <cstddef>
#include <filesystem>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/hub/decoder_tensors.hpp"
#include "prefopt/hub/detail/decoder_weights.hpp"
#include "prefopt/hub/model_config_json.hpp"
#include "prefopt/hub/save_options.hpp"
#include "prefopt/hub/sidecar_files.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/nn/causal_lm.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// A head that the config declares tied may be stored a second time, but only with the same
/// numbers.
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

/// Loads the model in a folder on a backend that must outlive it. With matrices stored as bfloat16,
/// it takes half the memory and does not train. Throws io_error, format_error and shape_error that
/// name the file and the key or tensor; takes memory only for existing weights.
template <transformer_backend Backend>
  requires std::floating_point<typename Backend::value_type>
[[nodiscard]] causal_lm<Backend> load_model(const Backend& backend,
                                            const std::filesystem::path& folder,
                                            weight_storage storage = weight_storage::native) {
  const decoder_spec spec = read_model_config(folder);
  const auto archive = safetensors_archive::from_folder(folder);
  const decoder_tensors tensors = find_tensors(archive, spec);
  if (tensors.duplicate_head) {
    detail::check_duplicate_head<typename Backend::value_type>(*tensors.duplicate_head,
                                                               tensors.in_layout_order.front());
  }
  causal_lm<Backend> model(backend, spec, storage);
  for (std::size_t i = 0; i < tensors.in_layout_order.size(); ++i)
    model.assign(i, detail::read_tensor<typename Backend::value_type>(tensors.in_layout_order[i]));
  return model;
}

/// A temporary backend would not outlive its model.
template <transformer_backend Backend>
causal_lm<Backend> load_model(const Backend&&, const std::filesystem::path&,
                              weight_storage = weight_storage::native) = delete;

/// Writes a model as a Hugging Face folder, which is created if it does not exist: config.json with
/// the original config's other keys, the sidecar files, and the weights. Each file is replaced as a
/// whole or not at all, the weights last; weights that were there, in one file or in shards, are
/// removed, and no interruption leaves a part of both where it can be read. Throws io_error, and
/// value_error for a weight that is not finite in the type that it is stored in, and for a model
/// whose matrices are stored as bfloat16: save the one that it was rounded from.
template <transformer_backend Backend>
void save_model(const causal_lm<Backend>& policy, const sidecar_files& sidecars,
                const std::filesystem::path& folder, const save_options& options = {}) {
  if (policy.storage() != weight_storage::native)
    throw value_error("save_model: the model's matrices are stored as bfloat16");
  const weight_type dtype = options.dtype.value_or(sidecars.default_dtype());
  detail::write_decoder_folder(policy.backend(), policy.parameters(), policy.spec().names,
                               write_model_config(policy.spec(), sidecars.config, dtype),
                               sidecars.files, folder, dtype, options.max_shard_size);
}

/// The same for a model that was not loaded from a folder: config.json describes the model and its
/// tokenizer.
template <transformer_backend Backend, saveable_tokenizer Tokenizer>
void save_model(const causal_lm<Backend>& policy, const Tokenizer& tokenizer,
                const std::filesystem::path& folder, const save_options& options = {}) {
  save_model(policy, sidecar_files_of(tokenizer), folder, options);
}

/// The same with the files of the folder `source`, which the model was loaded from.
template <transformer_backend Backend>
void save_model(const causal_lm<Backend>& policy, const std::filesystem::path& source,
                const std::filesystem::path& folder, const save_options& options = {}) {
  save_model(policy, read_sidecar_files(source), folder, options);
}

}  // namespace prefopt::inline v0_2
