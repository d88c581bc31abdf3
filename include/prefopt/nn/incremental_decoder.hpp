// SPDX-License-Identifier: MIT
#pragma once
// Generation: a decoder that reads tokens as they arrive and keeps their keys and values. What it
// has read is a forest: each call appends runs of tokens to existing runs, so that samples of one
// prompt share its run, and sequences of different lengths are read in the same products.
//
// Legend: N tokens read so far, B branches of a call, C channels, V vocabulary.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/nn/causal_lm.hpp"
#include "prefopt/policy/generation.hpp"
#include "prefopt/policy/sampling.hpp"

namespace prefopt::inline v0_2 {

/// A forest under construction. The model must outlive it and keep its weights unchanged meanwhile.
template <transformer_backend Backend>
class incremental_decoder {
 public:
  using value_type = typename Backend::value_type;

  /// Tokens that continue a node or begin a sequence.
  struct branch {
    std::int32_t behind = -1;
    std::span<const token_id> tokens;
  };

  /// The result of a call of `read`, one entry per branch.
  struct decode_result {
    std::vector<std::int32_t> nodes;  // [B] to continue from
    std::vector<double> all_logits;   // [B, V] logits of the tokens that follow

    /// The logits of one branch, [V].
    [[nodiscard]] std::span<const double> logits(std::size_t branch) const& {
      const std::size_t vocabulary = all_logits.size() / nodes.size();
      return std::span(all_logits).subspan(branch * vocabulary, vocabulary);
    }
    std::span<const double> logits(std::size_t branch) const&& = delete;  // would dangle
  };

  /// Makes room for `capacity` tokens of all sequences together: their queries, keys and values in
  /// every layer. Throws value_error for 2^31 or more.
  incremental_decoder(const causal_lm<Backend>& model, std::size_t capacity)
      : model_(&model), capacity_(capacity) {
    if (!std::in_range<std::int32_t>(capacity))
      throw value_error(
          concat("incremental_decoder: room for ", capacity, " tokens, expected less than 2^31"));
    for (std::size_t layer = 0; layer < model.shape().layers.size(); ++layer)
      cache_.emplace_back(model.backend(), model.shape(), head_counts::all(model.shape()),
                          capacity);
  }

  /// Tokens read so far.
  [[nodiscard]] std::size_t size() const { return length_; }

  /// Reads all branches at once. Throws value_error, without reading anything, if there are no
  /// branches, if a branch is empty, continues an unknown node or exceeds the model's positions, if
  /// a token is not in the vocabulary, or if there is not enough room.
  [[nodiscard]] decode_result read(std::span<const branch> branches);

 private:
  /// The tokens of a call, one after another.
  struct rows {
    token_ids tokens;
    std::vector<std::int32_t> positions;
    // [B] the row of each branch's last token, counted from the call's first
    std::vector<std::int32_t> last;
    std::vector<tree_node> nodes;  // [B]
  };
  [[nodiscard]] rows rows_of(std::span<const branch> branches) const;

  const causal_lm<Backend>* model_;
  std::size_t capacity_;
  std::size_t length_ = 0;
  std::vector<tree_node> nodes_;
  std::vector<std::int32_t> depths_;             // tokens from the root to each node's end
  std::vector<projected_heads<Backend>> cache_;  // a layer's queries, keys and values
};

template <transformer_backend Backend>
auto incremental_decoder<Backend>::rows_of(std::span<const branch> branches) const -> rows {
  const decoder_shape& shape = model_->shape();
  if (branches.empty()) throw value_error("incremental_decoder: nothing to read");
  rows all;
  for (const branch& one : branches) {
    if (one.tokens.empty()) throw value_error("incremental_decoder: a branch without tokens");
    if (one.behind < -1 || one.behind >= static_cast<std::int32_t>(nodes_.size()))
      throw value_error(
          concat("incremental_decoder: a branch after node ", one.behind, " of ", nodes_.size()));
    const std::size_t begin = length_ + all.tokens.size(), end = begin + one.tokens.size();
    if (end > capacity_)
      throw value_error(concat("incremental_decoder: token ", end, " with room for ", capacity_));
    std::int32_t position = one.behind < 0 ? 0 : depths_[static_cast<std::size_t>(one.behind)];
    if (static_cast<std::size_t>(position) + one.tokens.size() > shape.positions)
      throw value_error(concat("incremental_decoder: a sequence of ",
                               static_cast<std::size_t>(position) + one.tokens.size(),
                               " tokens, and the model has ", shape.positions, " positions"));
    for (const token_id token : one.tokens) {
      if (token < 0 || static_cast<std::size_t>(token) >= shape.vocabulary)
        throw value_error(concat("incremental_decoder: token ", token, " with a vocabulary of ",
                                 shape.vocabulary));
      all.tokens.push_back(token);
      all.positions.push_back(position++);
    }
    all.last.push_back(static_cast<std::int32_t>(all.tokens.size() - 1));
    const auto last = static_cast<std::int32_t>(end);
    all.nodes.push_back({.parent = one.behind,
                         .begin = static_cast<std::int32_t>(begin),
                         .end = last,
                         .subtree_end = last});
  }
  return all;
}

template <transformer_backend Backend>
auto incremental_decoder<Backend>::read(std::span<const branch> branches) -> decode_result {
  const rows fresh = rows_of(branches);
  const decoder_shape& shape = model_->shape();
  const Backend& backend = model_->backend();
  const std::size_t count = fresh.tokens.size(), ends = branches.size();
  decode_result made;
  struct undone {  // an unfinished read leaves no nodes
    incremental_decoder& decoder;
    std::size_t nodes = decoder.nodes_.size();
    bool whole = false;
    ~undone() {
      if (whole) return;
      decoder.nodes_.resize(nodes);
      decoder.depths_.resize(nodes);
    }
  } guard{*this};
  for (const tree_node& node : fresh.nodes) {
    made.nodes.push_back(static_cast<std::int32_t>(nodes_.size()));
    depths_.push_back(fresh.positions[static_cast<std::size_t>(node.end) - 1 - length_] + 1);
    nodes_.push_back(node);
  }

  const auto values = model_->values();
  const auto trunk = model_->trunk();
  backend_matrix<Backend> x(backend, count, shape.channels), y(backend, count, shape.channels);
  after_attention_tape<Backend> tape(backend, shape, count);
  block_scratch<Backend> scratch(backend, shape, count);
  backend.embedding(fresh.tokens, fresh.positions, values.token_embedding(),
                    values.position_embedding(), x.view());
  backend_matrix<Backend, value_type> rotations;
  if (!shape.has_position_table()) {
    rotations = {backend, count, shape.head_size};
    backend.rotation_table(fresh.positions, shape.inverse_frequencies, rotations.view());
  }
  for (std::size_t layer = 0; layer < shape.layers.size(); ++layer) {
    trunk.block(layer).forward({nodes_, length_}, std::as_const(rotations).view(), x.view(), tape,
                               cache_[layer], scratch, y.view());
    std::swap(x, y);
  }

  backend_matrix<Backend> last(backend, ends, shape.channels);
  backend.gather_rows(x.view(), fresh.last, last.view());
  norm_tape<Backend> norm(backend, ends, shape.channels);
  const auto hidden = normalize<Backend>(backend, shape, last.view(), values.final_norm(), norm);
  auto logits = backend.template scratch<value_type>(ends * shape.vocabulary);
  backend.head_logits(hidden, values.head(),
                      matrix_view<value_type>{logits.data(), {ends, shape.vocabulary}});
  std::vector<value_type> host(ends * shape.vocabulary);
  backend.copy_to_host(std::span<const value_type>(logits.data(), host.size()), std::span(host));
  made.all_logits.assign(host.begin(), host.end());
  length_ += count;
  guard.whole = true;
  return made;
}

namespace detail {

/// A response being generated.
struct written_response {
  std::int32_t node;  ///< the node that its next token continues
  std::size_t room;   ///< maximum number of tokens
  random_generator random;
  token_ids tokens = {};

  [[nodiscard]] bool is_complete(token_id end_of_text) const {
    return tokens.size() == room || (!tokens.empty() && tokens.back() == end_of_text);
  }
};

}  // namespace detail

namespace detail {

/// The maximum number of tokens in the response to a prompt. Throws value_error, with the prompt's
/// index, if the prompt is empty or leaves no room.
template <transformer_backend Backend>
[[nodiscard]] std::size_t room_behind(const causal_lm<Backend>& model,
                                      std::span<const token_ids> prompts, std::size_t i,
                                      const generation_options& options) {
  const std::size_t positions = model.shape().positions, length = prompts[i].size();
  if (length == 0 || length >= positions)
    throw value_error(concat("generate: prompt ", i, " of ", prompts.size(), " has ", length,
                             " tokens, and the model has ", positions, " positions"));
  return std::min(options.max_new_tokens, positions - length);
}

/// Grows the responses to some prompts side by side, one product per token. Equal prompts are read
/// once.
template <transformer_backend Backend>
void grow(const causal_lm<Backend>& model, std::span<const token_ids> prompts,
          std::span<written_response> responses, std::size_t capacity,
          const generation_options& options) {
  using branch = typename incremental_decoder<Backend>::branch;
  incremental_decoder<Backend> decoder(model, capacity);
  std::map<token_ids, std::size_t> branch_of;
  std::vector<branch> branches;
  // of those still growing: the index of their logits, and which they are
  std::vector<std::size_t> logits_of, growing;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto [found, fresh] = branch_of.try_emplace(prompts[i], branches.size());
    if (fresh) branches.push_back({.tokens = prompts[i]});
    logits_of.push_back(found->second);
    growing.push_back(i);
  }
  auto read = decoder.read(branches);
  for (std::size_t i = 0; i < prompts.size(); ++i) responses[i].node = read.nodes[logits_of[i]];
  for (;;) {
    std::vector<std::size_t> still;
    for (std::size_t g = 0; g < growing.size(); ++g) {
      written_response& one = responses[growing[g]];
      one.tokens.push_back(sample_token(read.logits(logits_of[g]), options.sampling, one.random));
      if (!one.is_complete(options.end_of_text)) still.push_back(growing[g]);
    }
    growing = std::move(still);
    if (growing.empty()) return;
    branches.clear();
    logits_of.clear();
    for (const std::size_t i : growing) {
      logits_of.push_back(branches.size());
      branches.push_back(
          {responses[i].node, std::span<const token_id>(responses[i].tokens).last(1)});
    }
    read = decoder.read(branches);
    for (std::size_t g = 0; g < growing.size(); ++g) responses[growing[g]].node = read.nodes[g];
  }
}

}  // namespace detail

/// A response to each prompt, of up to max_new_tokens tokens, fewer if the model's positions run
/// out, as a generating_policy requires. As many as `tokens_at_once` allows grow side by side, at
/// least one. Throws value_error for an empty prompt or one that leaves no room, for 2^31 tokens or
/// more at once, and what check(options) throws.
template <transformer_backend Backend>
[[nodiscard]] std::vector<token_ids> generate(const causal_lm<Backend>& model,
                                              std::span<const token_ids> prompts,
                                              const generation_options& options,
                                              random_generator& random) {
  check(options);
  std::vector<detail::written_response> all;
  for (std::size_t i = 0; i < prompts.size(); ++i)
    all.push_back(
        {-1, detail::room_behind(model, prompts, i, options), random_generator(random.next())});
  for (std::size_t begin = 0, end = 0; begin < prompts.size(); begin = end) {
    std::size_t capacity = 0;
    for (; end < prompts.size(); ++end) {
      const bool read_before = end > begin && prompts[end] == prompts[end - 1];
      const std::size_t more = (read_before ? 0 : prompts[end].size()) + all[end].room;
      if (end > begin && options.tokens_at_once != 0 && capacity + more > options.tokens_at_once)
        break;
      capacity += more;
    }
    detail::grow(model, prompts.subspan(begin, end - begin),
                 std::span(all).subspan(begin, end - begin), capacity, options);
  }
  std::vector<token_ids> responses;
  for (detail::written_response& one : all) responses.push_back(std::move(one.tokens));
  return responses;
}

/// The response to one prompt.
template <transformer_backend Backend>
[[nodiscard]] token_ids generate(const causal_lm<Backend>& model, std::span<const token_id> prompt,
                                 const generation_options& options, random_generator& random) {
  const std::vector<token_ids> prompts{token_ids(prompt.begin(), prompt.end())};
  return generate(model, std::span<const token_ids>(prompts), options, random).front();
}

}  // namespace prefopt::inline v0_2
