// SPDX-License-Identifier: MIT
#pragma once
// The operations that treat each row by itself, as cases (see transformer_operations.hpp). Their
// first input has a part for each row, and `alone(row)` is the operation for one of the rows.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "prefopt/backend/gated.hpp"
#include "prefopt/backend/rms_norm.hpp"
#include "prefopt/backend/rotary.hpp"
#include "prefopt/core/view.hpp"
#include "laws/backend_numbers.hpp"
#include "laws/numbers.hpp"

namespace prefopt::tests {

/// Heads in the middle of the rows of a matrix [N, 3 H D], as those of k in q|k|v.
struct middle_heads {
  std::size_t rows, heads, channels;
  [[nodiscard]] std::size_t part() const { return heads * channels; }
  [[nodiscard]] std::size_t size() const { return rows * 3 * part(); }
  template <class T>
  [[nodiscard]] tensor_view<T, 3> of(std::span<T> matrix) const {
    return {matrix.data() + part(), {rows, heads, channels}, {3 * part(), channels, 1}};
  }
};

template <class Backend>
struct rms_norm_operation {
  middle_heads in = {9, 3, 13};
  static constexpr double epsilon = 0.05;
  [[nodiscard]] rms_norm_operation alone(std::size_t) const { return {{1, in.heads, in.channels}}; }
  [[nodiscard]] std::size_t rows() const { return in.rows; }
  [[nodiscard]] std::vector<std::size_t> input_sizes() const { return {in.size(), in.channels}; }
  [[nodiscard]] numbers forward(const Backend& m, const arguments& a) const {
    activations<Backend> x(m, a[0]);
    on_backend<Backend> scale(m, a[1]);
    auto y = rubbish<activations<Backend>>(m, in.rows * in.part());
    auto inverse = rubbish<on_backend<Backend>>(m, in.rows * in.heads);
    m.rms_norm(in.of(x.flat()), scale.flat(), epsilon, y.heads(in.heads, in.channels),
               inverse.matrix(in.heads));
    return y.host();
  }
  [[nodiscard]] arguments backward(const Backend& m, const arguments& a, const numbers& d) const {
    activations<Backend> x(m, a[0]), d_y(m, d);
    on_backend<Backend> scale(m, a[1]);
    auto y = rubbish<activations<Backend>>(m, in.rows * in.part());
    auto inverse = rubbish<on_backend<Backend>>(m, in.rows * in.heads);
    m.rms_norm(in.of(x.flat()), scale.flat(), epsilon, y.heads(in.heads, in.channels),
               inverse.matrix(in.heads));
    auto d_x = added_to<activations<Backend>>(m, a[0].size());
    auto d_scale = added_to<on_backend<Backend>>(m, in.channels);
    m.rms_norm_backward(d_y.heads(in.heads, in.channels), in.of(x.flat()), scale.flat(),
                        inverse.matrix(in.heads), in.of(d_x.flat()), d_scale.flat());
    return {d_x.host(there_before), d_scale.host(there_before)};
  }
};

/// 10000^(-2 i / D), as in Su et al. 2021.
[[nodiscard]] inline std::vector<double> inverse_frequencies(std::size_t channels) {
  std::vector<double> all;
  for (std::size_t i = 0; i < channels / 2; ++i)
    all.push_back(std::pow(10000, -2 * static_cast<double>(i) / static_cast<double>(channels)));
  return all;
}

template <class Backend>
[[nodiscard]] on_backend<Backend> rotation_table_of(const Backend& m,
                                                    const std::vector<std::int32_t>& positions,
                                                    std::size_t channels) {
  auto table = rubbish<on_backend<Backend>>(m, positions.size() * channels);
  m.rotation_table(positions, inverse_frequencies(channels), table.matrix(channels));
  return table;
}

/// The other columns of the matrix stay as they are.
template <class Backend>
struct rotate_operation {
  std::size_t channels = 12, heads = 3;
  std::vector<std::int32_t> positions = {0, 1, 2, 2, 7, 4095, 3};
  [[nodiscard]] rotate_operation alone(std::size_t row) const {
    return {channels, heads, {positions[row]}};
  }
  [[nodiscard]] std::size_t rows() const { return positions.size(); }
  [[nodiscard]] std::vector<std::size_t> input_sizes() const { return {in().size()}; }
  [[nodiscard]] numbers forward(const Backend& m, const arguments& a) const {
    return rotated(m, rotation::forward, a[0]);
  }
  [[nodiscard]] arguments backward(const Backend& m, const arguments&, const numbers& d) const {
    return {rotated(m, rotation::inverse, d)};
  }
  [[nodiscard]] numbers rotated(const Backend& m, rotation direction, const numbers& values) const {
    activations<Backend> x(m, values);
    auto table = rotation_table_of(m, positions, channels);
    m.rotate(table.matrix(channels), direction, in().of(x.flat()));
    return x.host();
  }

 private:
  [[nodiscard]] middle_heads in() const { return {positions.size(), heads, channels}; }
};

template <class Backend, activation_function Activation>
struct gate_operation {
  std::size_t count = 7, inner = 77;
  [[nodiscard]] gate_operation alone(std::size_t) const { return {1, inner}; }
  [[nodiscard]] std::size_t rows() const { return count; }
  [[nodiscard]] std::vector<std::size_t> input_sizes() const { return {count * 2 * inner}; }
  [[nodiscard]] numbers forward(const Backend& m, const arguments& a) const {
    activations<Backend> gate_up(m, a[0]);
    auto y = rubbish<activations<Backend>>(m, count * inner);
    m.gate(Activation, gate_up.matrix(2 * inner), y.matrix(inner));
    return y.host();
  }
  [[nodiscard]] arguments backward(const Backend& m, const arguments& a, const numbers& d) const {
    activations<Backend> gate_up(m, a[0]), d_y(m, d);
    auto d_inner = rubbish<activations<Backend>>(m, count * 2 * inner);
    m.gate_backward(Activation, d_y.matrix(inner), gate_up.matrix(2 * inner),
                    d_inner.matrix(2 * inner));
    return {d_inner.host()};
  }
};

/// Calls visit(name, operation) for every operation on rows that the backend has.
template <class Backend, class Visitor>
void for_each_row_operation(const Visitor& visit) {
  if constexpr (rms_norm_backend<Backend>) {
    visit("rms_norm", rms_norm_operation<Backend>{});
    visit("rms_norm of rows", rms_norm_operation<Backend>{{9, 1, 37}});
    visit("rms_norm, heads of 64", rms_norm_operation<Backend>{{5, 2, 64}});
  }
  if constexpr (rotary_backend<Backend>) {
    visit("rotate", rotate_operation<Backend>{});
    visit("rotate, heads of 64", rotate_operation<Backend>{.channels = 64});
    visit("rotate, heads of 80", rotate_operation<Backend>{.channels = 80});
  }
  if constexpr (gated_backend<Backend>) {
    visit("gate silu", gate_operation<Backend, activation_function::silu>{});
    visit("gate silu in vectors",
          gate_operation<Backend, activation_function::silu>{.count = 5, .inner = 128});
    visit("gate gelu_new", gate_operation<Backend, activation_function::gelu_new>{});
    visit("gate gelu", gate_operation<Backend, activation_function::gelu>{});
  }
}

}  // namespace prefopt::tests
