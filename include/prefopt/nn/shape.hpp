// SPDX-License-Identifier: MIT
#pragma once
// decoder_shape: the sizes of a decoder-only transformer and the options of its layers. It is not
// specific to a family: it has sizes and choices, and every choice serves several families.
//
// Not described here: norms after attention and after the feed-forward layer with a scale of
// 1 + weight, embeddings scaled by sqrt(C) and logits capped by tanh (Gemma); factors of the
// embedding, the residual stream and the logits (Granite). The norms would be two more locations of
// a block and a norm_kind, the factors numbers beside `epsilon`.

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

/// How the residual stream is normalized before a layer and before the head: by mean and deviation,
/// with a shift, or by the root mean square alone.
enum class norm_kind { layer, rms };

/// The feed-forward layer: activation(x W + b), or activation(x G) * (x U), with the products G and
/// U side by side in one.
enum class mlp_kind { plain, gated };

/// What differs from layer to layer.
struct layer_shape {
  bool rotary = true;      ///< rotates queries and keys, if the model has frequencies
  std::size_t window = 0;  ///< a position sees itself and the window - 1 before it; 0: all

  friend bool operator==(const layer_shape&, const layer_shape&) = default;
};

struct decoder_shape {
  std::vector<layer_shape> layers = {};
  std::size_t channels = 0;   ///< of the residual stream
  std::size_t heads = 0;      ///< of queries
  std::size_t kv_heads = 0;   ///< of keys and values; heads is a multiple
  std::size_t head_size = 0;  ///< channels of a head
  std::size_t inner = 0;      ///< channels before the last product of a feed-forward layer
  std::size_t vocabulary = 0;
  std::size_t positions = 0;  ///< the most that a sequence has
  double epsilon = 1e-5;      ///< of the normalizations
  norm_kind norm = norm_kind::layer;
  mlp_kind mlp = mlp_kind::plain;
  activation_function activation = activation_function::gelu_new;
  weight_order order = weight_order::in_out;  ///< of the linear layers' weights
  bool qkv_bias = true;
  bool output_bias = true;  ///< of the product after attention
  bool mlp_bias = true;
  bool qk_norm = false;   ///< an RMS norm of each head of queries and keys, before the rotation
  bool tied_head = true;  ///< the head is the token embedding
  /// [head_size / 2] radians per position, by which queries and keys are rotated; empty: there is a
  /// table of positions instead
  std::vector<double> inverse_frequencies = {};

  [[nodiscard]] bool has_position_table() const { return inverse_frequencies.empty(); }
  /// Columns of q, and of the attention's output.
  [[nodiscard]] std::size_t query_columns() const { return heads * head_size; }
  /// Columns of k, and of v.
  [[nodiscard]] std::size_t key_columns() const { return kv_heads * head_size; }
  /// Columns of the feed-forward layer's first product.
  [[nodiscard]] std::size_t mlp_columns() const {
    return mlp == mlp_kind::gated ? 2 * inner : inner;
  }

  friend bool operator==(const decoder_shape&, const decoder_shape&) = default;
};

/// Throws value_error, naming the member, unless the sizes make a model: layers from 1 to 4096, the
/// others from 1 to 2^24 (so that no product of them can wrap), heads a multiple of kv_heads,
/// epsilon above 0 and below 1, and as many frequencies as a head has pairs, all finite and
/// positive.
inline void check(const decoder_shape& shape) {
  const auto size = [](std::string_view name, std::size_t value,
                       std::size_t limit = std::size_t{1} << 24) {
    if (value < 1 || value > limit)
      throw value_error(concat("decoder_shape: ", name, " is ", value, ", expected 1 to ", limit));
  };
  size("layers", shape.layers.size(), 4096);
  size("channels", shape.channels);
  size("heads", shape.heads);
  size("kv_heads", shape.kv_heads);
  size("head_size", shape.head_size);
  size("heads * head_size", shape.query_columns());
  size("inner", shape.inner);
  size("vocabulary", shape.vocabulary);
  size("positions", shape.positions);
  if (shape.heads % shape.kv_heads != 0)
    throw value_error(concat("decoder_shape: ", shape.heads, " heads and ", shape.kv_heads,
                             " kv_heads, expected a multiple"));
  if (!(shape.epsilon > 0 && shape.epsilon < 1))
    throw value_error(
        concat("decoder_shape: epsilon is ", shape.epsilon, ", expected above 0 and below 1"));
  const std::vector<double>& frequencies = shape.inverse_frequencies;
  if (!frequencies.empty() && 2 * frequencies.size() != shape.head_size)
    throw value_error(concat("decoder_shape: ", frequencies.size(), " inverse_frequencies for a ",
                             "head_size of ", shape.head_size, ", expected half as many"));
  if (!std::ranges::all_of(frequencies, [](double f) { return f > 0 && f < 1e9; }))
    throw value_error("decoder_shape: inverse_frequencies must be above 0 and below 1e9");
}

}  // namespace prefopt::inline v0_2
