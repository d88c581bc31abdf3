// SPDX-License-Identifier: MIT
#pragma once
// scalar_lm: a decoder's trunk with a scalar head: hidden rows times one vector. It is Hugging
// Face's GPT2ForSequenceClassification with one label; as there, the head has no bias. A reward
// model reads it at the end of a response, a critic before each token.
//
// Legend: R distinct rows read, C channels.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/batch_rows.hpp"
#include "prefopt/data/check_batch.hpp"
#include "prefopt/nn/causal_lm.hpp"
#include "prefopt/policy/frozen_tensors.hpp"
#include "prefopt/policy/parameter.hpp"
#include "prefopt/policy/scalar_model.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// A batch with different rows to read, and the index of each requested row among them.
struct rows_read {
  rows_read(const prefix_tree_batch& whole, std::span<const std::int32_t> rows) : batch(whole) {
    check_rows_read(batch, rows);
    batch.rows.assign(rows.begin(), rows.end());
    std::ranges::sort(batch.rows);
    const auto repeated = std::ranges::unique(batch.rows);
    batch.rows.erase(repeated.begin(), repeated.end());
    for (const std::int32_t row : rows)
      slots.push_back(
          static_cast<std::size_t>(std::ranges::lower_bound(batch.rows, row) - batch.rows.begin()));
  }

  // its `rows` are the R distinct ones; its targets are ignored
  prefix_tree_batch batch;
  std::vector<std::size_t> slots;  // one per requested row
};

}  // namespace detail

template <transformer_backend Backend>
class scalar_lm_pass;

/// A trunk and a scalar head on a backend, which must outlive it. A trainable_scalar_model.
template <transformer_backend Backend>
class scalar_lm {
 public:
  using backend_type = Backend;
  using value_type = typename Backend::value_type;
  using pass = scalar_lm_pass<Backend>;

  /// All weights are zeros, for the caller to fill. Throws value_error for sizes that do not make a
  /// model.
  template <decoder_config Config>
  scalar_lm(const Backend& backend, const Config& config)
      : trunk_(backend, without_head(describe(config))),
        head_(backend.template allocate<value_type>(trunk_.shape().channels)),
        head_gradient_(backend.template allocate<value_type>(trunk_.shape().channels)) {}

  template <decoder_config Config>
  scalar_lm(const Backend&&, const Config&) = delete;  // would dangle

  /// Copies a policy's trunk and adds a head of zeros: every path has value 0 until training
  /// changes the head. Throws value_error if its matrices are stored as bfloat16.
  explicit scalar_lm(const causal_lm<Backend>& policy)
      : scalar_lm(policy.backend(), policy.spec()) {
    if (policy.storage() != weight_storage::native)
      throw value_error("scalar_lm: the policy's matrices are stored as bfloat16");
    const auto from = policy.parameters();
    const auto to = trunk_.tensors();  // without an untied head, which comes last
    for (std::size_t i = 0; i < to.size(); ++i) backend().copy(from[i].value, to[i].value);
  }

  [[nodiscard]] const decoder_spec& spec() const { return trunk_.spec(); }
  [[nodiscard]] const decoder_shape& shape() const { return trunk_.shape(); }
  [[nodiscard]] const Backend& backend() const { return trunk_.backend(); }

  /// The trunk's tensors and "score.weight" [1, C].
  [[nodiscard]] const std::vector<parameter<value_type>> parameters() {
    return with_score<value_type>(trunk_.parameters(), head_, head_gradient_);
  }
  [[nodiscard]] const std::vector<parameter<const value_type>> parameters() const {
    return with_score<const value_type>(trunk_.parameters(), head_, head_gradient_);
  }
  /// The same to fill, without the trunk's gradients: a model that does not train needs none.
  [[nodiscard]] const std::vector<parameter<value_type>> tensors() {
    return with_score<value_type>(trunk_.tensors(), head_, head_gradient_);
  }

  /// Sets whether training changes the tensor `name`; by default it does. Call it before you create
  /// a trainer. Throws value_error for an unknown name.
  void set_trainable(std::string_view name, bool trainable) {
    if (name == score)
      head_trains_ = trainable;
    else
      trunk_.set_trainable(name, trainable);
  }

  /// What passes keep for their backward; see pass_memory. Call it between passes.
  void set_pass_memory(const pass_memory& memory) { trunk_.set_pass_memory(memory); }

  /// A model with the same weights on the same backend and the same tensors trainable.
  [[nodiscard]] scalar_lm clone() const {
    scalar_lm copy(trunk_.clone(), head_trains_);
    backend().copy(std::span<const value_type>(head_.data(), head_.size()),
                   {copy.head_.data(), copy.head_.size()});
    return copy;
  }

  /// One number per row, [rows]. Throws value_error for an unknown token, position or row.
  [[nodiscard]] std::vector<double> values(const prefix_tree_batch& batch,
                                           std::span<const std::int32_t> rows) const {
    check_entry(batch);
    const detail::rows_read read(batch, rows);
    if (rows.empty()) return {};
    trunk_tape<Backend> tape(backend(), shape(), batch.tokens.size(), read.batch.rows.size(),
                             kept_layers::none);
    return scores(trunk_.trunk().forward(read.batch, tape), read);
  }

  /// The same numbers with what their backward pass needs. Throws as `values` does, and if there
  /// are no rows.
  [[nodiscard]] pass forward(const prefix_tree_batch& batch, std::span<const std::int32_t> rows) {
    check_entry(batch);
    if (rows.empty()) throw value_error("scalar_lm: no rows to read");
    return pass(*this, batch, rows);
  }

 private:
  friend pass;
  using activation_type = typename Backend::activation_type;
  static constexpr std::string_view score = "score.weight";

  scalar_lm(causal_lm<Backend>&& trunk, bool head_trains)
      : trunk_(std::move(trunk)),
        head_(backend().template allocate<value_type>(shape().channels)),
        head_gradient_(backend().template allocate<value_type>(shape().channels)),
        head_trains_(head_trains) {}

  template <class Value, class Buffer>
  [[nodiscard]] std::vector<parameter<Value>> with_score(std::vector<parameter<Value>> all,
                                                         Buffer& head, Buffer& gradient) const {
    all.push_back({.name = std::string(score),
                   .shape = {1, shape().channels},
                   .value = {head.data(), head.size()},
                   .gradient = {gradient.data(), gradient.size()},
                   .trainable = head_trains_,
                   .decays = true});
    return all;
  }
  [[nodiscard]] static decoder_spec without_head(decoder_spec spec) {
    spec.shape.tied_head = true;
    return spec;
  }
  void check_entry(const prefix_tree_batch& batch) const {
    check(batch, {.vocabulary_size = shape().vocabulary, .positions = shape().positions});
  }

  [[nodiscard]] std::vector<double> scores(matrix_view<const activation_type> hidden,
                                           const detail::rows_read& read) const {
    const std::size_t rows = read.batch.rows.size();
    auto products = backend().template scratch<value_type>(rows);
    backend().head_logits(hidden,
                          matrix_view<const value_type>{head_.data(), {1, shape().channels}},
                          matrix_view<value_type>{products.data(), {rows, 1}});
    std::vector<value_type> of_rows(rows);
    backend().copy_to_host(std::span<const value_type>(products.data(), rows), std::span(of_rows));
    std::vector<double> all;
    for (const std::size_t slot : read.slots) all.push_back(static_cast<double>(of_rows[slot]));
    return all;
  }

  causal_lm<Backend> trunk_;
  decltype(std::declval<const Backend&>().template allocate<value_type>(0)) head_;
  decltype(std::declval<const Backend&>().template allocate<value_type>(0)) head_gradient_;
  bool head_trains_ = true;
};

/// A forward pass of a scalar model.
template <transformer_backend Backend>
class scalar_lm_pass {
 public:
  using value_type = typename Backend::value_type;

  scalar_lm_pass(scalar_lm<Backend>& model, const prefix_tree_batch& batch,
                 std::span<const std::int32_t> rows)
      : model_(&model),
        read_(batch, rows),
        tape_(model.backend(), model.shape(), batch.tokens.size(), read_.batch.rows.size(),
              model.trunk_.memory_of_passes().gradient_checkpointing ? kept_layers::streams
                                                                     : kept_layers::all),
        values_(model.scores(model.trunk_.trunk().forward(read_.batch, tape_), read_)) {}

  scalar_lm_pass(scalar_lm_pass&&) noexcept = default;
  scalar_lm_pass& operator=(scalar_lm_pass&&) noexcept = default;

  [[nodiscard]] std::span<const double> values() const { return values_; }

  /// Adds the gradient of sum_i slopes[i] * values[i] to the model's gradients. Throws shape_error
  /// unless there is a slope for each value, value_error on the second call.
  void backward(std::span<const double> slopes) {
    if (slopes.size() != values_.size())
      throw shape_error(
          concat("scalar_lm_pass: ", slopes.size(), " slopes for ", values_.size(), " values"));
    if (spent_) throw value_error("scalar_lm_pass: backward was called before on this pass");
    spent_ = true;
    const Backend& backend = model_->backend();
    const std::size_t rows = read_.batch.rows.size(), channels = model_->shape().channels;
    using activation_type = typename Backend::activation_type;
    using real = std::conditional_t<std::same_as<activation_type, double>, double, float>;
    std::vector<real> sums(rows);  // a row may have been read more than once
    for (std::size_t i = 0; i < slopes.size(); ++i)
      sums[read_.slots[i]] += static_cast<real>(slopes[i]);
    const std::vector<activation_type> host(sums.begin(), sums.end());
    auto d_values = backend.template scratch<activation_type>(rows);
    backend.copy_from_host(std::span<const activation_type>(host),
                           std::span<activation_type>(d_values.data(), rows));
    backend_matrix<Backend> d_hidden(backend, rows, channels);
    backend.linear_backward(
        matrix_view<const activation_type>{d_values.data(), {rows, 1}},
        tape_.final_norm.normalized.view(),
        matrix_view<const value_type>{model_->head_.data(), {channels, 1}}, d_hidden.view(),
        matrix_view<value_type>{model_->head_gradient_.data(), {channels, 1}}, {});  // no bias
    model_->trunk_.trunk().backward(read_.batch, tape_, d_hidden.view(),
                                    model_->trunk_.gradients());
  }

 private:
  scalar_lm<Backend>* model_;
  detail::rows_read read_;
  trunk_tape<Backend> tape_;
  std::vector<double> values_;
  bool spent_ = false;
};

}  // namespace prefopt::inline v0_2
