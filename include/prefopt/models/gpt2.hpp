// SPDX-License-Identifier: MIT
#pragma once
// GPT-2 (Radford et al. 2019): its configuration, with the names of its Hugging Face config.json,
// and the decoder that it describes.

#include <cstddef>
#include <string_view>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/nn/causal_lm.hpp"
#include "prefopt/nn/spec.hpp"

namespace prefopt::inline v0_2 {

struct gpt2_config {
  std::size_t n_layer = 12;
  std::size_t n_head = 12;
  std::size_t n_embd = 768;
  std::size_t n_inner = 0;  ///< 0: four times n_embd
  std::size_t vocab_size = 50257;
  std::size_t n_positions = 1024;
  double layer_norm_epsilon = 1e-5;
  activation_function activation = activation_function::gelu_new;
  bool tie_word_embeddings = true;

  [[nodiscard]] std::size_t inner() const { return n_inner != 0 ? n_inner : 4 * n_embd; }
  [[nodiscard]] std::size_t head_size() const { return n_embd / n_head; }

  friend bool operator==(const gpt2_config&, const gpt2_config&) = default;
};

/// Throws value_error, naming the key, unless the sizes make a model: n_layer from 1 to 4096, the
/// others from 1 to 2^24 (so that no product of them can wrap), n_embd divisible by n_head,
/// layer_norm_epsilon above 0 and below 1.
inline void check(const gpt2_config& config) {
  const auto size = [](std::string_view key, std::size_t value,
                       std::size_t limit = std::size_t{1} << 24) {
    if (value < 1 || value > limit)
      throw value_error(concat("gpt2: ", key, " is ", value, ", expected 1 to ", limit));
  };
  size("n_layer", config.n_layer, 4096);
  size("n_head", config.n_head);
  size("n_embd", config.n_embd);
  size("n_inner", config.inner());
  size("vocab_size", config.vocab_size);
  size("n_positions", config.n_positions);
  if (config.n_embd % config.n_head != 0)
    throw value_error(concat("gpt2: n_embd is ", config.n_embd, ", expected a multiple of n_head, ",
                             config.n_head));
  if (!(config.layer_norm_epsilon > 0 && config.layer_norm_epsilon < 1))
    throw value_error(concat("gpt2: layer_norm_epsilon is ", config.layer_norm_epsilon,
                             ", expected above 0 and below 1"));
}

/// The decoder of a configuration. Throws what check(config) throws.
[[nodiscard]] inline decoder_spec describe(const gpt2_config& config) {
  check(config);
  return {.model_type = "gpt2",
          .shape = {.layers = std::vector<layer_shape>(config.n_layer),
                    .channels = config.n_embd,
                    .heads = config.n_head,
                    .kv_heads = config.n_head,
                    .head_size = config.head_size(),
                    .inner = config.inner(),
                    .vocabulary = config.vocab_size,
                    .positions = config.n_positions,
                    .epsilon = config.layer_norm_epsilon,
                    .activation = config.activation,
                    .tied_head = config.tie_word_embeddings},
          .names = {.trunk = "transformer.",
                    .token_embedding = "wte",
                    .position_embedding = "wpe",
                    .layer = "h.",
                    .attention_norm = "ln_1",
                    .qkv = {"attn.c_attn"},
                    .attention_out = "attn.c_proj",
                    .mlp_norm = "ln_2",
                    .mlp_in = {"mlp.c_fc"},
                    .mlp_out = "mlp.c_proj",
                    .final_norm = "ln_f",
                    .head = "lm_head"}};
}

/// The configuration of a decoder: describe(config_of(shape)) has this shape.
[[nodiscard]] inline gpt2_config config_of(const decoder_shape& shape) {
  return {.n_layer = shape.layers.size(),
          .n_head = shape.heads,
          .n_embd = shape.channels,
          .n_inner = shape.inner == 4 * shape.channels ? 0 : shape.inner,
          .vocab_size = shape.vocabulary,
          .n_positions = shape.positions,
          .layer_norm_epsilon = shape.epsilon,
          .activation = shape.activation,
          .tie_word_embeddings = shape.tied_head};
}

/// A GPT-2 with zero weights on a backend, which must outlive it: `auto policy = gpt2(backend,
/// {.n_layer = 6})`. Throws what check(config) throws.
template <transformer_backend Backend>
[[nodiscard]] causal_lm<Backend> gpt2(const Backend& backend, const gpt2_config& config) {
  return causal_lm<Backend>(backend, config);
}

template <transformer_backend Backend>
causal_lm<Backend> gpt2(const Backend&&, const gpt2_config&) = delete;  // would dangle

}  // namespace prefopt::inline v0_2
