// SPDX-License-Identifier: MIT
#pragma once
// Reports a fall that the margin hides: a run may make chosen responses less likely too, as long as
// rejected ones fall faster.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/runs/progress_bar.hpp>
#include <prefopt/train/evaluation_report.hpp>
#include <prefopt/train/metric.hpp>
#include <prefopt/train/step_report.hpp>

namespace program::detail {

/// A trainer's callback that remembers how far both responses have moved from the reference: at the
/// last evaluation, or without one, averaged over the last tenth of the steps. Only for losses that
/// read a reference and both responses.
class fall_notice {
 public:
  /// `scale` turns log-ratios into rewards; above 0.
  explicit fall_notice(double scale) : scale_(scale) {}

  void on_step(const prefopt::step_report& report) {
    if (report.step <= report.total_steps - std::max<std::int64_t>(1, report.total_steps / 10))
      return;
    add(report.metrics, last_steps_);
  }
  void on_evaluate(const prefopt::evaluation_report& report) {
    last_evaluation_ = {};
    add(report.metrics, last_evaluation_);
  }

  /// A line for the console if both have become less likely, by more than rounding.
  [[nodiscard]] std::optional<std::string> line() const {
    const bool evaluated = last_evaluation_.count > 0;
    const moved& seen = evaluated ? last_evaluation_ : last_steps_;
    if (seen.count == 0) return std::nullopt;
    const double chosen = seen.chosen / static_cast<double>(seen.count) / scale_;
    const double rejected = seen.rejected / static_cast<double>(seen.count) / scale_;
    if (chosen > -least_fall || rejected > -least_fall) return std::nullopt;
    return prefopt::concat(
        "note: both responses became less likely (log-probs against the reference, ",
        evaluated ? "last evaluation" : "last steps", ": chosen ", nats(chosen), ", rejected ",
        nats(rejected),
        " nats). Such losses raise only the difference; to keep the chosen response ",
        "likely, use --loss dpo:1,sft:1 or dpop");
  }

 private:
  static constexpr double least_fall = 0.01;  // nats per response

  struct moved {
    double chosen = 0, rejected = 0;  // sums of rewards
    std::int64_t count = 0;
  };

  static void add(const std::vector<prefopt::metric>& metrics, moved& to) {
    const auto chosen = prefopt::find_metric(metrics, "rewards/chosen");
    const auto rejected = prefopt::find_metric(metrics, "rewards/rejected");
    if (!chosen || !rejected) return;
    to.chosen += *chosen;
    to.rejected += *rejected;
    ++to.count;
  }
  static std::string nats(double value) { return prefopt::detail::formatted("%.2f", value); }

  double scale_;
  moved last_steps_, last_evaluation_;
};

}  // namespace program::detail
