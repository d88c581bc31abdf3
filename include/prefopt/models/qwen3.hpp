// SPDX-License-Identifier: MIT
#pragma once
// Qwen3 (Yang et al. 2025, arXiv:2505.09388): its configuration, with the names of its Hugging Face
// config.json, and the decoder that it describes. It is a Qwen2 with norms of queries and keys, and
// with biases only if a key says so.

#include "prefopt/models/qwen2.hpp"

namespace prefopt::inline v0_2 {

struct qwen3_config : qwen2_config {
  bool attention_bias = false;  ///< of q, k, v and of the product after attention

  qwen3_config() { head_dim = 128; }

  friend bool operator==(const qwen3_config&, const qwen3_config&) = default;
};

/// The decoder of a configuration. Throws value_error, naming the key, unless it makes a model.
[[nodiscard]] inline decoder_spec describe(const qwen3_config& config) {
  decoder_spec spec = detail::describe_qwen(config, "qwen3");
  spec.shape.qk_norm = true;
  spec.shape.qkv_bias = spec.shape.output_bias = config.attention_bias;
  return spec;
}

/// The configuration of a decoder: describe(qwen3_config_of(spec)) has its shape.
[[nodiscard]] inline qwen3_config qwen3_config_of(const decoder_spec& spec) {
  qwen3_config config;
  detail::set_from(config, spec);
  detail::set_windows_from(config, spec);
  config.attention_bias = spec.shape.qkv_bias;
  return config;
}

}  // namespace prefopt::inline v0_2
