// SPDX-License-Identifier: MIT
#pragma once
// eigen_backend: the CPU machine. Matrix products by Eigen, work split over a number of OpenMP threads that the user
// sets; models transformer_machine. Legend: N rows, C channels, V vocabulary, R head rows, M targets, H heads, D = C /
// H.
//
// All translation units that use it must be built for one instruction set: Eigen's types change alignment with it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/eigen/activation.hpp"
#include "prefopt/eigen/attention.hpp"
#include "prefopt/eigen/buffer.hpp"
#include "prefopt/eigen/embedding.hpp"
#include "prefopt/eigen/head.hpp"
#include "prefopt/eigen/layer_norm.hpp"
#include "prefopt/eigen/maps.hpp"
#include "prefopt/eigen/optimizer.hpp"
#include "prefopt/eigen/product.hpp"

namespace prefopt {

/// Options of an eigen_backend.
struct eigen_options {
  int threads = 1;  ///< without OpenMP it must stay 1
};

/// The CPU in `Real` (float or double). Holds no state but its options, so any number of threads may share it.
/// Operations trust their callers with shapes: models check at their door.
template <class Real>
class eigen_backend {
 public:
  using value_type = Real;
  using matrix = matrix_view<Real>;
  using const_matrix = matrix_view<const Real>;
  using numbers = std::span<Real>;
  using const_numbers = std::span<const Real>;
  using heads = tensor_view<Real, 3>;
  using const_heads = tensor_view<const Real, 3>;
  using indices = std::span<const std::int32_t>;

  /// Throws value_error for fewer than 1 thread or more than 1024, or more than 1 where the program was built without
  /// OpenMP.
  explicit eigen_backend(eigen_options options = {}) : threads_(options.threads) {
    if (threads_ < 1 || threads_ > 1024)
      throw value_error(join("eigen_backend: threads is ", threads_, ", wanted 1 to 1024"));
#ifndef _OPENMP
    if (threads_ > 1)
      throw value_error(
          join("eigen_backend: threads is ", threads_, ", wanted 1: this program is built without OpenMP"));
#endif
  }

  [[nodiscard]] int threads() const { return threads_; }

  // storage

  template <class T>
  [[nodiscard]] zeroed_buffer<T> allocate(std::size_t count) const {
    return zeroed_buffer<T>(count);
  }
  void copy_from_host(const_numbers from, numbers to) const { std::ranges::copy(from, to.begin()); }
  void copy_to_host(const_numbers from, numbers to) const { std::ranges::copy(from, to.begin()); }
  void copy(const_numbers from, numbers to) const { std::ranges::copy(from, to.begin()); }
  void fill(numbers values, Real value) const { std::ranges::fill(values, value); }

  // optimizer

  [[nodiscard]] double sum_of_squares(const_numbers values) const { return detail::sum_of_squares(threads_, values); }
  void adamw(numbers value, const_numbers gradient, numbers first_moment, numbers second_moment,
             const adamw_coefficients& coefficients) const {
    detail::adamw(threads_, value, gradient, first_moment, second_moment, coefficients);
  }

  // embedding

  /// out [N, C] = wte[token] + wpe[position].
  void embedding(indices tokens, indices positions, const_matrix wte, const_matrix wpe, matrix out) const {
    detail::embedding<Real>(threads_, tokens, positions, wte, wpe, out);
  }
  /// Adds to d_wte and d_wpe.
  void embedding_backward(indices tokens, indices positions, const_matrix d_out, matrix d_wte, matrix d_wpe) const {
    detail::embedding_backward<Real>(threads_, tokens, positions, d_out, d_wte, d_wpe);
  }

  // normalization

  /// y [N, C] = (x - mean) / sqrt(variance + epsilon) * scale + shift, and the statistics [N].
  void layer_norm(const_matrix x, const_numbers scale, const_numbers shift, double epsilon, matrix y,
                  layer_norm_statistics<Real> statistics) const {
    detail::layer_norm<Real>(threads_, x, scale, shift, epsilon, y, statistics);
  }
  /// Adds to d_x, d_scale and d_shift.
  void layer_norm_backward(const_matrix d_y, const_matrix x, const_numbers scale,
                           layer_norm_statistics<const Real> statistics, matrix d_x, numbers d_scale,
                           numbers d_shift) const {
    detail::layer_norm_backward<Real>(threads_, d_y, x, scale, statistics, d_x, d_scale, d_shift);
  }

  // linear layers

  /// y [N, out] = x [N, in] weight [in, out] + bias [out].
  void linear(const_matrix x, const_matrix weight, const_numbers bias, matrix y) const {
    const auto biases = detail::as_eigen(bias);
    detail::parallel_ranges(threads_, y.extent(0), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
      for (std::size_t row = begin; row < end; ++row) detail::as_eigen_row(y, row) = biases;
    });
    multiply<plain, plain>(add, y, x, weight);
  }
  /// y = residual + x weight + bias.
  void linear_residual(const_matrix x, const_matrix weight, const_numbers bias, const_matrix residual, matrix y) const {
    const auto biases = detail::as_eigen(bias);
    detail::parallel_ranges(threads_, y.extent(0), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
      for (std::size_t row = begin; row < end; ++row)
        detail::as_eigen_row(y, row) = detail::as_eigen_row(residual, row) + biases;
    });
    multiply<plain, plain>(add, y, x, weight);
  }
  /// Assigns d_x [N, in]; adds to d_weight [in, out] and d_bias [out].
  void linear_backward(const_matrix d_y, const_matrix x, const_matrix weight, matrix d_x, matrix d_weight,
                       numbers d_bias) const {
    multiply<plain, transposed>(assign, d_x, d_y, weight);
    multiply<transposed, plain>(add, d_weight, x, d_y);
    const auto d = detail::as_eigen(d_y);
    auto biases = detail::as_eigen(d_bias);
    detail::parallel_ranges(threads_, d_bias.size(), 16, [&](std::size_t begin, std::size_t end, std::size_t) {
      const auto first = detail::eigen_index(begin), count = detail::eigen_index(end - begin);
      biases.segment(first, count) += d.middleCols(first, count).colwise().sum().array();
    });
  }

  /// y = activation(x), element by element.
  void activate(activation_function activation, const_matrix x, matrix y) const {
    detail::activate<Real>(threads_, activation, x, y);
  }
  /// Turns d loss / d y into d loss / d x in place.
  void activate_backward(activation_function activation, const_matrix x, matrix d) const {
    detail::activate_backward<Real>(threads_, activation, x, d);
  }

  // attention

  /// out [queries, H, D] = softmax(scale * q kᵀ) v over what each row sees, and the log-sums [queries, H].
  void tree_attention(const attention_rows& rows, const_heads q, const_heads k, const_heads v, double scale, heads out,
                      matrix log_sums) const {
    detail::tree_attention<Real>(threads_, rows, q, k, v, scale, out, log_sums);
  }
  /// Assigns d_q, d_k and d_v [N, H, D]; rows.first_row is 0.
  void tree_attention_backward(const attention_rows& rows, const_heads q, const_heads k, const_heads v, double scale,
                               const_heads out, const_matrix log_sums, const_heads d_out, heads d_q, heads d_k,
                               heads d_v) const {
    detail::tree_attention_backward<Real>(threads_, rows, q, k, v, scale, out, log_sums, d_out, d_q, d_k, d_v);
  }

  // head

  /// out [R, C] = the named rows of `from` [N, C].
  void gather_rows(const_matrix from, indices rows, matrix out) const {
    detail::gather_rows<Real>(threads_, from, rows, out);
  }
  /// out [N, C] = 0, but for the named rows, all distinct: those of `from` [R, C].
  void scatter_rows(const_matrix from, indices rows, matrix out) const {
    detail::scatter_rows<Real>(threads_, from, rows, out);
  }
  /// logits [R, V] = hidden [R, C] weightᵀ, weight [V, C].
  void head_logits(const_matrix hidden, const_matrix weight, matrix logits) const {
    multiply<plain, transposed>(assign, logits, hidden, weight);
  }
  /// log softmax(logits) at the targets: log_probs [M] in nats; log_sums [R].
  void head_log_probs(const_matrix logits, std::span<const head_target> targets, numbers log_sums,
                      std::span<double> log_probs) const {
    detail::head_log_probs<Real>(threads_, logits, targets, log_sums, log_probs);
  }
  /// Overwrites the logits with their gradients; assigns d_hidden [R, C]; adds to d_weight [V, C].
  void head_backward(matrix logits, const_numbers log_sums, std::span<const head_target> targets,
                     std::span<const double> slopes, const_matrix hidden, const_matrix weight, matrix d_hidden,
                     matrix d_weight) const {
    detail::head_logits_backward<Real>(threads_, logits, log_sums, targets, slopes);
    multiply<plain, plain>(assign, d_hidden, logits, weight);
    multiply<transposed, plain>(add, d_weight, logits, hidden);
  }

 private:
  static constexpr auto plain = detail::operand::plain, transposed = detail::operand::transposed;
  static constexpr auto assign = detail::update::assign, add = detail::update::add;

  template <detail::operand A, detail::operand B>
  void multiply(detail::update how, matrix out, const_matrix a, const_matrix b) const {
    detail::multiply<A, B, Real>(threads_, how, out, a, b);
  }

  int threads_;
};

static_assert(transformer_machine<eigen_backend<float>> && transformer_machine<eigen_backend<double>>);

}  // namespace prefopt
