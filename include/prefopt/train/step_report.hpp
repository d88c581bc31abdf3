// SPDX-License-Identifier: MIT
#pragma once
// step_report: what one optimizer step reports.

#include <cstdint>
#include <vector>

#include "prefopt/train/metric.hpp"

namespace prefopt::inline v0_2 {

/// One optimizer step. The numbers are those of the policy before the step moves it.
struct step_report {
  std::int64_t step = 0;  ///< counted from 1
  std::int64_t total_steps = 0;
  /// the run ends here; if a callback requests that, the others' on_step cannot know
  bool last = false;
  double epoch = 0;  ///< epochs done, with a fraction
  double loss = 0;   ///< mean over the step's examples
  /// means over the step's examples, in an order that never changes within a run
  std::vector<metric> metrics;
  double grad_norm = 0;         ///< before clipping
  double learning_rate = 0;     ///< of this step
  std::int64_t num_tokens = 0;  ///< read since the run began, each sequence counted in full
  double pairs_per_second = 0;
};

/// Calls `visit(name, value)` for each value of a step that a log holds, in order; counts are
/// integers, the rest doubles.
template <class Visitor>
void for_each_value(const step_report& report, Visitor&& visit) {
  visit("step", report.step);
  visit("epoch", report.epoch);
  visit("loss", report.loss);
  for (const metric& one : report.metrics) visit(one.name, one.value);
  visit("grad_norm", report.grad_norm);
  visit("learning_rate", report.learning_rate);
  visit("num_tokens", report.num_tokens);
  visit("pairs_per_second", report.pairs_per_second);
}

}  // namespace prefopt::inline v0_2
