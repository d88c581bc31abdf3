// SPDX-License-Identifier: MIT
#pragma once
// Every operation of a transformer_backend as a case with inputs, an output and the backward pass,
// on any backend: the laws then need not know any operation.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/random.hpp"
#include "laws/backend_numbers.hpp"
#include "laws/linear_operations.hpp"
#include "laws/row_operations.hpp"

namespace prefopt::tests {

template <class Backend>
struct layer_norm_operation {
  std::size_t rows = 9, channels = 37;
  static constexpr double epsilon = 1e-5;
  [[nodiscard]] std::vector<std::size_t> input_sizes() const {
    return {rows * channels, channels, channels};
  }
  [[nodiscard]] numbers forward(const Backend& m, const arguments& a) const {
    activations<Backend> x(m, a[0]);
    on_backend<Backend> scale(m, a[1]), shift(m, a[2]);
    auto y = rubbish<activations<Backend>>(m, rows * channels);
    auto mean = rubbish<on_backend<Backend>>(m, rows),
         inverse = rubbish<on_backend<Backend>>(m, rows);
    m.layer_norm(x.matrix(channels), scale.flat(), shift.flat(), epsilon, y.matrix(channels),
                 {mean.flat(), inverse.flat()});
    return y.host();
  }
  [[nodiscard]] arguments backward(const Backend& m, const arguments& a, const numbers& d) const {
    activations<Backend> x(m, a[0]), d_y(m, d);
    on_backend<Backend> scale(m, a[1]), shift(m, a[2]);
    auto y = rubbish<activations<Backend>>(m, rows * channels);
    auto mean = rubbish<on_backend<Backend>>(m, rows),
         inverse = rubbish<on_backend<Backend>>(m, rows);
    m.layer_norm(x.matrix(channels), scale.flat(), shift.flat(), epsilon, y.matrix(channels),
                 {mean.flat(), inverse.flat()});
    auto d_x = added_to<activations<Backend>>(m, a[0].size());
    auto d_scale = added_to<on_backend<Backend>>(m, channels),
         d_shift = added_to<on_backend<Backend>>(m, channels);
    m.layer_norm_backward(d_y.matrix(channels), x.matrix(channels), scale.flat(),
                          {mean.flat(), inverse.flat()}, d_x.matrix(channels), d_scale.flat(),
                          d_shift.flat());
    return {d_x.host(there_before), d_scale.host(there_before), d_shift.host(there_before)};
  }
};

/// Repeated tokens and positions, so that gradients add up.
template <class Backend>
struct embedding_operation {
  std::size_t vocabulary = 7, positions = 5, channels = 33;
  std::vector<std::int32_t> tokens = {3, 0, 3, 6, 3, 1};
  std::vector<std::int32_t> position_ids = {0, 1, 2, 1, 2, 4};
  [[nodiscard]] std::vector<std::size_t> input_sizes() const {
    return {vocabulary * channels, positions * channels};
  }
  [[nodiscard]] numbers forward(const Backend& m, const arguments& a) const {
    on_backend<Backend> wte(m, a[0]), wpe(m, a[1]);
    auto out = rubbish<activations<Backend>>(m, tokens.size() * channels);
    m.embedding(tokens, position_ids, wte.matrix(channels), wpe.matrix(channels),
                out.matrix(channels));
    return out.host();
  }
  [[nodiscard]] arguments backward(const Backend& m, const arguments& a, const numbers& d) const {
    activations<Backend> d_out(m, d);
    auto d_wte = added_to<on_backend<Backend>>(m, a[0].size()),
         d_wpe = added_to<on_backend<Backend>>(m, a[1].size());
    m.embedding_backward(tokens, position_ids, d_out.matrix(channels), d_wte.matrix(channels),
                         d_wpe.matrix(channels));
    return {d_wte.host(there_before), d_wpe.host(there_before)};
  }
};

/// Without positions.
template <class Backend>
struct token_embedding_operation {
  std::size_t vocabulary = 7, channels = 33;
  std::vector<std::int32_t> tokens = {3, 0, 3, 6, 3, 1};
  [[nodiscard]] std::vector<std::size_t> input_sizes() const { return {vocabulary * channels}; }
  [[nodiscard]] numbers forward(const Backend& m, const arguments& a) const {
    on_backend<Backend> wte(m, a[0]);
    auto out = rubbish<activations<Backend>>(m, tokens.size() * channels);
    m.embedding(tokens, {}, wte.matrix(channels), {}, out.matrix(channels));
    return out.host();
  }
  [[nodiscard]] arguments backward(const Backend& m, const arguments& a, const numbers& d) const {
    activations<Backend> d_out(m, d);
    auto d_wte = added_to<on_backend<Backend>>(m, a[0].size());
    m.embedding_backward(tokens, {}, d_out.matrix(channels), d_wte.matrix(channels), {});
    return {d_wte.host(there_before)};
  }
};

/// gather_rows, whose backward is scatter_add_rows.
template <class Backend>
struct rows_operation {
  std::size_t rows = 8, channels = 17;
  std::vector<std::int32_t> named = {1, 4, 7};
  [[nodiscard]] std::vector<std::size_t> input_sizes() const { return {rows * channels}; }
  [[nodiscard]] numbers forward(const Backend& m, const arguments& a) const {
    activations<Backend> from(m, a[0]);
    auto out = rubbish<activations<Backend>>(m, named.size() * channels);
    m.gather_rows(from.matrix(channels), named, out.matrix(channels));
    return out.host();
  }
  [[nodiscard]] arguments backward(const Backend& m, const arguments& a, const numbers& d) const {
    activations<Backend> d_out(m, d);
    auto d_from = added_to<activations<Backend>>(m, a[0].size());
    m.scatter_add_rows(d_out.matrix(channels), named, d_from.matrix(channels));
    return {d_from.host(there_before)};
  }
};

/// A forest with a deep path, a wide fork, a node longer than a tile, and a second root. All rows
/// attend, or only those named.
template <class Backend>
struct attention_operation {
  std::vector<std::int32_t> queries = {};
  std::size_t heads = 3, channels = 5;
  double scale = 0.4;
  std::vector<tree_node> nodes = {{-1, 0, 70, 160},  {0, 70, 74, 90},   {1, 74, 80, 80},
                                  {1, 80, 90, 90},   {0, 90, 160, 160}, {-1, 160, 163, 170},
                                  {5, 163, 170, 170}};
  [[nodiscard]] std::size_t rows() const { return 170; }
  [[nodiscard]] std::size_t looking() const { return queries.empty() ? rows() : queries.size(); }
  [[nodiscard]] std::size_t size(std::size_t count) const { return count * heads * channels; }
  [[nodiscard]] std::vector<std::size_t> input_sizes() const {
    return {size(looking()), size(rows()), size(rows())};
  }
  [[nodiscard]] attention_rows forest() const { return {.nodes = nodes, .queries = queries}; }

  [[nodiscard]] numbers forward(const Backend& m, const arguments& a) const {
    activations<Backend> q(m, a[0]), k(m, a[1]), v(m, a[2]);
    auto out = rubbish<activations<Backend>>(m, size(looking()));
    auto log_sums = rubbish<on_backend<Backend>>(m, looking() * heads);
    m.tree_attention(forest(), q.heads(heads, channels), k.heads(heads, channels),
                     v.heads(heads, channels), scale, out.heads(heads, channels),
                     log_sums.matrix(heads));
    return out.host();
  }
  [[nodiscard]] arguments backward(const Backend& m, const arguments& a, const numbers& d) const {
    activations<Backend> q(m, a[0]), k(m, a[1]), v(m, a[2]), d_out(m, d);
    auto out = rubbish<activations<Backend>>(m, size(looking()));
    auto log_sums = rubbish<on_backend<Backend>>(m, looking() * heads);
    m.tree_attention(forest(), q.heads(heads, channels), k.heads(heads, channels),
                     v.heads(heads, channels), scale, out.heads(heads, channels),
                     log_sums.matrix(heads));
    auto d_q = rubbish<activations<Backend>>(m, size(looking())),
         d_k = rubbish<activations<Backend>>(m, size(rows())),
         d_v = rubbish<activations<Backend>>(m, size(rows()));
    m.tree_attention_backward(
        forest(), q.heads(heads, channels), k.heads(heads, channels), v.heads(heads, channels),
        scale, out.heads(heads, channels), log_sums.matrix(heads), d_out.heads(heads, channels),
        d_q.heads(heads, channels), d_k.heads(heads, channels), d_v.heads(heads, channels));
    return {d_q.host(), d_k.host(), d_v.host()};
  }
};

/// Rows in all places of nodes and tiles, and a node without any.
inline const std::vector<std::int32_t> some_rows = {0,  1,   69,  73,  80,  89,  90,
                                                    91, 153, 154, 155, 159, 161, 169};

/// Logits, log-softmax and gather together: the output is the log-probs. One row has two targets,
/// one has none. An `offset` is added to every logit by one more channel: a softmax does not see
/// it, but rounding may.
template <class Backend>
struct head_operation {
  std::size_t rows = 5, channels = 11, vocabulary = 1300;
  std::vector<head_target> targets = {{0, 3}, {0, 1299}, {1, 0}, {4, 700}, {2, 3}, {2, 3}};
  double offset = 0;
  [[nodiscard]] std::vector<std::size_t> input_sizes() const {
    return {rows * channels, vocabulary * channels};
  }
  [[nodiscard]] numbers forward(const Backend& m, const arguments& a) const {
    activations<Backend> hidden(m, with_channel(a[0], 32));
    on_backend<Backend> weight(m, with_channel(a[1], offset / 32));
    auto log_sums = rubbish<on_backend<Backend>>(m, rows);
    numbers log_probs(targets.size());  // without keeping logits; the backward pass keeps them
    m.head_log_probs(hidden.matrix(width()), weight.matrix(width()), {targets, rows}, {},
                     log_sums.flat(), log_probs);
    return log_probs;
  }
  [[nodiscard]] arguments backward(const Backend& m, const arguments& a, const numbers& d) const {
    activations<Backend> hidden(m, with_channel(a[0], 32));
    on_backend<Backend> weight(m, with_channel(a[1], offset / 32));
    auto logits = rubbish<activations<Backend>>(m, rows * vocabulary);
    auto log_sums = rubbish<on_backend<Backend>>(m, rows);
    numbers log_probs(targets.size());
    const head_targets all(targets, rows);
    m.head_log_probs(hidden.matrix(width()), weight.matrix(width()), all, logits.matrix(vocabulary),
                     log_sums.flat(), log_probs);
    auto d_hidden = rubbish<activations<Backend>>(m, rows * width());
    auto d_weight = added_to<on_backend<Backend>>(m, vocabulary * width());
    m.head_backward(logits.matrix(vocabulary), log_sums.flat(), all, d, hidden.matrix(width()),
                    weight.matrix(width()), d_hidden.matrix(width()), d_weight.matrix(width()));
    return {without_channel(d_hidden.host()), without_channel(d_weight.host(there_before))};
  }

 private:
  [[nodiscard]] std::size_t width() const { return channels + (offset != 0); }
  [[nodiscard]] numbers with_channel(const numbers& values, double last) const {
    if (offset == 0) return values;
    numbers wider;
    for (std::size_t i = 0; i < values.size(); ++i) {
      wider.push_back(values[i]);
      if ((i + 1) % channels == 0) wider.push_back(last);
    }
    return wider;
  }
  [[nodiscard]] numbers without_channel(const numbers& values) const {
    numbers narrower;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (i % width() < channels) narrower.push_back(values[i]);
    return narrower;
  }
};

/// Seeded numbers for an operation, of unit size.
template <class Operation>
[[nodiscard]] arguments random_arguments(const Operation& operation, random_generator& random) {
  arguments all;
  for (const std::size_t size : operation.input_sizes()) {
    all.emplace_back(size);
    for (double& value : all.back()) value = random.normal();
  }
  return all;
}

/// Calls visit(name, operation) for every operation with products, in whole vectors: columns are
/// multiples of 32, as a model's are, and rows are not. A vendor's library supports such products
/// with every finish.
template <class Backend, class Visitor>
void for_each_vector_operation(const Visitor& visit) {
  const operation_sizes sizes = {.rows = 70, .in = 64, .out = 96};
  for (const layer_form& form : layer_forms) {
    visit("linear in vectors" + form.words(), linear_operation<Backend>{sizes, form});
    visit("linear_residual in vectors" + form.words(),
          linear_residual_operation<Backend>{sizes, form});
    visit("feed forward gelu_new in vectors" + form.words(),
          feed_forward_operation<Backend, activation_function::gelu_new>{
              .rows = 70, .in = 64, .inner = 256, .out = 96, .form = form});
  }
  visit("tree_attention, heads of 64",
        attention_operation<Backend>{.heads = 1, .channels = 64, .scale = 0.1});
  visit("tree_attention of some rows, heads of 128",
        attention_operation<Backend>{
            .queries = some_rows, .heads = 1, .channels = 128, .scale = 0.1});
  visit("head in vectors", head_operation<Backend>{.rows = 7, .channels = 32, .vocabulary = 1312});
}

/// Calls visit(name, operation) for every operation of a transformer_backend, and for those of the
/// other families that the backend models.
template <class Backend, class Visitor>
void for_each_operation(const Visitor& visit) {
  for (const layer_form& form : layer_forms) for_each_linear_operation<Backend>({}, form, visit);
  visit("linear, wide", linear_operation<Backend>{{.rows = 3, .in = 40, .out = 90}});
  visit("layer_norm", layer_norm_operation<Backend>{});
  visit("embedding", embedding_operation<Backend>{});
  visit("embedding without positions", token_embedding_operation<Backend>{});
  visit("gather_rows", rows_operation<Backend>{});
  visit("tree_attention", attention_operation<Backend>{});
  visit("tree_attention of some rows", attention_operation<Backend>{some_rows});
  visit("head", head_operation<Backend>{});
  visit("head, logits around -100", head_operation<Backend>{.offset = -100});
  for_each_row_operation<Backend>(visit);
}

/// Calls visit(name, operation) for every operation at every size.
template <class Backend, class Visitor>
void for_each_operation_and_size(const Visitor& visit) {
  for_each_operation<Backend>(visit);
  for_each_vector_operation<Backend>(visit);
}

}  // namespace prefopt::tests
