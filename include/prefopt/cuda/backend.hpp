// SPDX-License-Identifier: MIT
#pragma once
// cuda_backend: an NVIDIA GPU as a backend; models transformer_backend, rms_norm_backend,
// rotary_backend and gated_backend. A host compiler can include this header: it declares the class;
// the definitions are in a translation unit for nvcc (prefopt/cuda.cuh) or in the library
// prefopt::cuda.
// The headers in backend/ document the operations.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "prefopt/backend/gated.hpp"
#include "prefopt/backend/rms_norm.hpp"
#include "prefopt/backend/rotary.hpp"
#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/bfloat16.hpp"
#include "prefopt/cuda/detail/device_block.hpp"

namespace prefopt::inline v0_2 {

class cuda_device;

namespace detail {
class attention_plans;
template <class Device>
class rounded_weights;
}  // namespace detail

/// Options of a cuda_backend.
struct cuda_options {
  int device = 0;  ///< CUDA's device number
  /// float only: products on tensor cores, with operands rounded to 10 bits of fraction
  bool tf32 = false;
  /// float32 logits held at once, at least one row: 4 bytes each
  std::size_t head_logits = std::size_t{1} << 26;
};

/// How a product was computed that the vendor's library could not do as requested.
enum class product_way {
  plain_and_kernel,  ///< the library's plain product, and a kernel for the finish
  own_kernel,        ///< a plain kernel, which may take tens of times as long
};

/// Products of one shape that the vendor's library could not do alone.
struct product_fallback {
  std::string product;  ///< described for logs
  product_way way;
  std::size_t calls;
};

/// A GPU with activations of type `Activation`: float or bfloat16. Parameters, gradients, moments,
/// statistics and sums are float32. It has one stream: later calls run later, and only calls that
/// return numbers to the host wait. Copies share device, stream and memory; only one thread at a
/// time may use them. Operations do not check shapes. `Device` runs the kernels; tests put a host
/// program there.
template <class Activation, class Device = cuda_device>
class cuda_backend {
  static_assert(std::is_same_v<Activation, float> || std::is_same_v<Activation, bfloat16>);

 public:
  using value_type = float;
  using activation_type = Activation;
  using matrix = matrix_view<activation_type>;
  using const_matrix = matrix_view<const activation_type>;
  using weights = matrix_view<const float>;
  using weight_table = weight_matrix<float>;
  using const_weight = linear_weight<const float>;
  using gradients = matrix_view<float>;
  using numbers = std::span<float>;
  using const_numbers = std::span<const float>;
  using heads = tensor_view<activation_type, 3>;
  using const_heads = tensor_view<const activation_type, 3>;
  using indices = std::span<const std::int32_t>;

  /// Throws no_device_error if there is no device of compute capability 8.0 or newer, device_error
  /// if the requested one cannot be used, value_error for an option that does not apply to
  /// `Activation`.
  explicit cuda_backend(cuda_options options = {});
  explicit cuda_backend(int device) : cuda_backend(cuda_options{.device = device}) {}
  /// Uses an open device; options that concern the device are ignored.
  explicit cuda_backend(std::shared_ptr<Device> device, cuda_options options = {});

  /// Name of the chip and of what multiplies matrices, for logs.
  [[nodiscard]] std::string instruction_set() const;

  /// Products since the device was opened that the vendor's library could not do as requested.
  /// There should be none if the model's extents are multiples of 8.
  [[nodiscard]] std::vector<product_fallback> product_fallbacks() const;

  /// Default number of tokens in a micro-batch: 4,096 per 16 GiB of device memory, at least 4,096
  /// and at most 32,768. A GPT-2 124M needs about 0.35 MB per token.
  [[nodiscard]] std::size_t preferred_tokens() const;

  // storage

  template <class T>
  [[nodiscard]] device_buffer<T> allocate(std::size_t count) const {
    return {lasting(count, sizeof(T)), count};
  }
  template <class T>
  [[nodiscard]] device_buffer<T> scratch(std::size_t count) const {
    return {pooled(count, sizeof(T)), count};
  }
  void copy_from_host(const_numbers from, numbers to) const;
  void copy_to_host(const_numbers from, numbers to) const;
  void copy(const_numbers from, numbers to) const;
  void fill(numbers values, float value) const;
  void copy_from_host(std::span<const bfloat16> from, std::span<bfloat16> to) const;
  void copy_to_host(std::span<const bfloat16> from, std::span<bfloat16> to) const;
  void copy(std::span<const bfloat16> from, std::span<bfloat16> to) const;
  void clear(matrix values) const;

  // optimizer

  [[nodiscard]] double sum_of_squares(std::span<const const_numbers> tensors) const;
  void adamw(std::span<const adamw_tensor<float>> tensors,
             const adamw_coefficients& coefficients) const;

  // The operations of a transformer, documented in backend/.

  void embedding(indices tokens, indices positions, weight_table wte, weight_table wpe,
                 matrix out) const;
  void embedding_backward(indices tokens, indices positions, const_matrix d_out, gradients d_wte,
                          gradients d_wpe) const;
  void layer_norm(const_matrix x, const_numbers scale, const_numbers shift, double epsilon,
                  matrix y, layer_norm_statistics<float> statistics) const;
  void layer_norm_backward(const_matrix d_y, const_matrix x, const_numbers scale,
                           layer_norm_statistics<const float> statistics, matrix d_x,
                           numbers d_scale, numbers d_shift) const;
  void rms_norm(const_heads x, const_numbers scale, double epsilon, heads y,
                gradients inverse_deviations) const;
  void rms_norm_backward(const_heads d_y, const_heads x, const_numbers scale,
                         weights inverse_deviations, heads d_x, numbers d_scale) const;
  void rotation_table(indices positions, std::span<const double> inverse_frequencies,
                      gradients table) const;
  void rotate(weights table, rotation direction, heads x) const;
  void gate(activation_function activation, const_matrix inner, matrix y) const;
  void gate_backward(activation_function activation, const_matrix d_y, const_matrix inner,
                     matrix d_inner) const;
  void linear(const_matrix x, const_weight weight, const_numbers bias, matrix y) const;
  void linear_residual(const_matrix x, const_weight weight, const_numbers bias,
                       const_matrix residual, matrix y) const;
  void linear_backward(const_matrix d_y, const_matrix x, const_weight weight, matrix d_x,
                       gradients d_weight, numbers d_bias) const;
  void activate(activation_function activation, const_matrix inner, matrix y) const;
  void linear_activate(const_matrix x, const_weight weight, const_numbers bias,
                       activation_function activation, matrix inner, matrix y) const;
  void activated_linear_backward(const_matrix d_y, const_matrix x, const_weight weight,
                                 activation_function activation, const_matrix inner, matrix d_inner,
                                 gradients d_weight, numbers d_bias) const;
  /// Throws shape_error for heads of more than 256 channels, and if the number of query heads is
  /// not a multiple of that of key-value heads; so does the backward pass.
  void tree_attention(const attention_rows& rows, const_heads q, const_heads k, const_heads v,
                      double scale, heads out, gradients log_sums) const;
  void tree_attention_backward(const attention_rows& rows, const_heads q, const_heads k,
                               const_heads v, double scale, const_heads out, weights log_sums,
                               const_heads d_out, heads d_q, heads d_k, heads d_v) const;
  void gather_rows(const_matrix from, indices rows, matrix out) const;
  void scatter_add_rows(const_matrix from, indices rows, matrix out) const;
  void head_logits(const_matrix hidden, weight_table weight, gradients logits) const;
  /// Log-probs come from float32 logits, of which at most head_logits (the option) are held at
  /// once. If `logits` are kept, they are kept as `Activation`: float unchanged, bfloat16 minus
  /// each row's maximum; `log_sums` are those of the kept logits.
  void head_log_probs(const_matrix hidden, weight_table weight, const head_targets& targets,
                      matrix logits, numbers log_sums, std::span<double> log_probs) const;
  void head_backward(matrix logits, const_numbers log_sums, const head_targets& targets,
                     std::span<const double> slopes, const_matrix hidden, weight_table weight,
                     matrix d_hidden, gradients d_weight) const;

 private:
  [[nodiscard]] detail::device_block lasting(std::size_t count, std::size_t size) const;
  [[nodiscard]] detail::device_block pooled(std::size_t count, std::size_t size) const;

  std::size_t head_logits_;
  std::shared_ptr<Device> device_;
  std::shared_ptr<detail::attention_plans> plans_;
  std::shared_ptr<detail::rounded_weights<Device>> rounded_;
};

}  // namespace prefopt::inline v0_2
