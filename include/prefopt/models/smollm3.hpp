// SPDX-License-Identifier: MIT
#pragma once
// SmolLM3 (Hugging Face 2025): its configuration, with the names of its Hugging Face config.json,
// and the decoder that it describes. Some of its layers have no rotation (Yang et al. 2025,
// arXiv:2501.18795).

#include <cstddef>
#include <vector>

#include "prefopt/models/rotary_config.hpp"

namespace prefopt::inline v0_2 {

struct smollm3_config : rotary_config {
  /// For each layer whether it has rotations: the key's 1, not its name. Empty: all but every
  /// no_rope_layer_interval-th.
  std::vector<bool> no_rope_layers = {};
  std::size_t no_rope_layer_interval = 4;
  bool use_sliding_window = false;
  std::size_t sliding_window = 0;  ///< 0: none
  /// Empty: the layers without rotations slide, if windows are used.
  std::vector<attention_kind> layer_types = {};
  bool attention_bias = false;  ///< of q, k, v and of the product after attention
  bool mlp_bias = false;

  smollm3_config() {
    vocab_size = 128256;
    hidden_size = 2048;
    num_hidden_layers = 36;
    num_attention_heads = 16;
    num_key_value_heads = 4;
    max_position_embeddings = 32768;
    tie_word_embeddings = true;
    rope.rope_theta = 2e6;
  }

  friend bool operator==(const smollm3_config&, const smollm3_config&) = default;
};

/// The decoder of a configuration. Throws value_error, naming the key, unless it makes a model.
[[nodiscard]] inline decoder_spec describe(const smollm3_config& config) {
  decoder_spec spec = detail::describe_rotary(config, "smollm3");
  spec.shape.qkv_bias = spec.shape.output_bias = config.attention_bias;
  spec.shape.mlp_bias = config.mlp_bias;
  std::vector<layer_shape>& layers = spec.shape.layers;
  if (config.no_rope_layers.empty() && config.no_rope_layer_interval == 0)
    throw value_error("smollm3: no_rope_layer_interval is 0, expected at least 1");
  if (!config.no_rope_layers.empty() && config.no_rope_layers.size() < layers.size())
    throw value_error(concat("smollm3: no_rope_layers has ", config.no_rope_layers.size(),
                             " entries, expected one for each of ", layers.size(), " layers"));
  std::vector<attention_kind> kinds = config.layer_types;
  const bool decide = kinds.empty();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    layers[i].rotary = config.no_rope_layers.empty() ? (i + 1) % config.no_rope_layer_interval != 0
                                                     : config.no_rope_layers[i];
    const bool slides =
        config.use_sliding_window && config.sliding_window != 0 && !layers[i].rotary;
    if (decide)
      kinds.push_back(slides ? attention_kind::sliding_attention : attention_kind::full_attention);
  }
  detail::set_windows(spec, kinds, config.sliding_window);
  return spec;
}

/// The configuration of a decoder: describe(smollm3_config_of(spec)) has its shape.
[[nodiscard]] inline smollm3_config smollm3_config_of(const decoder_spec& spec) {
  smollm3_config config;
  detail::set_from(config, spec);
  config.attention_bias = spec.shape.qkv_bias;
  config.mlp_bias = spec.shape.mlp_bias;
  detail::set_windows_from(config, spec);
  for (const layer_shape& layer : spec.shape.layers) config.no_rope_layers.push_back(layer.rotary);
  return config;
}

}  // namespace prefopt::inline v0_2
