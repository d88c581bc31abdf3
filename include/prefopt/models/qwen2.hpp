// SPDX-License-Identifier: MIT
#pragma once
// Qwen2 and Qwen2.5 (Yang et al. 2024, arXiv:2407.10671 and arXiv:2412.15115): their configuration,
// with the names of its Hugging Face config.json, and the decoder that it describes.

#include <cstddef>
#include <string_view>
#include <vector>

#include "prefopt/models/rotary_config.hpp"

namespace prefopt::inline v0_2 {

struct qwen2_config : rotary_config {
  bool use_sliding_window = false;  ///< otherwise sliding_window is not used
  std::size_t sliding_window = 4096;
  std::size_t max_window_layers = 28;  ///< layers from here on slide, if layer_types is empty
  std::vector<attention_kind> layer_types = {};

  qwen2_config() {
    vocab_size = 151936;
    intermediate_size = 22016;
    num_key_value_heads = 32;
    max_position_embeddings = 32768;
  }

  friend bool operator==(const qwen2_config&, const qwen2_config&) = default;
};

namespace detail {

/// A configuration's `layer_types`; without them the layers from `max_window_layers` on slide, if
/// windows are used.
[[nodiscard]] inline std::vector<attention_kind> layer_types_of(const qwen2_config& config) {
  if (!config.layer_types.empty()) return config.layer_types;
  std::vector<attention_kind> kinds(config.num_hidden_layers, attention_kind::full_attention);
  if (!config.use_sliding_window || config.sliding_window == 0) return kinds;
  for (std::size_t i = config.max_window_layers; i < kinds.size(); ++i)
    kinds[i] = attention_kind::sliding_attention;
  return kinds;
}

/// The decoder of a configuration with Qwen's windows and without biases.
[[nodiscard]] inline decoder_spec describe_qwen(const qwen2_config& config,
                                                std::string_view model_type) {
  decoder_spec spec = describe_rotary(config, model_type);
  set_windows(spec, layer_types_of(config), config.use_sliding_window ? config.sliding_window : 0);
  return spec;
}

}  // namespace detail

/// The decoder of a configuration. Throws value_error, naming the key, unless it makes a model.
[[nodiscard]] inline decoder_spec describe(const qwen2_config& config) {
  decoder_spec spec = detail::describe_qwen(config, "qwen2");
  spec.shape.qkv_bias = true;  // always, without a key
  return spec;
}

/// The configuration of a decoder: describe(qwen2_config_of(spec)) has its shape.
[[nodiscard]] inline qwen2_config qwen2_config_of(const decoder_spec& spec) {
  qwen2_config config;
  detail::set_from(config, spec);
  detail::set_windows_from(config, spec);
  return config;
}

}  // namespace prefopt::inline v0_2
