// SPDX-License-Identifier: MIT
#pragma once
// The keys of a family's config.json that determine its tensors' shapes, for messages.

#include <cstddef>
#include <string>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/nn/spec.hpp"

namespace prefopt::inline v0_2::detail {

struct family_keys {
  std::string_view family, layers, channels, vocabulary;
};

[[nodiscard]] inline family_keys keys_of(const decoder_spec& spec) {
  if (spec.model_type == "gpt2") return {"GPT-2", "n_layer", "n_embd", "vocab_size"};
  return {spec.model_type, "num_hidden_layers", "hidden_size", "vocab_size"};
}

/// "a GPT-2 with n_layer 2".
[[nodiscard]] inline std::string describe_model(const decoder_spec& spec) {
  const family_keys keys = keys_of(spec);
  return concat("a ", keys.family, " with ", keys.layers, ' ', spec.shape.layers.size());
}

/// The keys that determine the shape of a tensor with this bare name: "vocab_size 5, n_embd 4".
[[nodiscard]] inline std::string shape_keys(std::string_view name, const decoder_spec& spec) {
  const decoder_shape& shape = spec.shape;
  const family_keys keys = keys_of(spec);
  const std::string channels = concat(keys.channels, ' ', shape.channels);
  const auto has = [&](std::string_view part) { return name.find(part) != name.npos; };
  if (name == "score.weight") return concat("one label, ", channels);
  if (name == "wte.weight" || name == "embed_tokens.weight" || name == "lm_head.weight")
    return concat(keys.vocabulary, ' ', shape.vocabulary, ", ", channels);
  if (name == "wpe.weight") return concat("n_positions ", shape.positions, ", ", channels);
  if (has(".mlp.") && spec.model_type == "gpt2")
    return concat(channels, ", n_inner ", shape.inner,
                  shape.inner == 4 * shape.channels ? " by default" : "");
  if (has(".mlp.")) return concat(channels, ", intermediate_size ", shape.inner);
  if (has(".self_attn."))
    return concat(channels, ", num_attention_heads ", shape.heads, ", num_key_value_heads ",
                  shape.kv_heads, ", head_dim ", shape.head_size);
  return channels;
}

}  // namespace prefopt::inline v0_2::detail
