// SPDX-License-Identifier: MIT
#pragma once
// progress_bar: shows a run on the console. On a terminal it redraws one line with loss, accuracy,
// margin, speed and time left, the first three as means over about the last ten steps; elsewhere it
// prints a plain line per log, with the numbers of that step.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>
#include <unistd.h>

#include "prefopt/core/error.hpp"
#include "prefopt/train/callbacks.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// A number in a printf `format`.
inline std::string formatted(const char* format, double value) {
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), format, value);
  return {text.data(),
          static_cast<std::size_t>(std::clamp(length, 0, static_cast<int>(text.size()) - 1))};
}

/// 75 seconds as 1:15, 3675 as 1:01:15.
inline std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e9) + 0.5);
  const auto two_digits = [](std::int64_t part) { return concat(part < 10 ? "0" : "", part); };
  const std::int64_t hours = whole / 3600, minutes = whole / 60 % 60;
  const std::string tail = concat(":", two_digits(whole % 60));
  return hours > 0 ? concat(hours, ":", two_digits(minutes), tail) : concat(minutes, tail);
}

/// The metrics that fit a console, if they are present.
inline std::string short_metrics(double loss, const std::vector<metric>& metrics,
                                 std::string_view prefix) {
  std::string text = concat(prefix, "loss ", formatted("%.4f", loss));
  if (const auto accuracy = find_metric(metrics, "rewards/accuracies"))
    text += concat("  accuracy ", formatted("%.2f", *accuracy));
  if (const auto margin = find_metric(metrics, "rewards/margins"))
    text += concat("  margin ", formatted("%.3f", *margin));
  return text;
}

/// Exponential means of the reports so far, each with a tenth of the new value; the first counts no
/// more than the others.
class recent_means {
 public:
  void add(const step_report& report) {
    weight_ += share * (1 - weight_);
    loss_ += share * (report.loss - loss_);
    for (const metric& one : report.metrics) {
      auto mean = std::ranges::find(metrics_, one.name, &metric::name);
      if (mean == metrics_.end()) mean = metrics_.insert(mean, {one.name, 0});
      mean->value += share * (one.value - mean->value);
    }
  }
  [[nodiscard]] double loss() const { return loss_ / weight_; }
  [[nodiscard]] std::vector<metric> metrics() const {
    std::vector<metric> means = metrics_;
    for (metric& mean : means) mean.value /= weight_;
    return means;
  }

 private:
  static constexpr double share = 0.1;
  double weight_ = 0;  // of all reports; the rest is the weight of the zeros before the first
  double loss_ = 0;
  std::vector<metric> metrics_;
};

}  // namespace detail

/// Where and how often a progress_bar writes.
struct progress_bar_options {
  std::FILE* stream = stderr;
  /// plain lines: one every `log_every` steps, and at the first and the last
  std::int64_t log_every = 1;
  /// detect: a bar if the stream is a terminal
  enum class style { detect, bar, lines } style = style::detect;
};

/// A trainer's callback. It only writes to its stream.
class progress_bar {
 public:
  /// Throws value_error for a log_every below 1.
  explicit progress_bar(progress_bar_options options = {})
      : options_(options), start_(std::chrono::steady_clock::now()) {
    if (options_.log_every < 1)
      throw value_error(concat("progress_bar: log_every is ", options_.log_every));
    using style = enum progress_bar_options::style;
    draws_bar_ = options_.style == style::bar ||
                 (options_.style == style::detect && ::isatty(::fileno(options_.stream)) != 0);
  }
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;
  ~progress_bar() { close_bar(); }

  void on_step(const step_report& report) {
    ++steps_seen_;
    means_.add(report);
    const bool last = report.step == report.total_steps;
    if (draws_bar_) {
      write(concat("\r", bar(report), "\x1b[K"));
      bar_is_open_ = true;
      if (last) close_bar();
    } else if (last || steps_seen_ == 1 || report.step % options_.log_every == 0) {
      write(concat(line(report), "\n"));
    }
  }

  void on_evaluate(const evaluation_report& report) {
    write_line(concat("evaluation after step ", report.step, "  ",
                      detail::short_metrics(report.loss, report.metrics, "eval_"), "  ",
                      report.examples, " pairs"));
  }

  void on_save(const std::string& name) { write_line(concat("saved ", name)); }

 private:
  [[nodiscard]] std::string bar(const step_report& report) const {
    constexpr std::int64_t width = 24;
    const std::int64_t filled = report.step * width / std::max<std::int64_t>(1, report.total_steps);
    std::string cells(static_cast<std::size_t>(width), '.');
    std::fill_n(cells.begin(), std::clamp<std::int64_t>(filled, 0, width), '#');
    return concat("[", cells, "] ", report.step, "/", report.total_steps, "  ",
                  tail(report, means_.loss(), means_.metrics()));
  }

  [[nodiscard]] std::string line(const step_report& report) const {
    return concat("step ", report.step, "/", report.total_steps, "  epoch ",
                  detail::formatted("%.2f", report.epoch), "  ",
                  tail(report, report.loss, report.metrics));
  }

  [[nodiscard]] std::string tail(const step_report& report, double loss,
                                 const std::vector<metric>& metrics) const {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
    const auto left = static_cast<double>(report.total_steps - report.step);
    return concat(detail::short_metrics(loss, metrics, ""), "  ",
                  detail::formatted("%.1f", report.pairs_per_second), " pairs/s  ",
                  detail::clock_text(spent.count() / static_cast<double>(steps_seen_) * left),
                  " left");
  }

  void write_line(const std::string& text) {
    write(concat(bar_is_open_ ? "\r\x1b[K" : "", text, "\n"));
    bar_is_open_ = false;
  }

  void close_bar() {
    if (bar_is_open_) write("\n");
    bar_is_open_ = false;
  }

  void write(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), options_.stream);
    std::fflush(options_.stream);
  }

  progress_bar_options options_;
  std::chrono::steady_clock::time_point start_;
  std::int64_t steps_seen_ = 0;
  detail::recent_means means_;
  bool draws_bar_ = false;
  bool bar_is_open_ = false;
};

}  // namespace prefopt::inline v0_2
