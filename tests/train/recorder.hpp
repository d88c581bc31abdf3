// SPDX-License-Identifier: MIT
#pragma once
// A run short enough to be stopped after each of its steps, and a callback that keeps what the run
// reports.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/train/callbacks.hpp"
#include "prefopt/train/evaluation_report.hpp"
#include "prefopt/train/step_report.hpp"
#include "prefopt/train/trainer_options.hpp"

namespace prefopt::tests {

/// Keeps all reports; stops after a step if told to.
struct recorder {
  std::int64_t stop_after = -1;
  std::vector<step_report> reports = {};
  std::vector<evaluation_report> evaluations = {};

  run_control on_step(const step_report& report) {
    reports.push_back(report);
    return report.step == stop_after ? run_control::stop : run_control::keep_going;
  }
  void on_evaluate(const evaluation_report& report) { evaluations.push_back(report); }
};

// 11 pairs by 4: steps of 4, 4 and 3 pairs.
inline const trainer_options short_run{.learning_rate = 0.05,
                                       .schedule = schedule::cosine,
                                       .warmup_steps = 2,
                                       .weight_decay = 0.1,
                                       .batch_size = 4,
                                       .tokens_per_microbatch = 40,
                                       .epochs = 3};

/// To the last bit, except for the time that steps took.
inline void check_equal_reports(const std::vector<step_report>& a,
                                const std::vector<step_report>& b) {
  BOOST_REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    BOOST_TEST(a[i].step == b[i].step);
    BOOST_TEST(a[i].epoch == b[i].epoch);
    BOOST_TEST(a[i].loss == b[i].loss);
    BOOST_TEST((a[i].metrics == b[i].metrics));
    BOOST_TEST(a[i].grad_norm == b[i].grad_norm);
    BOOST_TEST(a[i].learning_rate == b[i].learning_rate);
    BOOST_TEST(a[i].num_tokens == b[i].num_tokens);
  }
}

}  // namespace prefopt::tests
