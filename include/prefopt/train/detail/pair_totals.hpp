// SPDX-License-Identifier: MIT
#pragma once
// Pairs as they come, summed up for a report: mean loss, metrics, tokens.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "prefopt/data/example.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/metrics.hpp"
#include "prefopt/train/detail/pair_reading.hpp"
#include "prefopt/train/metric.hpp"

namespace prefopt::detail {

template <pairwise_loss Loss>
class pair_totals {
 public:
  explicit pair_totals(const Loss& loss) : metrics_(loss) {}

  /// `data` is what the pair's index counts in.
  void add(const pair_reading& pair, std::span<const tokenized_pair> data) {
    const tokenized_pair& text = data[pair.example];
    tokens_ += text.prompt.size() + text.chosen.size();
    if constexpr (Loss::inputs.rejected) tokens_ += text.prompt.size() + text.rejected.size();
    metrics_.add(pair.sums);
    // Running, so that equal losses have exactly their value as mean.
    loss_ += (pair.result.loss - loss_) / static_cast<double>(metrics_.pairs());
  }

  [[nodiscard]] std::int64_t pairs() const { return metrics_.pairs(); }
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

}  // namespace prefopt::detail
