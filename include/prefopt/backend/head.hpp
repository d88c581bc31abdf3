// SPDX-License-Identifier: MIT
#pragma once
// head_backend: hidden rows to the log-probs of tokens.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/backend/activations.hpp"
#include "prefopt/backend/weight_matrix.hpp"
#include "prefopt/core/view.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"

namespace prefopt::inline v0_2 {

/// A target of the head: `slot` is its head row, 0 .. R-1.
struct head_target {
  std::int32_t slot;
  token_id token;
};

/// The targets of R head rows, and which of them each row has.
class head_targets {
 public:
  head_targets(std::vector<head_target> targets, std::size_t rows)
      : targets_(std::move(targets)), by_slot_(targets_.size()), begins_(rows + 1) {
    std::iota(by_slot_.begin(), by_slot_.end(), 0);
    std::ranges::stable_sort(
        by_slot_, {}, [&](std::int32_t i) { return (*this)[static_cast<std::size_t>(i)].slot; });
    for (const head_target& target : targets_) ++begins_[static_cast<std::size_t>(target.slot) + 1];
    std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
  }

  [[nodiscard]] std::size_t size() const { return targets_.size(); }
  [[nodiscard]] const head_target& operator[](std::size_t i) const { return targets_[i]; }

  /// Indices of a row's targets, ascending.
  [[nodiscard]] std::span<const std::int32_t> of(std::size_t slot) const {
    return of(slot, slot + 1);
  }
  /// The same for the rows [begin, end), row by row.
  [[nodiscard]] std::span<const std::int32_t> of(std::size_t begin, std::size_t end) const {
    const auto first = static_cast<std::size_t>(begins_[begin]),
               last = static_cast<std::size_t>(begins_[end]);
    return std::span(by_slot_).subspan(first, last - first);
  }

 private:
  std::vector<head_target> targets_;   // [M]
  std::vector<std::int32_t> by_slot_;  // [M]
  std::vector<std::int32_t> begins_;   // [R + 1] where a row's targets begin in by_slot_
};

/// Can run a language model's head.
/// Needs: activation_backend and, with hidden [R, C] and weight [V, C],
///
/// - `head_logits(hidden, weight, logits)`: logits [R, V] = hidden weightᵀ.
/// - `head_log_probs(hidden, weight, targets, logits, log_sums, log_probs)`: log softmax(hidden
///   weightᵀ) at the targets, log_probs [M] in nats; log_sums [R]. `logits` is [R, V], kept for the
///   backward pass, or has no rows; then the backend holds a bounded part of them at a time.
/// - `head_backward(logits, log_sums, targets, slopes, hidden, weight, d_hidden, d_weight)`
///   overwrites the logits with their gradients; assigns d_hidden [R, C]; adds to d_weight [V, C],
///   unless that has no rows.
///
/// Law: the log-probs' bits do not depend on whether logits are kept.
template <class M>
concept head_backend =
    activation_backend<M> &&
    requires(const M& backend, matrix_view<typename M::activation_type> out,
             matrix_view<const typename M::activation_type> in,
             weight_matrix<typename M::value_type> weight,
             matrix_view<typename M::value_type> numbers,
             std::span<typename M::value_type> log_sums,
             std::span<const typename M::value_type> read_log_sums, const head_targets& targets,
             std::span<double> log_probs, std::span<const double> slopes) {
      backend.head_logits(in, weight, numbers);
      backend.head_log_probs(in, weight, targets, out, log_sums, log_probs);
      backend.head_backward(out, read_log_sums, targets, slopes, in, weight, out, numbers);
    };

}  // namespace prefopt::inline v0_2
