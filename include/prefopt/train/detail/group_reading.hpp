// SPDX-License-Identifier: MIT
#pragma once
// What a step knows about its examples, collected batch by batch, as losses read it: token
// log-probs of policy and reference, and which tokens belong to which response.
//
// Legend: E examples, S responses, M targets of all batches together.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <ranges>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "prefopt/train/not_finite.hpp"

namespace prefopt::inline v0_2::detail {

/// Numbers of a batch's targets, [M] each, or empty if the loss does not read them.
struct batch_numbers {
  std::span<const double> policy;
  std::span<const double> reference;
  std::span<const double> square_sums;
  std::span<const double> divergences;
};

/// The score that a loss gets. The best of several responses, read alone, is as desirable as the
/// chosen one of a pair, regardless of its score, which only ranks it among the others.
template <example_like Example>
[[nodiscard]] double score_read(const Example& example, std::size_t index,
                                const loss_inputs& inputs) {
  const double score = response_score(example, index);
  if (inputs.rejected || std::isnan(score)) return score;
  for (std::size_t other = 0; other < response_count(example); ++other)
    if (other != index && !std::isnan(response_score(example, other))) return 1;
  return score;
}

class group_reading {
 public:
  /// Adds a batch that was packed from `examples` by member and then by response index. Throws
  /// shape_error unless there is a number for every target.
  template <example_range Examples>
  void add(const prefix_tree_batch& batch, const Examples& examples, const loss_inputs& inputs,
           const batch_numbers& numbers) {
    const std::size_t before = policy_.size();
    const auto take = [&](const char* what, bool read, std::span<const double> from,
                          std::vector<double>& to) {
      if (!read) return;
      if (from.size() != batch.targets.size())
        throw shape_error(
            concat("step: ", from.size(), ' ', what, " for ", batch.targets.size(), " targets"));
      to.insert(to.end(), from.begin(), from.end());
    };
    take("log-probs of the policy", true, numbers.policy, policy_);
    take("log-probs of the reference", inputs.reference, numbers.reference, reference_);
    take("square sums of the policy", inputs.square_sums, numbers.square_sums, square_sums_);
    take("divergences from the reference", inputs.divergences, numbers.divergences, divergences_);
    for (std::size_t s = 0; s < batch.sequences.size(); ++s) {
      const tree_sequence& sequence = batch.sequences[s];
      const auto& example = std::ranges::begin(
          examples)[static_cast<std::ranges::range_difference_t<Examples>>(sequence.example)];
      const bool goes_on = s > 0 && batch.sequences[s - 1].example == sequence.example &&
                           batch.sequences[s - 1].response_index < sequence.response_index;
      if (!goes_on) {
        examples_.push_back(static_cast<std::size_t>(sequence.example));
        begins_.push_back(0);
      }
      responses_.push_back(
          {before + static_cast<std::size_t>(sequence.first_target),
           static_cast<std::size_t>(sequence.count),
           score_read(example, static_cast<std::size_t>(sequence.response_index), inputs)});
      tokens_ += example.prompt.size() +
                 response(example, static_cast<std::size_t>(sequence.response_index)).size();
      begins_.back() = responses_.size();
    }
  }

  [[nodiscard]] token_groups groups() const {
    return {policy_, reference_, responses_, begins_, square_sums_, divergences_};
  }

  /// [S], summed over tokens: the input of metrics, no matter what the loss reads; 0 if it reads no
  /// reference.
  [[nodiscard]] std::vector<response_log_probs> sums() const {
    return reduce_all(token_reduction::sum, !reference_.empty(), groups());
  }

  /// by its index in the data set
  [[nodiscard]] std::size_t example(std::size_t e) const { return examples_[e]; }
  /// of all sequences, each counted in full
  [[nodiscard]] std::size_t tokens() const { return tokens_; }

 private:
  std::vector<double> policy_;              // [M]
  std::vector<double> reference_;           // [M]
  std::vector<double> square_sums_;         // [M]
  std::vector<double> divergences_;         // [M]
  std::vector<response_tokens> responses_;  // [S]
  std::vector<std::size_t> begins_{0};      // [E + 1]
  std::vector<std::size_t> examples_;       // [E]
  std::size_t tokens_ = 0;
};

/// Throws not_finite, naming the examples, if a summed log-prob, a loss or a slope is not finite.
inline void require_finite(const group_reading& read, std::span<const response_log_probs> sums,
                           const token_results& results) {
  const token_groups groups = read.groups();
  const auto finite = [](std::span<const double> numbers) {
    double size = 0;  // infinite or not a number as soon as one of them is
    for (const double number : numbers) size += std::abs(number);
    return std::isfinite(size);
  };
  std::vector<std::size_t> bad;
  std::string first;
  for (std::size_t e = 0; e < groups.size(); ++e) {
    bool sound = std::isfinite(results.losses[e]);
    for (std::size_t s = groups.begins[e]; s < groups.begins[e + 1]; ++s) {
      const response_tokens& tokens = groups.responses[s];
      sound = sound && std::isfinite(sums[s].policy) && std::isfinite(sums[s].reference) &&
              finite(tokens_of(tokens, std::span(results.slopes))) &&
              (results.divergence_slopes.empty() ||
               finite(tokens_of(tokens, std::span(results.divergence_slopes))));
    }
    if (sound) continue;
    bad.push_back(read.example(e));
    if (bad.size() > 1) continue;
    first = concat(" (loss ", results.losses[e], ", log-probs");
    for (std::size_t s = groups.begins[e]; s < groups.begins[e + 1]; ++s)
      first += concat(s == groups.begins[e] ? " " : " and ", sums[s].policy);
    for (std::size_t s = groups.begins[e]; s < groups.begins[e + 1] && !groups.reference.empty();
         ++s)
      first += concat(s == groups.begins[e] ? ", reference " : " and ", sums[s].reference);
    first += ")";
  }
  if (!bad.empty()) throw not_finite(concat("not finite at ", example_list(bad), first), bad);
}

}  // namespace prefopt::inline v0_2::detail
