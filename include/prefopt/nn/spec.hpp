// SPDX-License-Identifier: MIT
#pragma once
// decoder_spec: the full description of a model. It is not specific to a family: a family's header
// in models/ has its configuration and the function describe(config), which returns the spec.

#include <array>
#include <concepts>
#include <string_view>

#include "prefopt/nn/rope.hpp"
#include "prefopt/nn/shape.hpp"

namespace prefopt::inline v0_2 {

/// A family's names for its tensors, without `.weight` and `.bias`. In a layer they follow `layer`,
/// the layer's number and a dot. What one product computes may be stored in several tensors, one
/// after the other: queries, keys and values; gate and up. An array without a second name is one
/// tensor.
struct tensor_names {
  std::string_view trunk = {};  ///< what transformers puts before the names of all but the heads
  std::string_view token_embedding = {}, position_embedding = {};
  std::string_view layer = {};
  std::string_view attention_norm = {};
  std::array<std::string_view, 3> qkv = {};
  std::string_view query_norm = {}, key_norm = {};
  std::string_view attention_out = {}, mlp_norm = {};
  std::array<std::string_view, 2> mlp_in = {};
  std::string_view mlp_out = {}, final_norm = {}, head = {};
};

/// The full description of a model.
struct decoder_spec {
  std::string_view model_type;  ///< the family's name in a config.json
  decoder_shape shape;
  tensor_names names;
  rope_parameters rope = {};  ///< what the shape's frequencies were made from, if it has any
};

/// A family's configuration. Needs: describe(config), which returns a decoder_spec and throws
/// value_error for a configuration that does not make a model.
template <class Config>
concept decoder_config = requires(const Config& config) {
  { describe(config) } -> std::same_as<decoder_spec>;
};

/// A spec describes itself.
[[nodiscard]] inline decoder_spec describe(const decoder_spec& spec) { return spec; }

}  // namespace prefopt::inline v0_2
