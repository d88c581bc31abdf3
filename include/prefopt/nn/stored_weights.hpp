// SPDX-License-Identifier: MIT
#pragma once
// The weights of a decoder in a backend's memory: all as the backend's numbers, which can train, or
// the matrices as bfloat16, which only compute.

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/bfloat16.hpp"
#include "prefopt/nn/layout.hpp"
#include "prefopt/nn/weights.hpp"
#include "prefopt/policy/frozen_tensors.hpp"

namespace prefopt::inline v0_2 {

/// How a model stores its matrices. Vectors (biases and norms) are the backend's numbers anyway.
enum class weight_storage {
  native,    ///< the backend's numbers
  bfloat16,  ///< 2 bytes each, rounded to nearest; for models that do not train
};

/// A buffer in a backend's memory, and where each tensor lies in it.
template <transformer_backend Backend, class Value>
struct laid_out_buffer {
  laid_out_buffer(const Backend& backend, decoder_layout made)
      : layout(std::move(made)), values(backend.template allocate<Value>(layout.size())) {}

  [[nodiscard]] std::span<Value> span() { return {values.data(), layout.size()}; }
  [[nodiscard]] std::span<const Value> span() const { return {values.data(), layout.size()}; }

  decoder_layout layout;
  decltype(std::declval<const Backend&>().template allocate<Value>(0)) values;
};

template <transformer_backend Backend>
class stored_weights {
 public:
  using value_type = typename Backend::value_type;

  stored_weights(const Backend& backend, const decoder_spec& spec, weight_storage storage)
      : numbers_(backend, storage == weight_storage::native
                              ? decoder_layout(spec)
                              : decoder_layout(spec, tensors_of_rank(spec, 2))) {
    if (storage == weight_storage::bfloat16)
      rounded_.emplace(backend, decoder_layout(spec, tensors_of_rank(spec, 1)));
  }

  [[nodiscard]] weight_storage storage() const {
    return rounded_ ? weight_storage::bfloat16 : weight_storage::native;
  }

  /// Names and shapes of all tensors; those that are not the backend's numbers have no room there.
  [[nodiscard]] const decoder_layout& layout() const { return numbers_.layout; }

  /// The tensors that are the backend's numbers.
  [[nodiscard]] std::span<value_type> numbers() { return numbers_.span(); }
  [[nodiscard]] std::span<const value_type> numbers() const { return numbers_.span(); }

  /// All tensors, to compute with.
  [[nodiscard]] decoder_weights<const value_type> view(const decoder_shape& shape) const {
    if (rounded_) return {shape, numbers_.layout, numbers(), rounded_->layout, rounded_->span()};
    return {shape, numbers_.layout, numbers()};
  }

  /// Sets the index-th tensor from host memory; the value is rounded as it is stored.
  void assign(const Backend& backend, std::size_t index, std::span<const value_type> values) {
    if (const auto& at = numbers_.layout.tensors()[index]; at.size != 0 || !rounded_) {
      backend.copy_from_host(values, numbers().subspan(at.offset, at.size));
      return;
    }
    std::vector<bfloat16> rounded;
    rounded.reserve(values.size());
    for (const value_type value : values) rounded.emplace_back(static_cast<float>(value));
    const auto& at = rounded_->layout.tensors()[index];
    backend.copy_from_host(std::span<const bfloat16>(rounded),
                           rounded_->span().subspan(at.offset, at.size));
  }

  /// Copies all from weights of the same model that are stored in the same way.
  void copy_from(const Backend& backend, const stored_weights& from) {
    backend.copy(from.numbers(), numbers());
    if (rounded_) backend.copy(from.rounded_->span(), rounded_->span());
  }

 private:
  /// The names of all matrices, or of all vectors.
  [[nodiscard]] static frozen_tensors tensors_of_rank(const decoder_spec& spec, std::size_t rank) {
    frozen_tensors found;
    const decoder_layout layout(spec);
    for (const tensor_location& tensor : layout.tensors())
      if (tensor.shape.size() == rank) found.set(layout.tensors(), tensor.name, false);
    return found;
  }

  laid_out_buffer<Backend, value_type> numbers_;
  std::optional<laid_out_buffer<Backend, bfloat16>> rounded_;
};

}  // namespace prefopt::inline v0_2
