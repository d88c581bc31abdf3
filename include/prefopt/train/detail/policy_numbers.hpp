// SPDX-License-Identifier: MIT
#pragma once
// A policy's forward pass with everything that a loss reads from it, and the backward pass.
//
// Legend: M targets of the batch.

#include <span>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/data/response_selection.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/train/detail/group_reading.hpp"
#include "prefopt/train/reference_for.hpp"

namespace prefopt::inline v0_2::detail {

/// The responses that a loss reads, as `pack` takes them.
[[nodiscard]] inline response_selection responses_read(const loss_inputs& inputs) {
  if (!inputs.rejected) return response_selection::best();
  return inputs.mismatched ? response_selection() : response_selection::own();
}

/// A forward pass that provides divergences if they are read.
template <class Policy, class Reference>
[[nodiscard]] auto forward_for(Policy& policy, const Reference& reference,
                               const prefix_tree_batch& batch, const loss_inputs& inputs) {
  if (!inputs.divergences) return policy.forward(batch);
  if constexpr (has_kl_divergence<Policy, Reference>)
    return policy.forward(batch, reference);
  else
    return policy.forward(batch);  // not reached
}

/// Adds what a loss reads from a batch's pass; policy and reference provide it (`require_inputs`).
template <class Policy, class Pass, class Reference, example_range Examples>
void read_pass(const Policy&, const Pass& pass, const Reference& reference,
               const prefix_tree_batch& batch, const Examples& examples, const loss_inputs& inputs,
               group_reading& read) {
  std::vector<double> square_sums, divergences;
  if constexpr (has_collision_probs<Policy>) {
    if (inputs.square_sums) square_sums = pass.square_sums();
  }
  if constexpr (has_kl_divergence<Policy, Reference>) {
    if (inputs.divergences) divergences = pass.divergences();
  }
  const std::vector<double> before = ask(reference, batch, inputs.reference);
  read.add(batch, examples, inputs, {pass.log_probs(), before, square_sums, divergences});
}

/// The same without keeping what a gradient needs.
template <class Policy, class Reference, example_range Examples>
void read_scores(const Policy& policy, const Reference& reference, const prefix_tree_batch& batch,
                 const Examples& examples, const loss_inputs& inputs, group_reading& read) {
  std::vector<double> square_sums, divergences;
  if constexpr (has_collision_probs<Policy>) {
    if (inputs.square_sums) square_sums = policy.token_square_sums(batch);
  }
  if constexpr (has_kl_divergence<Policy, Reference>) {
    if (inputs.divergences) divergences = policy.token_divergences(batch, reference);
  }
  const std::vector<double> log_probs = policy.token_log_probs(batch),
                            before = ask(reference, batch, inputs.reference);
  read.add(batch, examples, inputs, {log_probs, before, square_sums, divergences});
}

/// The backward pass for a batch whose `count` targets begin at `first` among the results': its
/// slopes times `weight`.
template <class Pass>
void send_back(Pass& pass, const token_results& results, std::size_t first, std::size_t count,
               double weight) {
  const auto part_of = [&](const std::vector<double>& all) {
    std::vector<double> part(all.begin() + static_cast<std::ptrdiff_t>(first),
                             all.begin() + static_cast<std::ptrdiff_t>(first + count));
    for (double& slope : part) slope *= weight;
    return part;
  };
  if constexpr (requires(std::span<const double> slopes) { pass.backward(slopes, slopes); }) {
    if (!results.divergence_slopes.empty())
      return pass.backward(part_of(results.slopes), part_of(results.divergence_slopes));
  }
  pass.backward(part_of(results.slopes));
}

}  // namespace prefopt::inline v0_2::detail
