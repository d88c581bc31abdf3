// SPDX-License-Identifier: MIT
#pragma once
// Names, shapes and offsets of a decoder's tensors in one flat buffer, so that an optimizer passes
// over memory once. Tensors that one product multiplies by lie next to each other: queries, keys
// and values; gate and up.

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/nn/spec.hpp"
#include "prefopt/policy/frozen_tensors.hpp"

namespace prefopt::inline v0_2 {

/// One tensor of a model and its location in the buffer. Without room there, its size is 0.
struct tensor_location {
  std::string name;
  std::vector<std::size_t> shape;
  std::size_t offset = 0;  ///< first element in the flat buffer
  std::size_t size = 0;
  bool decays = false;
};

/// A part of the buffer. Empty for what a model does not have.
struct buffer_range {
  std::size_t offset = 0;
  std::size_t size = 0;
};

/// Rows and columns in the buffer.
struct matrix_location {
  buffer_range range;
  std::size_t rows = 0, columns = 0;
};

struct norm_location {
  buffer_range scale, shift;
};

struct linear_location {
  matrix_location weight;
  buffer_range bias;
};

struct block_location {
  norm_location attention_norm;
  linear_location qkv;
  norm_location query_norm, key_norm;
  linear_location attention_out;
  norm_location mlp_norm;
  linear_location mlp_in, mlp_out;
};

/// All tensors of a model, or of the gradients of those that train.
class decoder_layout {
 public:
  /// The tensors in `frozen` have no room, unless they share a product with one that trains. Throws
  /// what check(shape) throws.
  explicit decoder_layout(const decoder_spec& spec, frozen_tensors frozen = {})
      : frozen_(std::move(frozen)) {
    const decoder_shape& shape = spec.shape;
    const tensor_names& names = spec.names;
    check(shape);
    token_embedding_ = add_matrix(names.token_embedding, shape.vocabulary, shape.channels);
    if (shape.has_position_table())
      position_embedding_ = add_matrix(names.position_embedding, shape.positions, shape.channels);
    for (std::size_t layer = 0; layer < shape.layers.size(); ++layer)
      add_block(concat(names.layer, layer, '.'), spec);
    final_norm_ = add_norm(names.final_norm, shape.channels, shape.norm);
    head_ = shape.tied_head ? token_embedding_
                            : add_matrix(names.head, shape.vocabulary, shape.channels);
  }

  /// In the order of the buffer; the token embedding is the first.
  [[nodiscard]] const std::vector<tensor_location>& tensors() const { return tensors_; }

  /// Elements of the flat buffer.
  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] const matrix_location& token_embedding() const { return token_embedding_; }
  /// Without rows if positions are rotations.
  [[nodiscard]] const matrix_location& position_embedding() const { return position_embedding_; }
  [[nodiscard]] const block_location& block(std::size_t layer) const { return blocks_[layer]; }
  [[nodiscard]] const norm_location& final_norm() const { return final_norm_; }
  /// The token embedding's if the head is tied.
  [[nodiscard]] const matrix_location& head() const { return head_; }

 private:
  // Products begin on a cache line, so that backends can use aligned loads.
  static constexpr std::size_t alignment = 16;

  /// One of several tensors that follow each other without a gap.
  struct part {
    std::string_view name;
    std::size_t out;
  };

  void add_block(const std::string& block, const decoder_spec& spec) {
    const decoder_shape& shape = spec.shape;
    const tensor_names& names = spec.names;
    const std::size_t q = shape.query_columns(), kv = shape.key_columns(), c = shape.channels;
    const auto name = [&](std::string_view own) { return concat(block, own); };
    block_location made;
    made.attention_norm = add_norm(name(names.attention_norm), c, shape.norm);
    if (names.qkv[1].empty())
      made.qkv =
          add_linear(block, std::array{part{names.qkv[0], q + 2 * kv}}, c, shape.qkv_bias, shape);
    else
      made.qkv = add_linear(
          block, std::array{part{names.qkv[0], q}, part{names.qkv[1], kv}, part{names.qkv[2], kv}},
          c, shape.qkv_bias, shape);
    if (shape.qk_norm) {
      made.query_norm = add_norm(name(names.query_norm), shape.head_size, norm_kind::rms);
      made.key_norm = add_norm(name(names.key_norm), shape.head_size, norm_kind::rms);
    }
    made.attention_out =
        add_linear(block, std::array{part{names.attention_out, c}}, q, shape.output_bias, shape);
    made.mlp_norm = add_norm(name(names.mlp_norm), c, shape.norm);
    if (names.mlp_in[1].empty())
      made.mlp_in = add_linear(block, std::array{part{names.mlp_in[0], shape.mlp_columns()}}, c,
                               shape.mlp_bias, shape);
    else
      made.mlp_in = add_linear(
          block, std::array{part{names.mlp_in[0], shape.inner}, part{names.mlp_in[1], shape.inner}},
          c, shape.mlp_bias, shape);
    made.mlp_out =
        add_linear(block, std::array{part{names.mlp_out, c}}, shape.inner, shape.mlp_bias, shape);
    blocks_.push_back(made);
  }

  /// Whether any of the tensors of a product trains; `kind` is the end of their names.
  [[nodiscard]] bool train(std::string_view block, std::span<const part> parts,
                           std::string_view kind) const {
    return std::ranges::any_of(
        parts, [&](const part& one) { return !frozen_.contains(concat(block, one.name, kind)); });
  }

  /// Places a tensor right behind the one before it, if it has room.
  buffer_range add(std::string name, std::vector<std::size_t> shape, bool decays, bool has_room) {
    std::size_t size = has_room ? 1 : 0;
    for (const std::size_t extent : shape) size *= extent;
    tensors_.push_back({std::move(name), std::move(shape), size_, size, decays});
    size_ += size;
    return {tensors_.back().offset, size};
  }
  buffer_range add(std::string name, std::vector<std::size_t> shape, bool decays) {
    const bool has_room = !frozen_.contains(name);
    return add(std::move(name), std::move(shape), decays, has_room);
  }
  void align() { size_ = (size_ + alignment - 1) / alignment * alignment; }

  matrix_location add_matrix(std::string_view name, std::size_t rows, std::size_t columns) {
    const buffer_range range = add(concat(name, ".weight"), {rows, columns}, true);
    align();
    return matrix_at(range, rows, columns);
  }
  [[nodiscard]] static matrix_location matrix_at(const buffer_range& range, std::size_t rows,
                                                 std::size_t columns) {
    return {range, range.size == 0 ? 0 : rows, columns};
  }
  norm_location add_norm(std::string_view name, std::size_t channels, norm_kind kind) {
    norm_location made;
    made.scale = add(concat(name, ".weight"), {channels}, false);
    align();
    if (kind == norm_kind::layer) {
      made.shift = add(concat(name, ".bias"), {channels}, false);
      align();
    }
    return made;
  }
  /// The weights of all parts, then their biases. Parts of [in, out] weights would lie side by side
  /// in every row, so those are one tensor.
  linear_location add_linear(std::string_view block, std::span<const part> parts, std::size_t in,
                             bool has_bias, const decoder_shape& shape) {
    const bool out_in = shape.order == weight_order::out_in;
    if (!out_in && parts.size() > 1)
      throw value_error("decoder_layout: several tensors for one product are stored as [out, in]");
    linear_location made;
    std::size_t out = 0;
    for (const part& one : parts) out += one.out;
    const bool weights = train(block, parts, ".weight");
    made.weight = matrix_at({size_, weights ? in * out : 0}, out_in ? out : in, out_in ? in : out);
    for (const auto& [name, columns] : parts)
      add(concat(block, name, ".weight"),
          out_in ? std::vector{columns, in} : std::vector{in, columns}, true, weights);
    align();
    if (!has_bias) return made;
    const bool biases = train(block, parts, ".bias");
    made.bias = {size_, biases ? out : 0};
    for (const auto& [name, columns] : parts)
      add(concat(block, name, ".bias"), {columns}, false, biases);
    align();
    return made;
  }

  frozen_tensors frozen_;
  std::vector<tensor_location> tensors_;
  std::vector<block_location> blocks_;
  matrix_location token_embedding_, position_embedding_, head_;
  norm_location final_norm_;
  std::size_t size_ = 0;
};

}  // namespace prefopt::inline v0_2
