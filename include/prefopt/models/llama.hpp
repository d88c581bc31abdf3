// SPDX-License-Identifier: MIT
#pragma once
// Llama (Touvron et al. 2023, arXiv:2302.13971; Llama 2, 3, 3.1 and 3.2; TinyLlama, SmolLM and
// SmolLM2 have the same form): its configuration, with the names of its Hugging Face config.json,
// and the decoder that it describes.

#include "prefopt/models/rotary_config.hpp"

namespace prefopt::inline v0_2 {

struct llama_config : rotary_config {
  bool attention_bias = false;  ///< of q, k, v and of the product after attention
  bool mlp_bias = false;

  friend bool operator==(const llama_config&, const llama_config&) = default;
};

/// The decoder of a configuration. Throws value_error, naming the key, unless it makes a model.
[[nodiscard]] inline decoder_spec describe(const llama_config& config) {
  decoder_spec spec = detail::describe_rotary(config, "llama");
  spec.shape.qkv_bias = spec.shape.output_bias = config.attention_bias;
  spec.shape.mlp_bias = config.mlp_bias;
  return spec;
}

/// The configuration of a decoder: describe(llama_config_of(spec)) has its shape.
[[nodiscard]] inline llama_config llama_config_of(const decoder_spec& spec) {
  llama_config config;
  detail::set_from(config, spec);
  config.attention_bias = spec.shape.qkv_bias;
  config.mlp_bias = spec.shape.mlp_bias;
  return config;
}

}  // namespace prefopt::inline v0_2
