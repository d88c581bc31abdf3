// SPDX-License-Identifier: MIT
#pragma once
// Inputs and outputs of operations on any backend. Outputs that an operation assigns are passed in
// filled with garbage; outputs that it adds to are passed in with a value that is subtracted again.

#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/core/view.hpp"
#include "laws/numbers.hpp"

namespace prefopt::tests {

using arguments = std::vector<numbers>;

/// A double as a value of type T, which may be narrower.
template <class T>
[[nodiscard]] T narrowed(double value) {
  if constexpr (std::is_convertible_v<double, T>)
    return static_cast<T>(value);
  else
    return static_cast<T>(static_cast<float>(value));
}

/// Numbers of type T that live on a backend and are read from the host.
template <class Backend, class T>
class backend_numbers {
 public:
  backend_numbers(const Backend& backend, const numbers& values)
      : backend_(backend),
        size_(values.size()),
        storage_(backend.template allocate<T>(values.size())) {
    std::vector<T> converted;
    for (const double value : values) converted.push_back(narrowed<T>(value));
    backend_.copy_from_host(converted, flat());
  }

  [[nodiscard]] std::span<T> flat() { return {storage_.data(), size_}; }
  [[nodiscard]] matrix_view<T> matrix(std::size_t columns) {
    return {storage_.data(), {size_ / columns, columns}};
  }
  [[nodiscard]] tensor_view<T, 3> heads(std::size_t count, std::size_t channels) {
    return {storage_.data(), {size_ / (count * channels), count, channels}};
  }
  [[nodiscard]] numbers host(double less = 0) {
    std::vector<T> converted(size_);
    backend_.copy_to_host(flat(), converted);
    numbers values;
    for (const T value : converted)
      values.push_back(static_cast<double>(static_cast<wide>(value)) - less);
    return values;
  }

 private:
  using wide = std::conditional_t<std::is_convertible_v<T, double>, T, float>;

  const Backend& backend_;
  std::size_t size_;
  decltype(std::declval<const Backend&>().template allocate<T>(0)) storage_;
};

/// Parameters, their gradients and statistics.
template <class Backend>
using on_backend = backend_numbers<Backend, typename Backend::value_type>;
/// What is passed between layers.
template <class Backend>
using activations = backend_numbers<Backend, typename Backend::activation_type>;

template <class Numbers, class Backend>
[[nodiscard]] Numbers rubbish(const Backend& backend, std::size_t size) {
  return {backend, numbers(size, std::numeric_limits<double>::quiet_NaN())};
}

inline constexpr double there_before = 0.5;
template <class Numbers, class Backend>
[[nodiscard]] Numbers added_to(const Backend& backend, std::size_t size) {
  return {backend, numbers(size, there_before)};
}

}  // namespace prefopt::tests
