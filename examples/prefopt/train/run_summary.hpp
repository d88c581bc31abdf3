// SPDX-License-Identifier: MIT
#pragma once
// What `prefopt train` prints about a run: a header before it, and a table of its beginning and end
// after it.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/runs/progress_bar.hpp>
#include <prefopt/train/evaluation_report.hpp>
#include <prefopt/train/metric.hpp>
#include <prefopt/train/step_report.hpp>
#include "data.hpp"
#include "train/options.hpp"

namespace program::detail {

/// Prints the model, the loss, the data, the steps, and the memory that does not depend on the
/// batch: weights, gradients, AdamW's two moments, all in float32, and a second model's weights if
/// the reference is one.
inline void print_header(const options& o, const run_data& data, std::size_t parameters,
                         std::int64_t total_steps) {
  using prefopt::concat;
  using prefopt::detail::formatted;
  const auto count = static_cast<double>(parameters);
  const bool reads = o.loss->loss.inputs.reference;
  const std::size_t reference_bytes = o.reference_bytes();
  const std::string reference =
      concat("; reference: ", o.reference.empty() ? "the model as it is now" : o.reference,
             o.sync_reference ? ", which then moves" : "");
  std::printf("model: %s, %s parameters\n", o.model.c_str(),
              count < 1e6 ? concat(parameters).c_str() : formatted("%.1f M", count / 1e6).c_str());
  std::printf("loss: %s%s\n", o.loss->spec.c_str(), reads ? reference.c_str() : "");
  std::printf("data: %zu %s%s\n", data.train.examples.size(), noun_of(data.train.form),
              data.eval.examples.empty()
                  ? ""
                  : concat(", ", data.eval.examples.size(), " for evaluation").c_str());
  std::printf("steps: %lld, each of %lld %s\n", static_cast<long long>(total_steps),
              static_cast<long long>(o.trainer.batch_size), noun_of(data.train.form));
  std::printf(
      "memory: %s MiB for weights, gradients, and optimizer%s, plus a micro-batch's activations\n",
      formatted("%.1f", count * static_cast<double>(16 + reference_bytes) / (1 << 20)).c_str(),
      reference_bytes == 0 ? "" : ", and the reference");
}

/// A trainer's callback that keeps what a run begins and ends with: the means over the first and
/// the last tenth of its steps, and its first and last evaluation.
class run_table {
 public:
  void on_step(const prefopt::step_report& report) {
    const std::int64_t tenth = std::max<std::int64_t>(1, report.total_steps / 10);
    if (first_step_ == 0) first_step_ = report.step;
    if (report.step < first_step_ + tenth) add(first_steps_, report);
    if (report.step > report.total_steps - tenth || report.last) add(last_steps_, report);
  }
  void on_evaluate(const prefopt::evaluation_report& report) {
    if (first_evaluation_.count == 0) add(first_evaluation_, report);
    last_evaluation_ = {};
    add(last_evaluation_, report);
  }

  /// The table in lines; empty without a step.
  [[nodiscard]] std::string text() const {
    std::vector<const column*> shown;
    for (const column* one : {&first_steps_, &last_steps_, &first_evaluation_, &last_evaluation_})
      if (one->count > 0 && (shown.empty() || shown.back()->title() != one->title()))
        shown.push_back(one);
    if (shown.empty()) return {};
    std::string lines(name_width, ' ');
    for (const column* one : shown) lines += padded(one->title());
    for (std::size_t row = 0; row < names.size(); ++row) {
      if (shown[0]->present[row] == 0) continue;
      lines += '\n';
      lines += names[row];
      lines.append(name_width - names[row].size(), ' ');
      for (const column* one : shown)
        lines += padded(one->present[row] == 0
                            ? "-"
                            : prefopt::detail::formatted(
                                  "%.4f", one->sums[row] / static_cast<double>(one->present[row])));
    }
    return lines + '\n';
  }

 private:
  static constexpr std::array<std::string_view, 7> names{
      "loss",         "rewards/accuracies", "rewards/margins", "rewards/chosen", "rewards/rejected",
      "logps/chosen", "logps/rejected"};
  static constexpr std::size_t name_width = 20, column_width = 18;

  struct column {
    std::string_view what;
    std::int64_t from = 0, to = 0, count = 0;  // steps
    std::array<double, names.size()> sums{};
    std::array<std::int64_t, names.size()> present{};

    [[nodiscard]] std::string title() const {
      return from == to ? prefopt::concat(what, ' ', to)
                        : prefopt::concat(what, "s ", from, '-', to);
    }
  };

  /// One step's or evaluation's numbers.
  template <class Report>
  static void add(column& to, const Report& report) {
    to.what = std::is_same_v<Report, prefopt::step_report> ? "step" : "evaluation";
    if (to.count == 0) to.from = report.step;
    to.to = report.step;
    ++to.count;
    to.sums[0] += report.loss;
    ++to.present[0];
    for (std::size_t row = 1; row < names.size(); ++row)
      if (const auto value = prefopt::find_metric(report.metrics, names[row])) {
        to.sums[row] += *value;
        ++to.present[row];
      }
  }

  static std::string padded(const std::string& text) {
    const std::size_t width = std::max(column_width, text.size() + 2);
    return std::string(width - text.size(), ' ') + text;
  }

  std::int64_t first_step_ = 0;
  column first_steps_, last_steps_, first_evaluation_, last_evaluation_;
};

}  // namespace program::detail
