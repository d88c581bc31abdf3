// SPDX-License-Identifier: MIT
#pragma once
// causal_lm: a decoder with a language-model head as a trainable policy, written once for all
// backends.
//
// Legend: N stored tokens, M targets, R head rows, C channels, V vocabulary.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/check_batch.hpp"
#include "prefopt/nn/spec.hpp"
#include "prefopt/nn/square_sums.hpp"
#include "prefopt/nn/stored_weights.hpp"
#include "prefopt/nn/trunk.hpp"
#include "prefopt/policy/frozen_tensors.hpp"
#include "prefopt/policy/parameter.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// The batch's targets, with rows as indices among the head's rows.
[[nodiscard]] inline head_targets targets_of(const prefix_tree_batch& batch) {
  std::vector<head_target> targets;  // [M]
  targets.reserve(batch.targets.size());
  for (const tree_target& target : batch.targets) {
    const auto slot = std::ranges::lower_bound(batch.rows, target.row) - batch.rows.begin();
    targets.push_back({static_cast<std::int32_t>(slot), target.token});
  }
  return {std::move(targets), batch.rows.size()};
}

}  // namespace detail

/// What a pass keeps for its backward, which makes the rest again, in more time.
struct pass_memory {
  /// Blocks are made again from the residual stream before them; the gradients have the same bits.
  /// TRL's gradient_checkpointing.
  bool gradient_checkpointing = false;
  /// Logits [R, V] are kept if they need at most this many bytes, and otherwise made again in
  /// pieces of as many rows, whose gradients of the weight add up in another order.
  std::size_t logits_bytes = std::size_t{128} << 20;
};

template <transformer_backend Backend>
class causal_lm_pass;

/// A causal language model on a backend, built from a family's configuration: `causal_lm
/// policy{backend, gpt2_config{}}`. The backend must outlive it. The weights start as zeros; fill
/// them with `load_model` or `initialize`.
template <transformer_backend Backend>
class causal_lm {
 public:
  using backend_type = Backend;
  using value_type = typename Backend::value_type;
  using pass = causal_lm_pass<Backend>;

  /// Matrices that are stored as bfloat16 do not train. Throws value_error for sizes that do not
  /// make a model.
  template <decoder_config Config>
  causal_lm(const Backend& backend, const Config& config,
            weight_storage storage = weight_storage::native)
      : backend_(&backend), spec_(describe(config)), weights_(backend, spec_, storage) {
    for (const tensor_location& tensor : layout().tensors())
      if (tensor.size == 0) frozen_.set(layout().tensors(), tensor.name, false);
  }

  template <decoder_config Config>
  causal_lm(const Backend&&, const Config&, weight_storage = {}) = delete;  // would dangle

  [[nodiscard]] const decoder_spec& spec() const { return spec_; }
  [[nodiscard]] const decoder_shape& shape() const { return spec_.shape; }
  [[nodiscard]] const Backend& backend() const { return *backend_; }

  [[nodiscard]] weight_storage storage() const { return weights_.storage(); }

  /// All tensors in the layout's order, under the names in the spec. The first call allocates the
  /// gradients, of the tensors that train; the others' are empty. So are the values of matrices
  /// that are stored as bfloat16.
  [[nodiscard]] const std::vector<parameter<value_type>> parameters() {
    return list<value_type>(weights(), gradients());
  }
  /// The same to read; allocates nothing.
  [[nodiscard]] const std::vector<parameter<const value_type>> parameters() const {
    return list<const value_type>({spec_.shape, layout(), weights_.numbers()}, {});
  }
  /// The same to fill, without gradients: a model that does not train needs none.
  [[nodiscard]] const std::vector<parameter<value_type>> tensors() {
    return list<value_type>(weights(), {});
  }

  /// Sets whether training changes the tensor `name`; by default it does. Call it before you create
  /// a trainer: a change drops the gradients. Throws value_error for an unknown name, and for a
  /// matrix that is stored as bfloat16 and should train.
  void set_trainable(std::string_view name, bool trainable) {
    for (const tensor_location& tensor : layout().tensors())
      if (tensor.name == name && tensor.size == 0 && trainable)
        throw value_error(concat("set_trainable: ", name, " is stored as bfloat16"));
    const bool was_trainable = !frozen_.contains(name);
    frozen_.set(layout().tensors(), name, trainable);
    if (was_trainable != trainable) gradients_.reset();
  }

  /// Sets the index-th tensor from host memory, rounded if it is stored so. Throws value_error for
  /// an index that the model does not have, shape_error for another number of values.
  void assign(std::size_t index, std::span<const value_type> values) {
    if (index >= layout().tensors().size())
      throw value_error(concat("causal_lm: tensor ", index, " of ", layout().tensors().size()));
    const tensor_location& tensor = layout().tensors()[index];
    std::size_t size = 1;
    for (const std::size_t extent : tensor.shape) size *= extent;
    if (values.size() != size)
      throw shape_error(
          concat("causal_lm: ", values.size(), " values for ", tensor.name, ", expected ", size));
    weights_.assign(*backend_, index, values);
  }

  /// A model with the same weights on the same backend and the same tensors trainable.
  [[nodiscard]] causal_lm clone() const {
    causal_lm copy(*backend_, spec_, storage());
    copy.frozen_ = frozen_;
    copy.pass_memory_ = pass_memory_;
    copy.weights_.copy_from(*backend_, weights_);
    return copy;
  }

  /// A copy whose matrices are rounded to bfloat16, in half the memory: for a frozen reference.
  [[nodiscard]] causal_lm rounded_clone() const {
    if (storage() == weight_storage::bfloat16) return clone();
    causal_lm copy(*backend_, spec_, weight_storage::bfloat16);
    copy.pass_memory_ = pass_memory_;
    const auto all = parameters();
    std::vector<value_type> host;
    for (std::size_t i = 0; i < all.size(); ++i) {
      host.resize(all[i].value.size());
      backend_->copy_to_host(all[i].value, std::span(host));
      copy.assign(i, host);
    }
    return copy;
  }

  /// What passes keep for their backward; see pass_memory. Call it between passes.
  void set_pass_memory(const pass_memory& memory) { pass_memory_ = memory; }
  [[nodiscard]] const pass_memory& memory_of_passes() const { return pass_memory_; }

  /// log p of the batch's targets, [M], nats. Memory: one layer's activations and as many logits as
  /// the backend holds at once. Throws value_error for a token or position that the model does not
  /// have.
  [[nodiscard]] std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    check(batch, {.vocabulary_size = spec_.shape.vocabulary, .positions = spec_.shape.positions});
    trunk_tape<Backend> tape(*backend_, spec_.shape, batch.tokens.size(), batch.rows.size(),
                             kept_layers::none);
    const auto hidden = trunk().forward(batch, tape);
    backend_matrix<Backend, value_type> log_sums(*backend_, 1, batch.rows.size());
    std::vector<double> log_probs(batch.targets.size());
    backend_->head_log_probs(hidden, values().head(), detail::targets_of(batch), {},
                             log_sums.row(0), log_probs);
    return log_probs;
  }

  /// log sum_v p(v)^2 at each target, [M]. Memory and errors as for token_log_probs; one
  /// exponential per logit on the host.
  [[nodiscard]] std::vector<double> token_square_sums(const prefix_tree_batch& batch) const {
    check(batch, {.vocabulary_size = spec_.shape.vocabulary, .positions = spec_.shape.positions});
    trunk_tape<Backend> tape(*backend_, spec_.shape, batch.tokens.size(), batch.rows.size(),
                             kept_layers::none);
    return square_sums_of(trunk().forward(batch, tape), batch);
  }

  /// The same numbers as token_log_probs, with what their backward pass needs. Throws as
  /// token_log_probs does.
  [[nodiscard]] pass forward(const prefix_tree_batch& batch) {
    check(batch, {.vocabulary_size = spec_.shape.vocabulary, .positions = spec_.shape.positions});
    return pass(*this, batch);
  }

  [[nodiscard]] decoder_trunk<Backend> trunk() const { return {*backend_, spec_.shape, values()}; }
  [[nodiscard]] decoder_weights<const value_type> values() const {
    return weights_.view(spec_.shape);
  }
  /// Those of the tensors that train; the others have no room. The first call allocates them.
  [[nodiscard]] decoder_weights<value_type> gradients() {
    if (!gradients_) gradients_.emplace(*backend_, decoder_layout(spec_, frozen_));
    return {spec_.shape, gradients_->layout, gradients_->span()};
  }

 private:
  friend pass;

  /// The same from hidden rows [R, C].
  [[nodiscard]] std::vector<double> square_sums_of(
      matrix_view<const typename Backend::activation_type> hidden,
      const prefix_tree_batch& batch) const {
    const std::size_t rows = batch.rows.size(), most = 64;
    backend_matrix<Backend, value_type> logits(*backend_, std::min(rows, most),
                                               spec_.shape.vocabulary);
    std::vector<double> sums;  // [R]
    for (std::size_t begin = 0; begin < rows; begin += most) {
      const std::size_t count = std::min(most, rows - begin);
      backend_->head_logits(hidden.rows(begin, begin + count), values().head(),
                            logits.view().rows(0, count));
      detail::add_square_sums(*backend_, logits, count, sums);
    }
    return detail::at_targets(detail::targets_of(batch), sums);
  }

  [[nodiscard]] decoder_weights<value_type> weights() {
    return {spec_.shape, layout(), weights_.numbers()};
  }

  [[nodiscard]] const decoder_layout& layout() const { return weights_.layout(); }

  template <class Value>
  [[nodiscard]] std::vector<parameter<Value>> list(
      const decoder_weights<Value>& values,
      const std::optional<decoder_weights<Value>>& gradients) const {
    std::vector<parameter<Value>> all;
    for (std::size_t i = 0; i < layout().tensors().size(); ++i) {
      const tensor_location& tensor = layout().tensors()[i];
      const bool trainable = !frozen_.contains(tensor.name);
      all.push_back({.name = tensor.name,
                     .shape = tensor.shape,
                     .value = values.tensor(i),
                     .gradient = gradients && trainable ? gradients->tensor(i) : std::span<Value>(),
                     .trainable = trainable,
                     .decays = tensor.decays});
    }
    return all;
  }

  const Backend* backend_;
  decoder_spec spec_;
  stored_weights<Backend> weights_;
  std::optional<laid_out_buffer<Backend, value_type>> gradients_;
  frozen_tensors frozen_;
  pass_memory pass_memory_;
};

/// A forward pass of a causal language model. Owns its activations and, if they are few, the logits
/// [R, V].
template <transformer_backend Backend>
class causal_lm_pass {
 public:
  using value_type = typename Backend::value_type;
  using activation_type = typename Backend::activation_type;

  causal_lm_pass(causal_lm<Backend>& model, const prefix_tree_batch& batch)
      : model_(&model),
        batch_(batch),
        targets_(detail::targets_of(batch)),
        tape_(model.backend(), model.shape(), batch.tokens.size(), batch.rows.size(),
              model.memory_of_passes().gradient_checkpointing ? kept_layers::streams
                                                              : kept_layers::all),
        log_sums_(model.backend(), 1, batch.rows.size()),
        log_probs_(targets_.size()) {
    const auto hidden = model.trunk().forward(batch_, tape_);
    const std::size_t rows = batch.rows.size();
    if (rows_at_once() >= rows) logits_.emplace(model.backend(), rows, model.shape().vocabulary);
    model.backend().head_log_probs(hidden, model.values().head(), targets_,
                                   logits_ ? logits_->view() : matrix_view<activation_type>{},
                                   log_sums_.row(0), log_probs_);
  }

  causal_lm_pass(causal_lm_pass&&) noexcept = default;
  causal_lm_pass& operator=(causal_lm_pass&&) noexcept = default;

  /// [M], nats.
  [[nodiscard]] std::span<const double> log_probs() const { return log_probs_; }

  /// log sum_v p(v)^2 at each target, [M]. Throws value_error after backward, which overwrites the
  /// logits.
  [[nodiscard]] std::vector<double> square_sums() const {
    if (spent_) throw value_error("causal_lm_pass: square_sums after backward");
    if (!logits_) return model_->square_sums_of(tape_.final_norm.normalized.view(), batch_);
    std::vector<double> sums;  // [R]
    detail::add_square_sums(model_->backend(), *logits_, batch_.rows.size(), sums);
    return detail::at_targets(targets_, sums);
  }

  /// Adds the gradient of sum_i slopes[i] * log_probs[i] to the model's gradients. Can be called
  /// only once, because it overwrites the logits. Throws shape_error unless there are M slopes,
  /// value_error on the second call.
  void backward(std::span<const double> slopes) {
    if (slopes.size() != targets_.size())
      throw shape_error(
          concat("causal_lm_pass: ", slopes.size(), " slopes for ", targets_.size(), " targets"));
    if (spent_) throw value_error("causal_lm_pass: backward was called before on this pass");
    spent_ = true;
    const Backend& backend = model_->backend();
    const auto gradients = model_->gradients();
    const auto hidden = tape_.final_norm.normalized.view();
    backend_matrix<Backend> d_hidden(backend, batch_.rows.size(), model_->shape().channels);
    if (logits_)
      backend.head_backward(logits_->view(), log_sums_.row(0), targets_, slopes, hidden,
                            model_->values().head(), d_hidden.view(), gradients.head());
    else
      head_backward_in_pieces(slopes, d_hidden);
    logits_.reset();
    model_->trunk().backward(batch_, tape_, d_hidden.view(), gradients);
  }

 private:
  /// Rows whose logits may be held at once, at least one.
  [[nodiscard]] std::size_t rows_at_once() const {
    const std::size_t row = model_->shape().vocabulary * sizeof(activation_type);
    return std::max<std::size_t>(1, model_->memory_of_passes().logits_bytes / row);
  }

  /// Makes the logits again, some rows at a time, and their gradients.
  void head_backward_in_pieces(std::span<const double> slopes, backend_matrix<Backend>& d_hidden) {
    const Backend& backend = model_->backend();
    const auto gradients = model_->gradients();
    const matrix_view<const activation_type> hidden = tape_.final_norm.normalized.view();
    const std::size_t rows = batch_.rows.size(), most = rows_at_once();
    backend_matrix<Backend> logits(backend, most, model_->shape().vocabulary);
    backend_matrix<Backend, value_type> log_sums(backend, 1, most);
    for (std::size_t begin = 0; begin < rows; begin += most) {
      const std::size_t end = std::min(begin + most, rows), count = end - begin;
      std::vector<head_target> part;
      std::vector<double> part_slopes;
      for (const std::int32_t target : targets_.of(begin, end)) {
        const auto i = static_cast<std::size_t>(target);
        part.push_back({targets_[i].slot - static_cast<std::int32_t>(begin), targets_[i].token});
        part_slopes.push_back(slopes[i]);
      }
      const head_targets targets(std::move(part), count);
      std::vector<double> log_probs(targets.size());
      const auto piece = logits.view().rows(0, count);
      backend.head_log_probs(hidden.rows(begin, end), model_->values().head(), targets, piece,
                             log_sums.row(0).first(count), log_probs);
      backend.head_backward(piece, log_sums.row(0).first(count), targets, part_slopes,
                            hidden.rows(begin, end), model_->values().head(),
                            d_hidden.view().rows(begin, end), gradients.head());
    }
  }

  causal_lm<Backend>* model_;
  prefix_tree_batch batch_;
  head_targets targets_;  // [M]
  trunk_tape<Backend> tape_;
  std::optional<backend_matrix<Backend>> logits_;  // [R, V]
  backend_matrix<Backend, value_type> log_sums_;   // [1, R]
  std::vector<double> log_probs_;                  // [M]
  bool spent_ = false;
};

}  // namespace prefopt::inline v0_2
