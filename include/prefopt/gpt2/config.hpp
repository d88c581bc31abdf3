// SPDX-License-Identifier: MIT
#pragma once
// The sizes of a GPT-2 (Radford et al. 2019), under the names of its Hugging Face config.json.

#include <cstddef>
#include <string_view>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/error.hpp"

namespace prefopt {

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
/// others from 1 to 2^24 (so that no product of theirs can wrap), n_embd divisible by n_head,
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

}  // namespace prefopt
