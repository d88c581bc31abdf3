// SPDX-License-Identifier: MIT
#pragma once
// Names, shapes and places of a GPT-2's tensors in one flat buffer, so that an optimizer passes
// over memory once. Names are Hugging Face's without the `transformer.` prefix; a Conv1D's weight
// is [in, out].

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/gpt2/config.hpp"

namespace prefopt {

/// One tensor of a model and where it lies.
struct tensor_location {
  std::string name;
  std::vector<std::size_t> shape;
  std::size_t offset = 0;  ///< first element in the flat buffer
  std::size_t size = 0;
  bool decays = false;
};

/// All tensors of a model: 12 a layer and 4 beside them (5 where the head is not tied).
class gpt2_layout {
 public:
  static constexpr std::size_t tensors_per_block = 12;

  /// Throws what check(config) throws.
  explicit gpt2_layout(const gpt2_config& config) {
    check(config);
    const std::size_t c = config.n_embd, inner = config.inner();
    add_matrix("wte.weight", config.vocab_size, c);
    add_matrix("wpe.weight", config.n_positions, c);
    for (std::size_t layer = 0; layer < config.n_layer; ++layer) {
      const std::string block = concat("h.", layer, '.');
      add_layer_norm(block + "ln_1", c);
      add_linear(block + "attn.c_attn", c, 3 * c);
      add_linear(block + "attn.c_proj", c, c);
      add_layer_norm(block + "ln_2", c);
      add_linear(block + "mlp.c_fc", c, inner);
      add_linear(block + "mlp.c_proj", inner, c);
    }
    add_layer_norm("ln_f", c);
    if (!config.tie_word_embeddings) add_matrix("lm_head.weight", config.vocab_size, c);
  }

  [[nodiscard]] const std::vector<tensor_location>& tensors() const { return tensors_; }

  /// Elements of the flat buffer.
  [[nodiscard]] std::size_t size() const { return size_; }

  // Places of the tensors in `tensors()`.
  [[nodiscard]] static std::size_t token_embedding() { return 0; }
  [[nodiscard]] static std::size_t position_embedding() { return 1; }
  [[nodiscard]] static std::size_t block(std::size_t layer) {
    return 2 + layer * tensors_per_block;
  }
  [[nodiscard]] static std::size_t final_norm(const gpt2_config& config) {
    return block(config.n_layer);
  }
  [[nodiscard]] static std::size_t head(const gpt2_config& config) {
    return config.tie_word_embeddings ? token_embedding() : final_norm(config) + 2;
  }

 private:
  // Every tensor begins on a cache line, so that backends may use aligned loads.
  static constexpr std::size_t alignment = 16;

  void add(std::string name, std::vector<std::size_t> shape, bool decays) {
    std::size_t size = 1;
    for (const std::size_t extent : shape) size *= extent;
    tensors_.push_back({std::move(name), std::move(shape), size_, size, decays});
    size_ += (size + alignment - 1) / alignment * alignment;
  }
  void add_matrix(std::string name, std::size_t rows, std::size_t columns) {
    add(std::move(name), {rows, columns}, true);
  }
  void add_layer_norm(const std::string& name, std::size_t channels) {
    add(name + ".weight", {channels}, false);
    add(name + ".bias", {channels}, false);
  }
  void add_linear(const std::string& name, std::size_t in, std::size_t out) {
    add(name + ".weight", {in, out}, true);
    add(name + ".bias", {out}, false);
  }

  std::vector<tensor_location> tensors_;
  std::size_t size_ = 0;
};

}  // namespace prefopt
