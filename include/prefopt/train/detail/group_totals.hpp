// SPDX-License-Identifier: MIT
#pragma once
// Sums up examples for a report as they arrive: mean loss, metrics, tokens.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "prefopt/loss/metrics.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "prefopt/train/detail/group_reading.hpp"
#include "prefopt/train/metric.hpp"

namespace prefopt::inline v0_2::detail {

class group_totals {
 public:
  template <preference_loss Loss>
  explicit group_totals(const Loss& loss) : metrics_(loss) {}

  /// Throws not_finite if a number is not finite.
  void add(const group_reading& read, const token_results& results) {
    const std::vector<response_log_probs> sums = read.sums();
    require_finite(read, sums, results);
    tokens_ += read.tokens();
    const response_groups groups{sums, read.groups().begins};
    for (std::size_t e = 0; e < groups.size(); ++e) {
      metrics_.add(groups[e]);
      // A running mean, so that the mean of equal losses is exactly their value.
      loss_ += (results.losses[e] - loss_) / static_cast<double>(metrics_.examples());
    }
  }

  [[nodiscard]] std::int64_t examples() const { return metrics_.examples(); }
  [[nodiscard]] std::int64_t tokens() const { return static_cast<std::int64_t>(tokens_); }
  [[nodiscard]] double mean_loss() const { return loss_; }

  [[nodiscard]] std::vector<metric> metrics() const {
    std::vector<metric> means;
    metrics_.for_each([&](std::string_view name, double mean) { means.push_back({name, mean}); });
    return means;
  }

 private:
  preference_metrics metrics_;
  std::size_t tokens_ = 0;
  double loss_ = 0;
};

}  // namespace prefopt::inline v0_2::detail
