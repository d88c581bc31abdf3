// SPDX-License-Identifier: MIT
#pragma once
// evaluation_report: how a policy performs on examples that it is not trained on.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/train/metric.hpp"

namespace prefopt::inline v0_2 {

/// One evaluation.
struct evaluation_report {
  std::int64_t step = 0;  ///< optimizer steps done; 0 outside a run or before it
  double epoch = 0;       ///< epochs done, with a fraction
  std::int64_t examples = 0;
  double loss = 0;              ///< mean over the examples
  std::vector<metric> metrics;  ///< means over the examples, with the same names as in training
  double pairs_per_second = 0;
};

/// Calls `visit(name, value)` for each value of an evaluation that a log holds, in order: names of
/// numbers begin with `eval_`.
template <class Visitor>
void for_each_value(const evaluation_report& report, Visitor&& visit) {
  visit("step", report.step);
  visit("epoch", report.epoch);
  visit("eval_loss", report.loss);
  std::string name;
  for (const metric& one : report.metrics) {
    name = "eval_";
    name += one.name;
    visit(std::string_view(name), one.value);
  }
  visit("eval_pairs", report.examples);
  visit("eval_pairs_per_second", report.pairs_per_second);
}

}  // namespace prefopt::inline v0_2
