// SPDX-License-Identifier: MIT
#pragma once
// run_fingerprint: what a run depends on in addition to its state, as a few numbers, so that a
// state does not silently continue with other options, other data or another reference. It guards
// only against mistakes.

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/word_hash.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/loss_hash.hpp"
#include "prefopt/optim/schedule.hpp"
#include "prefopt/policy/reference_cache.hpp"
#include "prefopt/train/detail/member_names.hpp"
#include "prefopt/train/reference_for.hpp"
#include "prefopt/train/trainer_options.hpp"

namespace prefopt::inline v0_2 {

/// A part that is 0 or empty is unknown and matches any.
struct run_fingerprint {
  /// all except tokens_per_microbatch, by name, and the loss with its loss_hash, as texts; one that
  /// only one of two runs has matches any
  std::map<std::string, std::string> options = {};
  std::uint64_t data = 0;  ///< the examples in their order
  /// How many sequences of the reference were summed, and the means of their log-probs in up to 64
  /// groups: all that a cache holds, or four examples for a model. Equal up to rounding if the
  /// references are equal.
  std::vector<double> reference = {};
  /// of a reference that moves, as they were when this was computed
  std::uint64_t reference_weights = 0;
  std::uint64_t weights = 0;  ///< of the policy, as they were when a state was taken

  friend bool operator==(const run_fingerprint&, const run_fingerprint&) = default;
};

namespace detail {

template <preference_loss Loss>
[[nodiscard]] std::map<std::string, std::string> texts_of(const trainer_options& options,
                                                          const Loss& loss) {
  return {{"learning_rate", concat(options.learning_rate)},
          {"schedule", std::string(name_of(options.schedule))},
          {"warmup_steps", concat(options.warmup_steps)},
          {"weight_decay", concat(options.weight_decay)},
          {"adam_beta1", concat(options.adam_beta1)},
          {"adam_beta2", concat(options.adam_beta2)},
          {"adam_epsilon", concat(options.adam_epsilon)},
          {"max_grad_norm", concat(options.max_grad_norm)},
          {"batch_size", concat(options.batch_size)},
          {"epochs", concat(options.epochs)},
          {"max_steps", concat(options.max_steps)},
          {"seed", concat(options.seed)},
          {"shuffle", options.shuffle ? "true" : "false"},
          {"loss", concat(loss_name<Loss>(), ' ', loss_hash(loss))}};
}

/// "seed 1, now 2" for each option that differs; "a different loss" for the loss.
[[nodiscard]] inline std::string difference_of(const std::map<std::string, std::string>& then,
                                               const std::map<std::string, std::string>& now) {
  std::string all;
  for (const auto& [name, value] : then) {
    const auto other = now.find(name);
    if (other == now.end() || other->second == value) continue;
    all += concat(all.empty() ? "" : "; ", name == "loss"
                                               ? std::string("a different loss")
                                               : concat(name, ' ', value, ", now ", other->second));
  }
  return all;
}

template <example_range Examples>
[[nodiscard]] std::uint64_t hash_of(const Examples& examples) {
  word_hash hash;
  const auto add = [&](const token_ids& tokens) {
    hash.add(tokens.size());
    for (const token_id token : tokens) hash.add(static_cast<std::uint32_t>(token));
  };
  for (const auto& example : examples) {
    const std::size_t responses = response_count(example);
    hash.add(responses);
    add(example.prompt);
    for (std::size_t index = 0; index < responses; ++index) {
      add(response(example, index));
      const double score = response_score(example, index);
      hash.add(std::isnan(score) ? 1 : std::bit_cast<std::uint64_t>(score));  // any NaN is the same
      if (const auto runs = response_targets(example, index)) {
        hash.add(runs->size());
        for (const token_run& run : *runs) {
          hash.add(run.begin);
          hash.add(run.end);
        }
      }
    }
  }
  return hash.value();
}

/// The value that run_fingerprint::reference holds; `sums` are sequences' summed log-probs.
[[nodiscard]] inline std::vector<double> in_groups(std::span<const double> sums) {
  if (sums.empty()) return {};
  const std::size_t groups = std::min<std::size_t>(64, sums.size());
  std::vector<double> numbers(groups + 1);
  numbers[0] = static_cast<double>(sums.size());
  for (std::size_t s = 0; s < sums.size(); ++s) numbers[1 + s % groups] += sums[s];
  for (std::size_t g = 0; g < groups; ++g)
    numbers[1 + g] /= static_cast<double>((sums.size() - g - 1) / groups + 1);
  return numbers;
}

/// Whether two of them come from one reference. A mean of n sequences may differ by the effect of n
/// independent roundings of a thousandth.
[[nodiscard]] inline bool of_one_reference(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size() || a[0] != b[0]) return false;
  const double of_each = std::max(1.0, a[0] / static_cast<double>(a.size() - 1));
  for (std::size_t g = 1; g < a.size(); ++g) {
    if (a[g] == b[g] || (std::isnan(a[g]) && std::isnan(b[g]))) continue;
    if (!(std::abs(a[g] - b[g]) <= 1e-3 * (1e-3 + std::abs(b[g])) / std::sqrt(of_each)))
      return false;
  }
  return true;
}

[[nodiscard]] inline std::vector<double> answers_of(const reference_cache& cache) {
  std::vector<double> sums;
  sums.reserve(cache.size());
  for (std::size_t s = 0; s < cache.size(); ++s) {
    double sum = 0;
    for (std::size_t m = cache.offsets()[s]; m < cache.offsets()[s + 1]; ++m)
      sum += cache.values()[m];
    sums.push_back(sum);
  }
  return in_groups(sums);
}

/// A model's answers for four examples.
template <policy_model Reference, example_range Examples>
[[nodiscard]] std::vector<double> answers_of(const Reference& reference, const Examples& examples) {
  const std::size_t count = std::ranges::size(examples), asked = std::min<std::size_t>(4, count);
  std::vector<double> sums;
  for (std::size_t i = 0; i < asked; ++i) {
    const std::size_t member = i * count / asked;
    const prefix_tree_batch batch = pack(examples, std::span(&member, 1));
    const std::vector<double> log_probs = reference.token_log_probs(batch);
    if (log_probs.size() != batch.targets.size()) return {};  // the step reports it
    for (const tree_sequence& sequence : batch.sequences) {
      double sum = 0;
      for (std::int32_t m = 0; m < sequence.count; ++m)
        sum += log_probs[static_cast<std::size_t>(sequence.first_target + m)];
      sums.push_back(sum);
    }
  }
  return in_groups(sums);
}

/// 0 for a reference that does not move or has no weights_hash.
template <class Reference>
[[nodiscard]] std::uint64_t weights_of_reference(const Reference& reference) {
  if constexpr (requires { reference.weights_hash(); }) return reference.weights_hash();
  return 0;
}

template <class Reference, class Loss, example_range Examples>
[[nodiscard]] run_fingerprint fingerprint_of(const trainer_options& options,
                                             const Reference& reference, const Loss& loss,
                                             const Examples& examples) {
  run_fingerprint made{.options = texts_of(options, loss),
                       .data = hash_of(examples),
                       .reference_weights = weights_of_reference(reference)};
  if constexpr (std::same_as<Reference, reference_cache>) {
    made.reference = answers_of(reference);
  } else if constexpr (policy_model<Reference> &&
                       (!names_after_step<Reference> || requires { reference.weights_hash(); })) {
    // One that moves is identified by its weights.
    if (loss.inputs.reference && loss.inputs.rejected && made.reference_weights == 0)
      made.reference = answers_of(reference, examples);
  }
  return made;
}

/// Throws value_error, naming the parts that differ, unless a run that is `now` can continue from a
/// state of `then`.
inline void require_same_run(const run_fingerprint& then, const run_fingerprint& now) {
  const auto differ = [](std::uint64_t a, std::uint64_t b) { return a != 0 && b != 0 && a != b; };
  std::string others;
  const auto add = [&](bool differs, std::string_view what) {
    if (differs) others += concat(others.empty() ? "" : "; ", what);
  };
  const std::string options = difference_of(then.options, now.options);
  add(!options.empty(), options);
  add(differ(then.data, now.data), "different data, or data in a different order");
  add(!then.reference.empty() && !now.reference.empty() &&
          !of_one_reference(then.reference, now.reference),
      "a different reference: it must be the one from the run's start, not one made from the current policy");
  add(differ(then.reference_weights, now.reference_weights),
      "a moving reference with different weights, which must be saved and restored along with the policy's");
  add(differ(then.weights, now.weights),
      "different weights of the policy, which must be saved and restored along with the state");
  if (!others.empty())
    throw value_error(concat("trainer: the restored state is from a run with ", others,
                             ". To continue anyway, clear the state's fingerprint"));
}

}  // namespace detail

}  // namespace prefopt::inline v0_2
