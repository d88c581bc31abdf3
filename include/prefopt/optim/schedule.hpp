// SPDX-License-Identifier: MIT
#pragma once
// Learning-rate schedules with linear warm-up, like Hugging Face's get_*_schedule_with_warmup: step
// k, counted from 0, of `total` steps with `warmup` steps of warm-up runs at the peak rate times
// factor(k). With warm-up, the very first step has rate 0, and the first step after warm-up has the
// full rate; linear and cosine would reach 0 at step `total`, right after the last one.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string_view>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

/// Shape of the learning rate after warm-up.
enum class schedule { constant, linear, cosine };

/// The names of the schedules, in the order of the enumeration.
inline constexpr std::array<std::string_view, 3> schedule_names{"constant", "linear", "cosine"};

[[nodiscard]] constexpr std::string_view name_of(schedule shape) {
  return schedule_names[static_cast<std::size_t>(shape)];
}

/// The schedule with that name. Throws value_error for any other.
[[nodiscard]] inline schedule schedule_from_name(std::string_view name) {
  const auto found = std::ranges::find(schedule_names, name);
  if (found == schedule_names.end()) throw value_error(concat("no schedule named ", name));
  return static_cast<schedule>(found - schedule_names.begin());
}

/// When a schedule starts and ends, in optimizer steps.
struct schedule_span {
  std::int64_t warmup = 0;
  std::int64_t total = 0;
};

/// The factor in [0, 1] on the peak learning rate at step `step`, counted from 0. Throws
/// value_error for negative counts.
[[nodiscard]] inline double learning_rate_factor(schedule shape, std::int64_t step,
                                                 schedule_span span) {
  if (step < 0 || span.warmup < 0 || span.total < 0) {
    throw value_error(
        concat("schedule: step ", step, " of ", span.total, " with ", span.warmup, " of warm-up"));
  }
  const auto ratio = [](std::int64_t part, std::int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(std::max<std::int64_t>(1, whole));
  };
  if (step < span.warmup) return ratio(step, span.warmup);
  const std::int64_t decaying = span.total - span.warmup;
  switch (shape) {
    case schedule::constant:
      return 1;
    case schedule::linear:
      return std::max(0.0, ratio(span.total - step, decaying));
    case schedule::cosine:
      return 0.5 * (1 + std::cos(std::numbers::pi * ratio(step - span.warmup, decaying)));
  }
  throw value_error(concat("schedule: no shape ", static_cast<int>(shape)));
}

}  // namespace prefopt::inline v0_2
