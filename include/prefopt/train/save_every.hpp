// SPDX-License-Identifier: MIT
#pragma once
// save_every: a callback that saves at a fixed interval of steps and at the end, by calling your
// function.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/train/callbacks.hpp"

namespace prefopt::inline v0_2 {

/// `save_every{500, [&](const auto& trainer, const step_report& step) { ...; return path; }}`: the
/// function writes the policy and `trainer.state()` and returns the name under which both can be
/// found.
template <class Save>
class save_every {
 public:
  /// `interval` in steps; 0: only at the end. Throws value_error if it is negative.
  save_every(std::int64_t interval, Save save) : interval_(interval), save_(std::move(save)) {
    if (interval < 0)
      throw value_error(concat("save_every: an interval of ", interval, " steps, expected >= 0"));
  }

  template <class Trainer>
    requires requires(Save& function, const Trainer& trainer, const step_report& step) {
      { function(trainer, step) } -> std::convertible_to<std::string>;
    }
  [[nodiscard]] std::optional<std::string> save(const Trainer& trainer, const step_report& step) {
    if (!is_due(step, interval_)) return std::nullopt;
    return save_(trainer, step);
  }

 private:
  std::int64_t interval_;
  Save save_;
};

}  // namespace prefopt::inline v0_2
