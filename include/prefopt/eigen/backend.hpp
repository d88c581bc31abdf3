// SPDX-License-Identifier: MIT
#pragma once
// eigen_backend: the CPU backend. It uses its own kernels for matrix products and Eigen for
// element-wise work, both split over the number of OpenMP threads that you set; models
// transformer_backend.
//
// Legend: N rows, C channels, V vocabulary, R head rows, M targets, H heads, D = C / H.
//
// Build all translation units that use it for one instruction set: the alignment of Eigen's types
// depends on it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/eigen/detail/activation.hpp"
#include "prefopt/eigen/detail/attention.hpp"
#include "prefopt/eigen/detail/buffer.hpp"
#include "prefopt/eigen/detail/embedding.hpp"
#include "prefopt/eigen/detail/head.hpp"
#include "prefopt/eigen/detail/layer_norm.hpp"
#include "prefopt/eigen/detail/maps.hpp"
#include "prefopt/eigen/detail/optimizer.hpp"
#include "prefopt/eigen/detail/product_engine.hpp"
#include "prefopt/eigen/detail/workspace.hpp"

namespace prefopt {

/// Options of an eigen_backend.
struct eigen_options {
  int threads = 1;  ///< must be 1 without OpenMP
};

/// The CPU in `Compute`: float, double, or bfloat16, which keeps all numbers in float32 and rounds
/// them to bfloat16 in matrix products. Any number of threads may share it; copies share its
/// workspace. Operations do not check shapes: models validate on entry.
template <class Compute>
class eigen_backend {
 public:
  using value_type = typename detail::product_engine<Compute>::real;
  using activation_type = value_type;
  using matrix = matrix_view<value_type>;
  using const_matrix = matrix_view<const value_type>;
  using numbers = std::span<value_type>;
  using const_numbers = std::span<const value_type>;
  using heads = tensor_view<value_type, 3>;
  using const_heads = tensor_view<const value_type, 3>;
  using indices = std::span<const std::int32_t>;

  /// Throws value_error for fewer than 1 thread, more than 1024, or more than 1 if the program was
  /// built without OpenMP.
  explicit eigen_backend(eigen_options options = {}) : threads_(options.threads) {
    if (threads_ < 1 || threads_ > 1024)
      throw value_error(concat("eigen_backend: threads is ", threads_, ", expected 1 to 1024"));
#ifndef _OPENMP
    if (threads_ > 1)
      throw value_error(concat("eigen_backend: threads is ", threads_,
                               ", expected 1: this program is built without OpenMP"));
#endif
  }

  [[nodiscard]] int threads() const { return threads_; }

  /// Name of the matrix-product kernel, for logs.
  [[nodiscard]] std::string_view instruction_set() const { return engine_.name(); }

  // storage

  template <class T>
  [[nodiscard]] zeroed_buffer<T> allocate(std::size_t count) const {
    return zeroed_buffer<T>(count);
  }
  /// Room for `count` uninitialized numbers, which returns to the backend when its owner releases
  /// it.
  template <class T>
  [[nodiscard]] workspace_buffer<T> scratch(std::size_t count) const {
    return {workspace_, count};
  }
  void copy_from_host(const_numbers from, numbers to) const { std::ranges::copy(from, to.begin()); }
  void copy_to_host(const_numbers from, numbers to) const { std::ranges::copy(from, to.begin()); }
  void copy(const_numbers from, numbers to) const { std::ranges::copy(from, to.begin()); }
  void fill(numbers values, value_type value) const { std::ranges::fill(values, value); }

  // optimizer

  [[nodiscard]] double sum_of_squares(std::span<const const_numbers> tensors) const {
    double sum = 0;
    for (const const_numbers values : tensors) sum += detail::sum_of_squares(threads_, values);
    return sum;
  }
  void adamw(std::span<const adamw_tensor<value_type>> tensors,
             const adamw_coefficients& coefficients) const {
    for (const adamw_tensor<value_type>& t : tensors) {
      adamw_coefficients own = coefficients;
      if (!t.decays) own.decay = 1;
      detail::adamw(threads_, t.value, t.gradient, t.first_moment, t.second_moment, own);
    }
  }

  // embedding

  /// out [N, C] = wte[token] + wpe[position].
  void embedding(indices tokens, indices positions, const_matrix wte, const_matrix wpe,
                 matrix out) const {
    detail::embedding<value_type>(threads_, tokens, positions, wte, wpe, out);
  }
  /// Adds to d_wte and d_wpe.
  void embedding_backward(indices tokens, indices positions, const_matrix d_out, matrix d_wte,
                          matrix d_wpe) const {
    detail::embedding_backward<value_type>(threads_, tokens, positions, d_out, d_wte, d_wpe);
  }

  // normalization

  /// y [N, C] = (x - mean) / sqrt(variance + epsilon) * scale + shift, and the statistics [N].
  void layer_norm(const_matrix x, const_numbers scale, const_numbers shift, double epsilon,
                  matrix y, layer_norm_statistics<value_type> statistics) const {
    detail::layer_norm<value_type>(threads_, x, scale, shift, epsilon, y, statistics);
  }
  /// Adds to d_x, d_scale and d_shift.
  void layer_norm_backward(const_matrix d_y, const_matrix x, const_numbers scale,
                           layer_norm_statistics<const value_type> statistics, matrix d_x,
                           numbers d_scale, numbers d_shift) const {
    detail::layer_norm_backward<value_type>(threads_, d_y, x, scale, statistics, d_x, d_scale,
                                            d_shift);
  }

  // linear layers

  /// y [N, out] = x [N, in] weight [in, out] + bias [out].
  void linear(const_matrix x, const_matrix weight, const_numbers bias, matrix y) const {
    engine_(threads_, assign, y, outer_rows(x), outer_columns(weight),
            each_row([&](const block& b, std::size_t row) {
              as_eigen(b.of(y, row)) += as_eigen(b.of(bias));
            }));
  }
  /// y = residual + x weight + bias.
  void linear_residual(const_matrix x, const_matrix weight, const_numbers bias,
                       const_matrix residual, matrix y) const {
    engine_(threads_, assign, y, outer_rows(x), outer_columns(weight),
            each_row([&](const block& b, std::size_t row) {
              as_eigen(b.of(y, row)) += as_eigen(b.of(bias)) + as_eigen(b.of(residual, row));
            }));
  }
  /// inner = x weight + bias; y = activation(inner), element by element.
  void linear_activate(const_matrix x, const_matrix weight, const_numbers bias,
                       activation_function activation, matrix inner, matrix y) const {
    engine_(threads_, assign, inner, outer_rows(x), outer_columns(weight),
            each_row([&](const block& b, std::size_t row) {
              as_eigen(b.of(inner, row)) += as_eigen(b.of(bias));
              detail::activate<value_type>(activation, b.of(inner, row), b.of(y, row));
            }));
  }
  /// y = activation(inner), element by element.
  void activate(activation_function activation, const_matrix inner, matrix y) const {
    detail::parallel_ranges(
        threads_, inner.extent(0), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
          const block range{begin, end, 0, inner.extent(1)};
          for (std::size_t row = begin; row < end; ++row)
            detail::activate<value_type>(activation, range.of(inner, row), range.of(y, row));
        });
  }
  /// The backward pass of linear: assigns d_x [N, in]; adds to d_weight [in, out] and d_bias [out].
  void linear_backward(const_matrix d_y, const_matrix x, const_matrix weight, matrix d_x,
                       matrix d_weight, numbers d_bias) const {
    engine_(threads_, assign, d_x, outer_rows(d_y), outer_rows(weight));
    weight_backward(d_y, x, d_weight, d_bias);
  }
  /// The same for x = activation(inner): assigns d_inner instead of d_x.
  void activated_linear_backward(const_matrix d_y, const_matrix x, const_matrix weight,
                                 activation_function activation, const_matrix inner, matrix d_inner,
                                 matrix d_weight, numbers d_bias) const {
    engine_(threads_, assign, d_inner, outer_rows(d_y), outer_rows(weight),
            each_row([&](const block& b, std::size_t row) {
              detail::activate_backward<value_type>(activation, b.of(inner, row),
                                                    b.of(d_inner, row));
            }));
    weight_backward(d_y, x, d_weight, d_bias);
  }

  // attention

  /// out [queries, H, D] = softmax(scale * q kᵀ) v over the keys that each row sees, and the
  /// log-sums [queries, H].
  void tree_attention(const attention_rows& rows, const_heads q, const_heads k, const_heads v,
                      double scale, heads out, matrix log_sums) const {
    detail::tree_attention(threads_, engine_, rows, q, k, v, scale, out, log_sums);
  }
  /// Assigns d_q [queries, H, D], d_k and d_v [N, H, D]; rows.first_row must be 0.
  void tree_attention_backward(const attention_rows& rows, const_heads q, const_heads k,
                               const_heads v, double scale, const_heads out, const_matrix log_sums,
                               const_heads d_out, heads d_q, heads d_k, heads d_v) const {
    detail::tree_attention_backward(threads_, engine_, rows, q, k, v, scale, out, log_sums, d_out,
                                    d_q, d_k, d_v);
  }

  // head

  /// out [R, C] = the selected rows of `from` [N, C].
  void gather_rows(const_matrix from, indices rows, matrix out) const {
    detail::gather_rows<value_type>(threads_, from, rows, out);
  }
  /// Adds the rows of `from` [R, C] to the selected rows of out [N, C], all distinct.
  void scatter_add_rows(const_matrix from, indices rows, matrix out) const {
    detail::scatter_add_rows<value_type>(threads_, from, rows, out);
  }
  /// Assigns zeros.
  void clear(matrix values) const { detail::as_eigen(values).setZero(); }
  /// logits [R, V] = hidden [R, C] weightᵀ, weight [V, C].
  void head_logits(const_matrix hidden, const_matrix weight, matrix logits) const {
    engine_(threads_, assign, logits, outer_rows(hidden), outer_rows(weight));
  }
  /// log softmax(hidden weightᵀ) at the targets: log_probs [M] in nats; log_sums [R]. `logits` is
  /// [R, V], for the backward pass, or has no rows: then at most 2^24 of them are held at once. The
  /// bits are the same.
  void head_log_probs(const_matrix hidden, const_matrix weight, const head_targets& targets,
                      matrix logits, numbers log_sums, std::span<double> log_probs) const {
    const std::size_t rows = hidden.extent(0), chunk = head_chunk(weight.extent(0));
    const bool keep = logits.extent(0) != 0;
    auto room = scratch<value_type>(keep ? 0 : std::min(rows, chunk) * weight.extent(0));
    for (std::size_t begin = 0; begin < rows; begin += chunk) {
      const std::size_t end = std::min(rows, begin + chunk);
      const matrix part =
          keep ? logits.rows(begin, end) : matrix{room.data(), {end - begin, weight.extent(0)}};
      head_logits(hidden.rows(begin, end), weight, part);
      detail::head_log_probs<value_type>(threads_, part, begin, targets, log_sums, log_probs);
    }
  }
  /// Overwrites the logits with their gradients; assigns d_hidden [R, C]; adds to d_weight [V, C].
  void head_backward(matrix logits, const_numbers log_sums, const head_targets& targets,
                     std::span<const double> slopes, const_matrix hidden, const_matrix weight,
                     matrix d_hidden, matrix d_weight) const {
    detail::head_logits_backward<value_type>(threads_, logits, log_sums, targets, slopes);
    engine_(threads_, assign, d_hidden, outer_rows(logits), outer_columns(weight));
    engine_(threads_, add, d_weight, outer_columns(logits), outer_columns(hidden));
  }

 private:
  /// Number of head rows whose logits are computed at once.
  [[nodiscard]] static std::size_t head_chunk(std::size_t vocabulary) {
    constexpr std::size_t logits = std::size_t{1} << 24;
    return std::max<std::size_t>(1, logits / vocabulary);
  }

  using block = detail::block_range;
  static constexpr auto assign = detail::update::assign, add = detail::update::add;

  template <class Value>
  static auto as_eigen(std::span<Value> values) {
    return detail::as_eigen(values);
  }
  template <class Value>
  static auto outer_rows(matrix_view<Value> matrix) {
    return detail::outer_rows<value_type>(matrix);
  }
  template <class Value>
  static auto outer_columns(matrix_view<Value> matrix) {
    return detail::outer_columns<value_type>(matrix);
  }

  /// Turns a visitor of one row into a visitor of blocks.
  template <class Visitor>
  static auto each_row(Visitor visit) {
    return [visit](const block& b) {
      for (std::size_t row = b.row_begin; row < b.row_end; ++row) visit(b, row);
    };
  }

  void weight_backward(const_matrix d_y, const_matrix x, matrix d_weight, numbers d_bias) const {
    engine_(threads_, add, d_weight, outer_columns(x), outer_columns(d_y));
    const auto d = detail::as_eigen(d_y);
    auto biases = detail::as_eigen(d_bias);
    detail::parallel_ranges(
        threads_, d_bias.size(), 16, [&](std::size_t begin, std::size_t end, std::size_t) {
          const auto first = detail::eigen_index(begin), count = detail::eigen_index(end - begin);
          biases.segment(first, count) += d.middleCols(first, count).colwise().sum().array();
        });
  }

  int threads_;
  detail::product_engine<Compute> engine_;
  std::shared_ptr<detail::workspace> workspace_ = std::make_shared<detail::workspace>();
};

static_assert(transformer_backend<eigen_backend<float>> &&
              transformer_backend<eigen_backend<double>> &&
              transformer_backend<eigen_backend<bfloat16>>);

}  // namespace prefopt
