// SPDX-License-Identifier: MIT
#pragma once
// decoder_shape: the sizes of a decoder-only transformer and the options of its layers.
// decoder_spec: the full description of a model. Neither is specific to a family: a family's header
// in models/ has its configuration and the function describe(config), which returns the spec.

#include <concepts>
#include <cstddef>
#include <string_view>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

struct decoder_shape {
  std::size_t layers = 0;
  std::size_t channels = 0;  ///< of the residual stream
  std::size_t heads = 0;
  std::size_t head_size = 0;
  std::size_t inner = 0;  ///< channels between the two products of a feed-forward layer
  std::size_t vocabulary = 0;
  std::size_t positions = 0;
  double epsilon = 1e-5;  ///< of the normalizations
  activation_function activation = activation_function::gelu_new;
  bool tied_head = true;  ///< the head is the token embedding

  friend bool operator==(const decoder_shape&, const decoder_shape&) = default;
};

/// Throws value_error, naming the member, unless the sizes make a model: layers from 1 to 4096, the
/// others from 1 to 2^24 (so that no product of them can wrap), heads * head_size equal to
/// channels, epsilon above 0 and below 1.
inline void check(const decoder_shape& shape) {
  const auto size = [](std::string_view name, std::size_t value,
                       std::size_t limit = std::size_t{1} << 24) {
    if (value < 1 || value > limit)
      throw value_error(concat("decoder_shape: ", name, " is ", value, ", expected 1 to ", limit));
  };
  size("layers", shape.layers, 4096);
  size("channels", shape.channels);
  size("heads", shape.heads);
  size("head_size", shape.head_size);
  size("inner", shape.inner);
  size("vocabulary", shape.vocabulary);
  size("positions", shape.positions);
  if (shape.heads * shape.head_size != shape.channels)
    throw value_error(concat("decoder_shape: ", shape.heads, " heads of ", shape.head_size,
                             " channels, expected ", shape.channels, " channels in all"));
  if (!(shape.epsilon > 0 && shape.epsilon < 1))
    throw value_error(
        concat("decoder_shape: epsilon is ", shape.epsilon, ", expected above 0 and below 1"));
}

/// A family's names for its tensors, without `.weight` and `.bias`. In a layer they follow `layer`,
/// the layer's number and a dot.
struct tensor_names {
  std::string_view token_embedding, position_embedding;
  std::string_view layer;
  std::string_view attention_norm, qkv, attention_out, mlp_norm, mlp_in, mlp_out;
  std::string_view final_norm, head;
};

/// The full description of a model.
struct decoder_spec {
  std::string_view model_type;  ///< the family's name in a config.json
  decoder_shape shape;
  tensor_names names;
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
