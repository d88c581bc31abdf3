// SPDX-License-Identifier: MIT
#pragma once
// evaluate_every: a callback that evaluates on held-out examples, at a fixed interval of steps and
// at the end.

#include <concepts>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/train/callbacks.hpp"
#include "prefopt/train/evaluate.hpp"
#include "prefopt/train/reference_for.hpp"

namespace prefopt::inline v0_2 {

/// `trainer.train(pairs, evaluate_every{100, held_out, reference_on_held_out}, ...)`. Holds
/// references to the pairs and the reference.
template <class Reference, example_like Example = tokenized_pair>
class evaluate_every {
 public:
  /// `interval` in steps; 0: only at the end. Throws value_error if it is negative and for no
  /// pairs.
  evaluate_every(std::int64_t interval, std::span<const Example> examples,
                 const Reference& reference, evaluation_options options = {})
      : interval_(interval),
        examples_(examples),
        reference_(detail::address_of(reference)),
        options_(options) {
    if (interval < 0)
      throw value_error(
          concat("evaluate_every: an interval of ", interval, " steps, expected >= 0"));
    if (examples.empty()) throw value_error("evaluate_every: no examples");
  }

  /// Pairs or a reference that would dangle before the first step; `no_reference{}` may be a
  /// temporary.
  template <std::ranges::range Pairs>
    requires(!std::ranges::borrowed_range<Pairs>)
  evaluate_every(std::int64_t, Pairs&&, const Reference&, evaluation_options = {}) = delete;
  evaluate_every(std::int64_t, std::span<const Example>, const Reference&&, evaluation_options = {})
    requires(!std::same_as<Reference, no_reference>)
  = delete;

  /// Throws value_error if the policy in training is the reference, and what `evaluate` throws.
  template <class Trainer>
  [[nodiscard]] std::optional<evaluation_report> evaluate(const Trainer& trainer,
                                                          const step_report& step) const {
    detail::refuse_itself_as_reference("evaluate_every", trainer.policy(), *reference_);
    if (!is_due(step, interval_)) return std::nullopt;
    evaluation_report report =
        prefopt::evaluate(trainer.policy(), *reference_, trainer.loss(), examples_, options_);
    report.step = step.step;
    report.epoch = step.epoch;
    return report;
  }

 private:
  std::int64_t interval_;
  std::span<const Example> examples_;
  const Reference* reference_;
  evaluation_options options_;
};

template <example_range Examples, class Reference>
evaluate_every(std::int64_t, const Examples&, const Reference&, evaluation_options = {})
    -> evaluate_every<Reference, std::ranges::range_value_t<Examples>>;

}  // namespace prefopt::inline v0_2
