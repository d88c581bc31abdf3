// SPDX-License-Identifier: MIT
#pragma once
// eigen_backend: the CPU backend. It uses its own kernels for matrix products and Eigen for
// element-wise work, both split over the number of OpenMP threads that you set; models
// transformer_backend, rms_norm_backend, rotary_backend and gated_backend. This header declares it
// and shows no Eigen; include prefopt/eigen.hpp, which also has its operations, or leaves them to
// the library prefopt::compiled.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "prefopt/backend/gated.hpp"
#include "prefopt/backend/rms_norm.hpp"
#include "prefopt/backend/rotary.hpp"
#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/bfloat16.hpp"
#include "prefopt/eigen/detail/buffer.hpp"
#include "prefopt/eigen/detail/kernel_choice.hpp"
#include "prefopt/eigen/detail/workspace.hpp"

namespace prefopt::inline v0_2 {

namespace detail {
template <class Compute>
class product_engine;
}

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
  using value_type = std::conditional_t<std::is_same_v<Compute, bfloat16>, float, Compute>;
  using activation_type = value_type;
  using matrix = matrix_view<value_type>;
  using const_matrix = matrix_view<const value_type>;
  using numbers = std::span<value_type>;
  using const_numbers = std::span<const value_type>;
  using const_weight = linear_weight<const value_type>;
  using weight_table = weight_matrix<value_type>;
  using heads = tensor_view<value_type, 3>;
  using const_heads = tensor_view<const value_type, 3>;
  using indices = std::span<const std::int32_t>;

  /// Throws value_error for fewer than 1 thread, more than 1024, or more than 1 if the program was
  /// built without OpenMP.
  explicit eigen_backend(eigen_options options = {});

  [[nodiscard]] int threads() const { return threads_; }

  /// Name of the matrix-product kernel, for logs.
  [[nodiscard]] std::string_view instruction_set() const;

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
  void copy_from_host(std::span<const bfloat16> from, std::span<bfloat16> to) const {
    std::ranges::copy(from, to.begin());
  }
  void copy(std::span<const bfloat16> from, std::span<bfloat16> to) const {
    std::ranges::copy(from, to.begin());
  }
  void fill(numbers values, value_type value) const { std::ranges::fill(values, value); }

  // optimizer

  [[nodiscard]] double sum_of_squares(std::span<const const_numbers> tensors) const;
  void adamw(std::span<const adamw_tensor<value_type>> tensors,
             const adamw_coefficients& coefficients) const;

  // The operations, each documented in the header of its family.

  // backend/activations.hpp

  void gather_rows(const_matrix from, indices rows, matrix out) const;
  void scatter_add_rows(const_matrix from, indices rows, matrix out) const;
  void clear(matrix values) const;

  // backend/embedding.hpp

  void embedding(indices tokens, indices positions, weight_table wte, weight_table wpe,
                 matrix out) const;
  void embedding_backward(indices tokens, indices positions, const_matrix d_out, matrix d_wte,
                          matrix d_wpe) const;

  // backend/norm.hpp

  void layer_norm(const_matrix x, const_numbers scale, const_numbers shift, double epsilon,
                  matrix y, layer_norm_statistics<value_type> statistics) const;
  void layer_norm_backward(const_matrix d_y, const_matrix x, const_numbers scale,
                           layer_norm_statistics<const value_type> statistics, matrix d_x,
                           numbers d_scale, numbers d_shift) const;

  // backend/rms_norm.hpp

  void rms_norm(const_heads x, const_numbers scale, double epsilon, heads y,
                matrix inverse_deviations) const;
  void rms_norm_backward(const_heads d_y, const_heads x, const_numbers scale,
                         const_matrix inverse_deviations, heads d_x, numbers d_scale) const;

  // backend/rotary.hpp

  void rotation_table(indices positions, std::span<const double> inverse_frequencies,
                      matrix table) const;
  void rotate(const_matrix table, rotation direction, heads x) const;

  // backend/gated.hpp

  void gate(activation_function activation, const_matrix inner, matrix y) const;
  void gate_backward(activation_function activation, const_matrix d_y, const_matrix inner,
                     matrix d_inner) const;

  // backend/linear.hpp

  void linear(const_matrix x, const_weight weight, const_numbers bias, matrix y) const;
  void linear_residual(const_matrix x, const_weight weight, const_numbers bias,
                       const_matrix residual, matrix y) const;
  void linear_activate(const_matrix x, const_weight weight, const_numbers bias,
                       activation_function activation, matrix inner, matrix y) const;
  void activate(activation_function activation, const_matrix inner, matrix y) const;
  void linear_backward(const_matrix d_y, const_matrix x, const_weight weight, matrix d_x,
                       matrix d_weight, numbers d_bias) const;
  void activated_linear_backward(const_matrix d_y, const_matrix x, const_weight weight,
                                 activation_function activation, const_matrix inner, matrix d_inner,
                                 matrix d_weight, numbers d_bias) const;

  // backend/attention.hpp

  void tree_attention(const attention_rows& rows, const_heads q, const_heads k, const_heads v,
                      double scale, heads out, matrix log_sums) const;
  void tree_attention_backward(const attention_rows& rows, const_heads q, const_heads k,
                               const_heads v, double scale, const_heads out, const_matrix log_sums,
                               const_heads d_out, heads d_q, heads d_k, heads d_v) const;

  // backend/head.hpp

  void head_logits(const_matrix hidden, weight_table weight, matrix logits) const;
  /// Without rows in `logits`, at most 2^24 of them are held at once.
  void head_log_probs(const_matrix hidden, weight_table weight, const head_targets& targets,
                      matrix logits, numbers log_sums, std::span<double> log_probs) const;
  void head_backward(matrix logits, const_numbers log_sums, const head_targets& targets,
                     std::span<const double> slopes, const_matrix hidden, weight_table weight,
                     matrix d_hidden, matrix d_weight) const;

 private:
  [[nodiscard]] detail::product_engine<Compute> engine() const;
  void weight_backward(const_matrix d_y, const_matrix x, weight_order order, matrix d_weight,
                       numbers d_bias) const;

  int threads_;
  detail::product_kernel_choice kernel_;
  std::shared_ptr<detail::workspace> workspace_ = std::make_shared<detail::workspace>();
};

static_assert(transformer_backend<eigen_backend<float>> &&
              transformer_backend<eigen_backend<double>> &&
              transformer_backend<eigen_backend<bfloat16>>);
static_assert(rms_norm_backend<eigen_backend<float>> && rms_norm_backend<eigen_backend<double>> &&
              rms_norm_backend<eigen_backend<bfloat16>>);
static_assert(rotary_backend<eigen_backend<float>> && rotary_backend<eigen_backend<double>> &&
              rotary_backend<eigen_backend<bfloat16>>);
static_assert(gated_backend<eigen_backend<float>> && gated_backend<eigen_backend<double>> &&
              gated_backend<eigen_backend<bfloat16>>);

}  // namespace prefopt::inline v0_2
