// SPDX-License-Identifier: MIT
#pragma once
// What the configurations of Llama and its relatives have in common, with the names of Hugging
// Face's keys: RMS norms, rotary positions, grouped queries, a gated feed-forward layer.

#include <cstddef>
#include <string_view>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/nn/rope.hpp"
#include "prefopt/nn/spec.hpp"

namespace prefopt::inline v0_2 {

/// The defaults are Llama's; a family's constructor sets its own.
struct rotary_config {
  std::size_t vocab_size = 32000;
  std::size_t hidden_size = 4096;
  std::size_t intermediate_size = 11008;
  std::size_t num_hidden_layers = 32;
  std::size_t num_attention_heads = 32;
  std::size_t num_key_value_heads = 0;  ///< 0: num_attention_heads
  std::size_t head_dim = 0;             ///< 0: hidden_size / num_attention_heads
  std::size_t max_position_embeddings = 2048;
  double rms_norm_eps = 1e-6;
  activation_function hidden_act = activation_function::silu;
  bool tie_word_embeddings = false;
  rope_parameters rope = {};  ///< rope_theta and rope_scaling, or rope_parameters

  [[nodiscard]] std::size_t kv_heads() const {
    return num_key_value_heads != 0 ? num_key_value_heads : num_attention_heads;
  }
  [[nodiscard]] std::size_t head_size() const {
    return head_dim != 0 ? head_dim : hidden_size / num_attention_heads;
  }

  friend bool operator==(const rotary_config&, const rotary_config&) = default;
};

/// What a layer's positions see.
enum class attention_kind { full_attention, sliding_attention };

namespace detail {

/// Throws value_error, naming the key, unless the sizes make a model.
inline void check_sizes(const rotary_config& config, std::string_view family) {
  const auto size = [&](std::string_view key, std::size_t value,
                        std::size_t limit = std::size_t{1} << 24) {
    if (value < 1 || value > limit)
      throw value_error(concat(family, ": ", key, " is ", value, ", expected 1 to ", limit));
  };
  size("num_hidden_layers", config.num_hidden_layers, 4096);
  size("num_attention_heads", config.num_attention_heads);
  size("hidden_size", config.hidden_size);
  size("intermediate_size", config.intermediate_size);
  size("vocab_size", config.vocab_size);
  size("max_position_embeddings", config.max_position_embeddings);
  size("num_key_value_heads", config.kv_heads());
  if (config.num_attention_heads % config.kv_heads() != 0)
    throw value_error(concat(family, ": num_attention_heads is ", config.num_attention_heads,
                             ", expected a multiple of num_key_value_heads, ", config.kv_heads()));
  if (config.head_dim == 0 && config.hidden_size % config.num_attention_heads != 0)
    throw value_error(concat(family, ": hidden_size is ", config.hidden_size,
                             ", expected a multiple of num_attention_heads, ",
                             config.num_attention_heads, ", or head_dim"));
  size("head_dim", config.head_size());
  if (config.head_size() % 2 != 0)
    throw value_error(concat(family, ": heads of ", config.head_size(),
                             " channels, expected an even number, which rotations need"));
  if (!(config.rms_norm_eps > 0 && config.rms_norm_eps < 1))
    throw value_error(concat(family, ": rms_norm_eps is ", config.rms_norm_eps,
                             ", expected above 0 and below 1"));
}

/// The decoder of a configuration without biases, windows and norms of q and k.
[[nodiscard]] inline decoder_spec describe_rotary(const rotary_config& config,
                                                  std::string_view model_type) {
  check_sizes(config, model_type);
  return {.model_type = model_type,
          .shape = {.layers = std::vector<layer_shape>(config.num_hidden_layers),
                    .channels = config.hidden_size,
                    .heads = config.num_attention_heads,
                    .kv_heads = config.kv_heads(),
                    .head_size = config.head_size(),
                    .inner = config.intermediate_size,
                    .vocabulary = config.vocab_size,
                    .positions = config.max_position_embeddings,
                    .epsilon = config.rms_norm_eps,
                    .norm = norm_kind::rms,
                    .mlp = mlp_kind::gated,
                    .activation = config.hidden_act,
                    .order = weight_order::out_in,
                    .qkv_bias = false,
                    .output_bias = false,
                    .mlp_bias = false,
                    .tied_head = config.tie_word_embeddings,
                    .inverse_frequencies = inverse_frequencies(config.rope, config.head_size())},
          .names = {.trunk = "model.",
                    .token_embedding = "model.embed_tokens",
                    .layer = "model.layers.",
                    .attention_norm = "input_layernorm",
                    .qkv = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"},
                    .query_norm = "self_attn.q_norm",
                    .key_norm = "self_attn.k_norm",
                    .attention_out = "self_attn.o_proj",
                    .mlp_norm = "post_attention_layernorm",
                    .mlp_in = {"mlp.gate_proj", "mlp.up_proj"},
                    .mlp_out = "mlp.down_proj",
                    .final_norm = "model.norm",
                    .head = "lm_head"},
          .rope = config.rope};
}

/// The part of a configuration that describe_rotary reads.
inline void set_from(rotary_config& config, const decoder_spec& spec) {
  const decoder_shape& shape = spec.shape;
  config.vocab_size = shape.vocabulary;
  config.hidden_size = shape.channels;
  config.intermediate_size = shape.inner;
  config.num_hidden_layers = shape.layers.size();
  config.num_attention_heads = shape.heads;
  config.num_key_value_heads = shape.kv_heads;
  config.head_dim = shape.head_size;
  config.max_position_embeddings = shape.positions;
  config.rms_norm_eps = shape.epsilon;
  config.hidden_act = shape.activation;
  config.tie_word_embeddings = shape.tied_head;
  config.rope = spec.rope;
}

/// Sets the window keys of a configuration that has them.
template <class Config>
void set_windows_from(Config& config, const decoder_spec& spec) {
  config.use_sliding_window = false;
  config.layer_types.clear();
  for (const layer_shape& layer : spec.shape.layers) {
    const bool slides = layer.window != 0;
    if (slides) config.sliding_window = layer.window;
    config.use_sliding_window = config.use_sliding_window || slides;
    config.layer_types.push_back(slides ? attention_kind::sliding_attention
                                        : attention_kind::full_attention);
  }
}

/// Gives the layers that `kinds` lists as sliding a window. Throws value_error unless there is a
/// kind for each layer, and a window if one slides.
inline void set_windows(decoder_spec& spec, const std::vector<attention_kind>& kinds,
                        std::size_t window) {
  std::vector<layer_shape>& layers = spec.shape.layers;
  if (kinds.size() != layers.size())
    throw value_error(concat(spec.model_type, ": layer_types has ", kinds.size(),
                             " entries, expected one for each of ", layers.size(), " layers"));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (kinds[i] == attention_kind::full_attention) continue;
    if (window == 0)
      throw value_error(concat(spec.model_type, ": layer_types has sliding_attention for layer ", i,
                               ", and there is no sliding_window"));
    layers[i].window = window;
  }
}

}  // namespace detail

}  // namespace prefopt::inline v0_2
