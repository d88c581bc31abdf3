// SPDX-License-Identifier: MIT
#pragma once
// Generation: a GPT-2 that reads tokens as they come and keeps their keys and values. Samples of one prompt share its
// run: read the prompt once, then `fork`.
// Legend: T tokens read so far, C channels, V vocabulary.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/gpt2/gpt2.hpp"
#include "prefopt/policy/sampling.hpp"

namespace prefopt {

/// One sequence in the making. The model must outlive it and keep its weights meanwhile.
template <transformer_machine Machine>
class gpt2_decoder {
 public:
  using value_type = typename Machine::value_type;

  /// Room for `capacity` tokens. Throws value_error where the model has fewer positions.
  gpt2_decoder(const gpt2<Machine>& model, std::size_t capacity) : model_(&model), capacity_(capacity) {
    if (capacity > model.config().n_positions)
      throw value_error(
          join("gpt2_decoder: ", capacity, " tokens, but the model's n_positions is ", model.config().n_positions));
    for (std::size_t layer = 0; layer < model.config().n_layer; ++layer)
      cache_.emplace_back(model.machine(), capacity, 3 * model.config().n_embd);
  }

  /// Tokens read so far.
  [[nodiscard]] std::size_t size() const { return length_; }

  /// Reads further tokens and gives the logits [V] for the one that follows. Throws value_error for no tokens, one that
  /// the vocabulary does not have, or more than there is room for.
  [[nodiscard]] std::vector<double> read(std::span<const token_id> tokens);

  /// A second decoder that has read the same tokens.
  [[nodiscard]] gpt2_decoder fork() const {
    gpt2_decoder copy(*model_, capacity_);
    std::vector<std::int32_t> rows(length_);
    std::iota(rows.begin(), rows.end(), 0);
    for (std::size_t layer = 0; layer < cache_.size(); ++layer)
      model_->machine().gather_rows(cache_[layer].view(), rows, copy.cache_[layer].view().rows(0, length_));
    copy.length_ = length_;
    return copy;
  }

 private:
  const gpt2<Machine>* model_;
  std::size_t capacity_;
  std::size_t length_ = 0;
  std::vector<machine_matrix<Machine>> cache_;  // a layer's queries, keys and values, [capacity, 3C]
};

template <transformer_machine Machine>
std::vector<double> gpt2_decoder<Machine>::read(std::span<const token_id> tokens) {
  const gpt2_config& config = model_->config();
  const Machine& machine = model_->machine();
  const std::size_t count = tokens.size(), end = length_ + count;
  if (count == 0) throw value_error("gpt2_decoder: no tokens to read");
  if (end > capacity_) throw value_error(join("gpt2_decoder: token ", end, " with room for ", capacity_));
  for (const token_id token : tokens)
    if (token < 0 || static_cast<std::size_t>(token) >= config.vocab_size)
      throw value_error(join("gpt2_decoder: token ", token, " with a vocab_size of ", config.vocab_size));

  std::vector<std::int32_t> positions(count);
  std::iota(positions.begin(), positions.end(), static_cast<std::int32_t>(length_));
  const std::int32_t rows = static_cast<std::int32_t>(end);
  const tree_node chain[] = {{.parent = -1, .begin = 0, .end = rows, .subtree_end = rows}};

  const auto values = model_->values();
  const auto trunk = model_->trunk();
  machine_matrix<Machine> x(machine, count, config.n_embd), y(machine, count, config.n_embd);
  after_attention_tape<Machine> tape(machine, config, count);
  block_scratch<Machine> scratch(machine, config, count);
  machine.embedding(tokens, positions, values.wte(), values.wpe(), x.view());
  for (std::size_t layer = 0; layer < config.n_layer; ++layer) {
    trunk.block(layer).forward({chain, length_}, x.view(), tape, cache_[layer], scratch, y.view());
    std::swap(x, y);
  }
  length_ = end;

  layer_norm_tape<Machine> norm(machine, 1, config.n_embd);
  const matrix_view<const typename Machine::activation_type> last = x.view().rows(count - 1, count);
  machine.layer_norm(last, values.ln_f().scale, values.ln_f().shift, config.layer_norm_epsilon, norm.normalized.view(),
                     norm.statistics());
  machine_matrix<Machine, value_type> logits(machine, 1, config.vocab_size);
  machine.head_logits(norm.normalized.view(), values.head(), logits.view());
  std::vector<value_type> host(config.vocab_size);
  machine.copy_to_host(logits.row(0), host);
  return {host.begin(), host.end()};
}

/// How `generate` continues a prompt.
struct generation_options {
  std::size_t max_new_tokens = 64;
  token_id end_of_text = -1;  ///< stops after this token, which is kept; -1: never
  sampling_options sampling = {};
};

/// Up to max_new_tokens tokens that follow the prompt, fewer where the model's positions end. Throws value_error for an
/// empty prompt or one without room behind it.
template <transformer_machine Machine>
[[nodiscard]] token_ids generate(const gpt2<Machine>& model, std::span<const token_id> prompt,
                                 const generation_options& options, random_generator& random) {
  check(options.sampling);
  const std::size_t positions = model.config().n_positions;
  if (prompt.size() >= positions)
    throw value_error(join("generate: a prompt of ", prompt.size(), " tokens with n_positions ", positions));
  const std::size_t room = std::min(options.max_new_tokens, positions - prompt.size());
  gpt2_decoder<Machine> decoder(model, prompt.size() + room);
  token_ids response;
  std::vector<double> logits = decoder.read(prompt);
  while (response.size() < room) {
    response.push_back(sample_token(logits, options.sampling, random));
    if (response.back() == options.end_of_text || response.size() == room) break;
    logits = decoder.read(std::span(response).last(1));
  }
  return response;
}

}  // namespace prefopt
