// SPDX-License-Identifier: MIT
#pragma once
// Qwen3 (Yang et al. 2025, arXiv:2505.09388): its
// configuration, with the names of its Hugging Face config.json, and the decoder that it describes.

#include <cstddef>
#include <vector>

#include "prefopt/models/rotary_config.hpp"

namespace prefopt::inline v0_2 {

struct qwen3_config : rotary_config {
  bool attention_bias = false;      ///< of q, k, v and of the product after attention
  bool use_sliding_window = false;  ///< otherwise sliding_window is not used
  std::size_t sliding_window = 4096;
  std::size_t max_window_layers = 28;  ///< layers from here on slide, if layer_types is empty
  std::vector<attention_kind> layer_types = {};

  qwen3_config() {
    vocab_size = 151936;
    intermediate_size = 22016;
    num_key_value_heads = 32;
    max_position_embeddings = 32768;
    head_dim = 128;
  }

  friend bool operator==(const qwen3_config&, const qwen3_config&) = default;
};

/// The decoder of a configuration. Throws value_error, naming the key, unless it makes a model.
[[nodiscard]] inline decoder_spec describe(const qwen3_config& config) {
  decoder_spec spec = detail::describe_rotary(config, "qwen3");
  spec.shape.qk_norm = true;
  spec.shape.qkv_bias = spec.shape.output_bias = config.attention_bias;
  detail::set_windows(spec, detail::layer_types_of(config),
                      config.use_sliding_window ? config.sliding_window : 0);
  return spec;
}

/// The configuration of a decoder: describe(qwen3_config_of(spec)) has its shape.
[[nodiscard]] inline qwen3_config qwen3_config_of(const decoder_spec& spec) {
  qwen3_config config;
  detail::set_from(config, spec);
  config.attention_bias = spec.shape.qkv_bias;
  detail::set_windows_from(config, spec);
  return config;
}

}  // namespace prefopt::inline v0_2
