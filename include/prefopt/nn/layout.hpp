// SPDX-License-Identifier: MIT
#pragma once
// Names, shapes and offsets of a decoder's tensors in one flat buffer, so that an optimizer passes
// over memory once. A linear layer's weight is [in, out].

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/nn/shape.hpp"

namespace prefopt::inline v0_2 {

/// One tensor of a model and its location in the buffer.
struct tensor_location {
  std::string name;
  std::vector<std::size_t> shape;
  std::size_t offset = 0;  ///< first element in the flat buffer
  std::size_t size = 0;
  bool decays = false;
};

/// All tensors of a model: 12 per layer and 4 others (5 if the head is not tied).
class decoder_layout {
 public:
  static constexpr std::size_t tensors_per_block = 12;

  /// Throws what check(shape) throws.
  explicit decoder_layout(const decoder_spec& spec) {
    const decoder_shape& shape = spec.shape;
    const tensor_names& names = spec.names;
    check(shape);
    const std::size_t c = shape.channels;
    add_matrix(names.token_embedding, shape.vocabulary, c);
    add_matrix(names.position_embedding, shape.positions, c);
    for (std::size_t layer = 0; layer < shape.layers; ++layer) {
      const std::string block = concat(names.layer, layer, '.');
      add_layer_norm(concat(block, names.attention_norm), c);
      add_linear(concat(block, names.qkv), c, 3 * c);
      add_linear(concat(block, names.attention_out), c, c);
      add_layer_norm(concat(block, names.mlp_norm), c);
      add_linear(concat(block, names.mlp_in), c, shape.inner);
      add_linear(concat(block, names.mlp_out), shape.inner, c);
    }
    add_layer_norm(names.final_norm, c);
    if (!shape.tied_head) add_matrix(names.head, shape.vocabulary, c);
  }

  [[nodiscard]] const std::vector<tensor_location>& tensors() const { return tensors_; }

  /// Elements of the flat buffer.
  [[nodiscard]] std::size_t size() const { return size_; }

  // Indices of the tensors in `tensors()`.
  [[nodiscard]] static std::size_t token_embedding() { return 0; }
  [[nodiscard]] static std::size_t position_embedding() { return 1; }
  [[nodiscard]] static std::size_t block(std::size_t layer) {
    return 2 + layer * tensors_per_block;
  }
  [[nodiscard]] static std::size_t final_norm(const decoder_shape& shape) {
    return block(shape.layers);
  }
  [[nodiscard]] static std::size_t head(const decoder_shape& shape) {
    return shape.tied_head ? token_embedding() : final_norm(shape) + 2;
  }

 private:
  // Every tensor begins on a cache line, so that backends can use aligned loads.
  static constexpr std::size_t alignment = 16;

  void add(std::string name, std::vector<std::size_t> shape, bool decays) {
    std::size_t size = 1;
    for (const std::size_t extent : shape) size *= extent;
    tensors_.push_back({std::move(name), std::move(shape), size_, size, decays});
    size_ += (size + alignment - 1) / alignment * alignment;
  }
  void add_matrix(std::string_view name, std::size_t rows, std::size_t columns) {
    add(concat(name, ".weight"), {rows, columns}, true);
  }
  void add_layer_norm(std::string_view name, std::size_t channels) {
    add(concat(name, ".weight"), {channels}, false);
    add(concat(name, ".bias"), {channels}, false);
  }
  void add_linear(std::string_view name, std::size_t in, std::size_t out) {
    add(concat(name, ".weight"), {in, out}, true);
    add(concat(name, ".bias"), {out}, false);
  }

  std::vector<tensor_location> tensors_;
  std::size_t size_ = 0;
};

}  // namespace prefopt::inline v0_2
