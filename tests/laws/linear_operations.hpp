// SPDX-License-Identifier: MIT
#pragma once
// The operations of a linear_backend as cases for the laws, as transformer_operations.hpp explains,
// in every form of a layer: its weight in either order, with a bias and without one.
//
// Legend: inputs of a case: x [rows, in], a weight and perhaps a bias for each layer, and for
// linear_residual the residual [rows, out].

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/backend/linear.hpp"
#include "laws/backend_numbers.hpp"

namespace prefopt::tests {

/// Sizes that are no multiple of any register or tile.
struct operation_sizes {
  std::size_t rows = 70, in = 13, out = 21;
};

/// How layers are stored.
struct layer_form {
  weight_order order = weight_order::in_out;
  bool biased = true;

  [[nodiscard]] std::string words() const {
    return std::string(order == weight_order::in_out ? ", [in, out]" : ", [out, in]") +
           (biased ? "" : ", no bias");
  }
  /// A layer's weight, of which `values` are the numbers.
  template <class Numbers>
  [[nodiscard]] auto weight(Numbers& values, std::size_t in, std::size_t out) const {
    return linear_weight(values.matrix(order == weight_order::in_out ? out : in), order);
  }
};

inline constexpr layer_form layer_forms[] = {{weight_order::in_out, true},
                                             {weight_order::out_in, true},
                                             {weight_order::in_out, false},
                                             {weight_order::out_in, false}};

/// Where a case has a layer's weight [in, out] among its inputs; a bias follows.
struct layer_slot {
  std::size_t weight, in, out;
};

template <class Backend>
struct linear_operation {
  operation_sizes s;
  layer_form form = {};
  [[nodiscard]] std::vector<std::size_t> input_sizes() const {
    std::vector<std::size_t> sizes = {s.rows * s.in, s.in * s.out};
    if (form.biased) sizes.push_back(s.out);
    return sizes;
  }
  [[nodiscard]] std::vector<layer_slot> layers() const { return {{1, s.in, s.out}}; }
  [[nodiscard]] numbers forward(const Backend& m, const arguments& a) const {
    activations<Backend> x(m, a[0]);
    on_backend<Backend> weight(m, a[1]), bias(m, form.biased ? a[2] : numbers{});
    auto y = rubbish<activations<Backend>>(m, s.rows * s.out);
    m.linear(x.matrix(s.in), form.weight(weight, s.in, s.out), bias.flat(), y.matrix(s.out));
    return y.host();
  }
  [[nodiscard]] arguments backward(const Backend& m, const arguments& a, const numbers& d) const {
    activations<Backend> x(m, a[0]), d_y(m, d);
    on_backend<Backend> weight(m, a[1]);
    auto d_x = rubbish<activations<Backend>>(m, a[0].size());
    auto d_weight = added_to<on_backend<Backend>>(m, a[1].size()),
         d_bias = added_to<on_backend<Backend>>(m, form.biased ? s.out : 0);
    m.linear_backward(d_y.matrix(s.out), x.matrix(s.in), form.weight(weight, s.in, s.out),
                      d_x.matrix(s.in), form.weight(d_weight, s.in, s.out).values, d_bias.flat());
    arguments slopes = {d_x.host(), d_weight.host(there_before)};
    if (form.biased) slopes.push_back(d_bias.host(there_before));
    return slopes;
  }
};

/// The backward of the residual, the last input, is the identity; the rest is linear_backward's.
template <class Backend>
struct linear_residual_operation {
  operation_sizes s;
  layer_form form = {};
  [[nodiscard]] std::vector<std::size_t> input_sizes() const {
    std::vector<std::size_t> sizes = linear_operation<Backend>{s, form}.input_sizes();
    sizes.push_back(s.rows * s.out);
    return sizes;
  }
  [[nodiscard]] std::vector<layer_slot> layers() const { return {{1, s.in, s.out}}; }
  [[nodiscard]] numbers forward(const Backend& m, const arguments& a) const {
    activations<Backend> x(m, a[0]), residual(m, a.back());
    on_backend<Backend> weight(m, a[1]), bias(m, form.biased ? a[2] : numbers{});
    auto y = rubbish<activations<Backend>>(m, s.rows * s.out);
    m.linear_residual(x.matrix(s.in), form.weight(weight, s.in, s.out), bias.flat(),
                      residual.matrix(s.out), y.matrix(s.out));
    return y.host();
  }
  [[nodiscard]] arguments backward(const Backend& m, const arguments& a, const numbers& d) const {
    arguments slopes = linear_operation<Backend>{s, form}.backward(m, a, d);
    slopes.push_back(d);
    return slopes;
  }
};

/// activation(x W + b) V + c: a linear layer whose activation is folded in, and the adjoint of the
/// one that reads it.
template <class Backend, activation_function Activation>
struct feed_forward_operation {
  std::size_t rows = 11, in = 5, inner = 19, out = 7;
  layer_form form = {};
  [[nodiscard]] std::vector<std::size_t> input_sizes() const {
    if (form.biased) return {rows * in, in * inner, inner, inner * out, out};
    return {rows * in, in * inner, inner * out};
  }
  [[nodiscard]] std::vector<layer_slot> layers() const {
    return {{1, in, inner}, {second(), inner, out}};
  }
  [[nodiscard]] numbers forward(const Backend& m, const arguments& a) const {
    const tape kept(*this, m, a);
    on_backend<Backend> weight(m, a[second()]), bias(m, form.biased ? a.back() : numbers{});
    activations<Backend> activated(m, kept.activated);
    auto y = rubbish<activations<Backend>>(m, rows * out);
    m.linear(activated.matrix(inner), form.weight(weight, inner, out), bias.flat(), y.matrix(out));
    return y.host();
  }
  [[nodiscard]] arguments backward(const Backend& m, const arguments& a, const numbers& d) const {
    const tape kept(*this, m, a);
    activations<Backend> x(m, a[0]), before(m, kept.before), d_y(m, d);
    on_backend<Backend> first_weight(m, a[1]), second_weight(m, a[second()]);
    // recomputed from what the forward pass kept
    auto activated = rubbish<activations<Backend>>(m, rows * inner);
    m.activate(Activation, before.matrix(inner), activated.matrix(inner));
    auto d_inner = rubbish<activations<Backend>>(m, rows * inner),
         d_x = rubbish<activations<Backend>>(m, a[0].size());
    auto d_first = added_to<on_backend<Backend>>(m, a[1].size()),
         d_first_bias = added_to<on_backend<Backend>>(m, form.biased ? inner : 0);
    auto d_second = added_to<on_backend<Backend>>(m, a[second()].size()),
         d_second_bias = added_to<on_backend<Backend>>(m, form.biased ? out : 0);
    m.activated_linear_backward(d_y.matrix(out), activated.matrix(inner),
                                form.weight(second_weight, inner, out), Activation,
                                before.matrix(inner), d_inner.matrix(inner),
                                form.weight(d_second, inner, out).values, d_second_bias.flat());
    m.linear_backward(d_inner.matrix(inner), x.matrix(in), form.weight(first_weight, in, inner),
                      d_x.matrix(in), form.weight(d_first, in, inner).values, d_first_bias.flat());
    if (!form.biased) return {d_x.host(), d_first.host(there_before), d_second.host(there_before)};
    return {d_x.host(), d_first.host(there_before), d_first_bias.host(there_before),
            d_second.host(there_before), d_second_bias.host(there_before)};
  }

 private:
  [[nodiscard]] std::size_t second() const { return form.biased ? 3 : 2; }

  struct tape {
    tape(const feed_forward_operation& o, const Backend& m, const arguments& a) {
      activations<Backend> x(m, a[0]);
      on_backend<Backend> weight(m, a[1]), bias(m, o.form.biased ? a[2] : numbers{});
      auto hidden = rubbish<activations<Backend>>(m, o.rows * o.inner),
           y = rubbish<activations<Backend>>(m, o.rows * o.inner);
      m.linear_activate(x.matrix(o.in), o.form.weight(weight, o.in, o.inner), bias.flat(),
                        Activation, hidden.matrix(o.inner), y.matrix(o.inner));
      before = hidden.host();
      activated = y.host();
    }
    numbers before, activated;
  };
};

/// Calls visit(name, operation) for every operation of a linear_backend, in one form and size.
template <class Backend, class Visitor>
void for_each_linear_operation(const operation_sizes& s, const layer_form& form,
                               const Visitor& visit) {
  visit("linear" + form.words(), linear_operation<Backend>{s, form});
  visit("linear_residual" + form.words(), linear_residual_operation<Backend>{s, form});
  visit("feed forward gelu_new" + form.words(),
        feed_forward_operation<Backend, activation_function::gelu_new>{
            .rows = s.rows, .in = s.in, .inner = s.out, .out = s.in, .form = form});
  visit("feed forward gelu" + form.words(),
        feed_forward_operation<Backend, activation_function::gelu>{
            .rows = s.rows, .in = s.in, .inner = s.out, .out = s.in, .form = form});
  visit("feed forward silu" + form.words(),
        feed_forward_operation<Backend, activation_function::silu>{
            .rows = s.rows, .in = s.in, .inner = s.out, .out = s.in, .form = form});
}

}  // namespace prefopt::tests
