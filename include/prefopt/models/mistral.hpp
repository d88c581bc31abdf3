// SPDX-License-Identifier: MIT
#pragma once
// Mistral (Jiang et al. 2023, arXiv:2310.06825): its configuration, with the names of its Hugging
// Face config.json, and the decoder that it describes.

#include <cstddef>

#include "prefopt/models/rotary_config.hpp"

namespace prefopt::inline v0_2 {

struct mistral_config : rotary_config {
  std::size_t sliding_window = 4096;  ///< of every layer; 0: none, which a file says as null

  mistral_config() {
    intermediate_size = 14336;
    num_key_value_heads = 8;
    max_position_embeddings = 131072;
  }

  friend bool operator==(const mistral_config&, const mistral_config&) = default;
};

/// The decoder of a configuration. Throws value_error, naming the key, unless it makes a model.
[[nodiscard]] inline decoder_spec describe(const mistral_config& config) {
  decoder_spec spec = detail::describe_rotary(config, "mistral");
  for (layer_shape& layer : spec.shape.layers) layer.window = config.sliding_window;
  return spec;
}

/// The configuration of a decoder: describe(mistral_config_of(spec)) has its shape.
[[nodiscard]] inline mistral_config mistral_config_of(const decoder_spec& spec) {
  mistral_config config;
  detail::set_from(config, spec);
  config.sliding_window = spec.shape.layers.front().window;
  return config;
}

}  // namespace prefopt::inline v0_2
