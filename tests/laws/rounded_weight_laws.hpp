// SPDX-License-Identifier: MIT
#pragma once
// The law of weights that are stored as bfloat16: every operation that reads one gives the bits
// that it gives for the same numbers stored as the backend's.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/backend/head.hpp"
#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/random.hpp"
#include "laws/backend_numbers.hpp"
#include "laws/linear_laws.hpp"

namespace prefopt::tests {

/// Normal numbers that bfloat16 has.
[[nodiscard]] inline numbers bfloat16_numbers(random_generator& random, std::size_t size) {
  numbers values(size);
  for (double& value : values)
    value = static_cast<float>(bfloat16(static_cast<float>(random.normal())));
  return values;
}

/// What the operations of a linear layer return for a weight.
template <class Backend, class Weight>
[[nodiscard]] arguments linear_results(const Backend& m, const operation_sizes& s,
                                       const Weight& weight) {
  random_generator random(6);
  activations<Backend> x(m, bfloat16_numbers(random, s.rows * s.in)),
      d(m, bfloat16_numbers(random, s.rows * s.out)),
      inner_x(m, bfloat16_numbers(random, s.rows * s.in));
  on_backend<Backend> bias(m, bfloat16_numbers(random, s.out));
  auto y = rubbish<activations<Backend>>(m, s.rows * s.out),
       residual = rubbish<activations<Backend>>(m, s.rows * s.out),
       inner = rubbish<activations<Backend>>(m, s.rows * s.out),
       active = rubbish<activations<Backend>>(m, s.rows * s.out),
       d_x = rubbish<activations<Backend>>(m, s.rows * s.in),
       d_inner = rubbish<activations<Backend>>(m, s.rows * s.in);
  m.linear(x.matrix(s.in), weight, bias.flat(), y.matrix(s.out));
  m.linear_residual(x.matrix(s.in), weight, bias.flat(), d.matrix(s.out), residual.matrix(s.out));
  m.linear_activate(x.matrix(s.in), weight, bias.flat(), activation_function::gelu_new,
                    inner.matrix(s.out), active.matrix(s.out));
  m.linear_backward(d.matrix(s.out), x.matrix(s.in), weight, d_x.matrix(s.in), {}, {});
  m.activated_linear_backward(d.matrix(s.out), x.matrix(s.in), weight,
                              activation_function::gelu_new, inner_x.matrix(s.in),
                              d_inner.matrix(s.in), {}, {});
  return {y.host(), residual.host(), inner.host(), active.host(), d_x.host(), d_inner.host()};
}

template <class Backend>
void rounded_linear_weights_have_the_bits_of_their_numbers(
    const Backend& m, const std::vector<operation_sizes>& sizes) {
  for (const operation_sizes& s : sizes)
    for (const weight_order order : {weight_order::in_out, weight_order::out_in}) {
      random_generator random(5);
      const numbers values = bfloat16_numbers(random, s.in * s.out);
      on_backend<Backend> native(m, values);
      backend_numbers<Backend, bfloat16> rounded(m, values);
      const std::size_t columns = order == weight_order::in_out ? s.out : s.in;
      using weight = linear_weight<const typename Backend::value_type>;
      BOOST_TEST((linear_results(m, s, weight(native.matrix(columns), order)) ==
                  linear_results(m, s, weight(rounded.matrix(columns), order))),
                 s.rows << " rows, " << s.in << " to " << s.out);
    }
}

template <class Backend>
void rounded_tables_have_the_bits_of_their_numbers(const Backend& m) {
  constexpr std::size_t rows = 5, channels = 33, vocabulary = 300;
  random_generator random(7);
  const numbers values = bfloat16_numbers(random, vocabulary * channels);
  on_backend<Backend> native(m, values);
  backend_numbers<Backend, bfloat16> rounded(m, values);
  activations<Backend> hidden(m, bfloat16_numbers(random, rows * channels));
  const std::vector<std::int32_t> tokens = {3, 0, 299, 3}, positions = {7, 1, 1, 0};
  const head_targets targets({{0, 3}, {4, 299}, {2, 0}}, rows);
  const numbers slopes = {1, -0.5, 2};
  const auto results = [&](const weight_matrix<typename Backend::value_type>& table) {
    auto both = rubbish<activations<Backend>>(m, tokens.size() * channels),
         one = rubbish<activations<Backend>>(m, tokens.size() * channels),
         logits = rubbish<activations<Backend>>(m, rows * vocabulary),
         d_hidden = rubbish<activations<Backend>>(m, rows * channels);
    auto log_sums = rubbish<on_backend<Backend>>(m, rows);
    numbers log_probs(targets.size());
    m.embedding(tokens, positions, table, table, both.matrix(channels));
    m.embedding(tokens, {}, table, {}, one.matrix(channels));
    m.head_log_probs(hidden.matrix(channels), table, targets, logits.matrix(vocabulary),
                     log_sums.flat(), log_probs);
    m.head_backward(logits.matrix(vocabulary), log_sums.flat(), targets, slopes,
                    hidden.matrix(channels), table, d_hidden.matrix(channels), {});
    return arguments{both.host(), one.host(), log_probs, log_sums.host(), d_hidden.host()};
  };
  BOOST_TEST((results(native.matrix(channels)) == results(rounded.matrix(channels))));
}

}  // namespace prefopt::tests
