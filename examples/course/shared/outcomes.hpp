// SPDX-License-Identifier: MIT
#pragma once
// The outcomes of training runs over seeds: the table that lessons print, and the numbers for its
// picture.

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "course/shared/lesson.hpp"

namespace course {

/// A run that has ended.
struct outcome {
  double reward = 0;      ///< true reward above the reference's
  double divergence = 0;  ///< KL(policy || reference), nats
  double seconds = 0;     ///< of training
};

/// A line of the table: runs that differ only in their seeds.
class outcomes {
 public:
  outcomes(std::string method, double number) : method_(std::move(method)), number_(number) {}

  void add(const outcome& one) {
    rewards_.push_back(one.reward);
    divergences_.push_back(one.divergence);
    seconds_.push_back(one.seconds);
  }

  [[nodiscard]] const std::string& method() const { return method_; }
  /// what is varied: a coefficient, a rate
  [[nodiscard]] double number() const { return number_; }
  [[nodiscard]] const std::vector<double>& rewards() const { return rewards_; }
  [[nodiscard]] spread reward() const { return spread_of(rewards_); }
  [[nodiscard]] spread divergence() const { return spread_of(divergences_); }
  [[nodiscard]] spread seconds() const { return spread_of(seconds_); }

 private:
  std::string method_;
  double number_;
  std::vector<double> rewards_;
  std::vector<double> divergences_;
  std::vector<double> seconds_;
};

/// Prints the lines as the region NAME of the page, with a heading for the number, and writes
/// NAME's file.
inline void report(const lesson& run, const std::vector<outcomes>& lines, const char* name,
                   const char* number) {
  const lesson::region table(name);
  csv_file csv = run.csv({"method", number, "reward", "reward_sd", "kl", "kl_sd", "seconds"}, name);
  std::printf("%-22s %8s   gained reward     divergence, nats   seconds\n", "method", number);
  for (const outcomes& one : lines) {
    const spread reward = one.reward(), divergence = one.divergence();
    const double seconds = one.seconds().mean;
    std::printf("%-22s %8g   %+6.2f +- %-5.2f   %6.2f +- %-5.2f    %.2f\n", one.method().c_str(),
                one.number(), reward.mean, reward.deviation, divergence.mean, divergence.deviation,
                seconds);
    csv.row(one.method(), {one.number(), reward.mean, reward.deviation, divergence.mean,
                           divergence.deviation, seconds});
  }
}

}  // namespace course
