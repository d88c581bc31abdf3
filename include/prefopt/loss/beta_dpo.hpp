// SPDX-License-Identifier: MIT
#pragma once
// beta-DPO, Wu et al. 2024, arXiv:2407.08639: DPO whose beta follows the step's margins, on the
// pairs that a step keeps,
//
//   loss = -log sigmoid(b h),  b = max(0.001, beta (1 + a (mean of h over the kept pairs - M)))
//
// h is the margin of summed log-probs. M and s are running averages (memory 0.9) of the steps' mean
// and standard deviation of h. Of the P pairs of a step, int(P (1 - filtered)) are kept, drawn
// without replacement by exp(-(h - M)^2 / (2 s^2)): a pair far from the usual margin is an outlier
// or already learned. b is held constant. If the loss is only evaluated, all pairs are kept.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/loss/batch_pairs.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/margin.hpp"
#include "prefopt/loss/sorted_order.hpp"

namespace prefopt::inline v0_2 {

/// The draw depends on the seed and the number of steps observed. Pairs are left out only of the
/// step that was observed last, which is recognized by its margins.
struct beta_dpo {
  double beta = 0.1;         ///< above 0
  double sensitivity = 0.6;  ///< a, at least 0
  double filtered = 0.2;     ///< share of a step's pairs to leave out, at least 0 and below 1
  std::uint64_t seed = 42;

  /// The state that it carries from step to step: M, s and the number of steps.
  struct running_margin {
    double mean = 0;
    double deviation = 0;
    double steps = 0;
  } running = {};

  /// The draw of `observe`.
  struct drawn_step {
    std::vector<double> margins;    // [P]
    std::vector<std::size_t> kept;  // indices of pairs
  } drawn = {};

  static constexpr std::string_view name = "beta_dpo";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  /// Keeps at least one pair. A pair that is left out has loss 0; the others count for it, so that
  /// the step's mean is that of the kept pairs.
  [[nodiscard]] batch_losses operator()(const response_groups& groups) const {
    const std::vector<double> margins = margins_of(groups);
    const std::vector<std::size_t> kept =
        margins == drawn.margins ? drawn.kept : all_of(margins.size());
    double mean = 0;
    for (const std::size_t p : kept) mean += margins[p] / static_cast<double>(kept.size());
    const double steered = std::max(beta * (1 + sensitivity * (mean - running.mean)), 1e-3);
    const double share = static_cast<double>(margins.size()) / static_cast<double>(kept.size());
    batch_losses results{std::vector<double>(margins.size()),
                         std::vector<double>(2 * margins.size())};
    for (const std::size_t p : kept) {
      results.losses[p] = share * log1p_exp(-steered * margins[p]);
      results.slopes[2 * p] = -share * steered * sigmoid(-steered * margins[p]);
      results.slopes[2 * p + 1] = -results.slopes[2 * p];
    }
    return results;
  }

  void observe(const response_groups& groups) {
    const std::vector<double> margins = margins_of(groups);
    if (margins.empty()) return;
    const auto count = static_cast<double>(margins.size());
    const double mean = std::accumulate(margins.begin(), margins.end(), 0.0) / count;
    double squares = 0;
    for (const double h : margins) squares += (h - mean) * (h - mean);
    running.mean = 0.9 * running.mean + 0.1 * mean;
    running.deviation =
        0.9 * running.deviation + 0.1 * (count > 1 ? std::sqrt(squares / (count - 1)) : 0);
    running.steps += 1;
    drawn = {margins, draw(margins)};
  }

  [[nodiscard]] std::vector<double> state() const {
    return {running.mean, running.deviation, running.steps};
  }

  void restore(std::span<const double> state) {
    if (state.size() != 3 || !std::isfinite(state[0]) || !(state[1] >= 0) || !(state[2] >= 0))
      throw value_error(
          concat(name, ": an invalid state of ", state.size(), " numbers, expected three"));
    running = {state[0], state[1], state[2]};
    drawn = {};
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const beta_dpo& loss) {
    check_beta(name, loss.beta);
    if (!(std::isfinite(loss.sensitivity) && loss.sensitivity >= 0))
      throw value_error(concat(name, ": sensitivity is ", loss.sensitivity,
                               ", expected a finite number of at least 0"));
    if (!(loss.filtered >= 0 && loss.filtered < 1))
      throw value_error(
          concat(name, ": filtered is ", loss.filtered, ", expected 0 <= filtered < 1"));
  }

 private:
  [[nodiscard]] static std::vector<double> margins_of(const response_groups& groups) {
    std::vector<double> margins;
    for (const pair_log_probs& pair : batch_pairs(name, groups))
      margins.push_back(preference_margin(pair));
    return margins;
  }

  [[nodiscard]] static std::vector<std::size_t> all_of(std::size_t count) {
    std::vector<std::size_t> indices(count);
    std::iota(indices.begin(), indices.end(), std::size_t{0});
    return indices;
  }

  /// The pairs that are kept, in their order. Efraimidis and Spirakis 2006: the greatest log(u) /
  /// weight, u uniform.
  [[nodiscard]] std::vector<std::size_t> draw(std::span<const double> margins) const {
    std::vector<std::size_t> order = all_of(margins.size());
    const auto keep = std::max<std::size_t>(
        1, static_cast<std::size_t>(static_cast<double>(margins.size()) * (1 - filtered)));
    if (keep == order.size()) return order;
    random_generator random(seed, static_cast<std::uint64_t>(running.steps));
    // log of -log(u) / weight: the smallest are kept, and no weight is too small to be represented
    std::vector<double> keys;
    for (const double h : margins) {
      const double away = running.deviation > 0 ? (h - running.mean) / running.deviation : 0;
      keys.push_back(std::log(-std::log1p(-random.uniform())) + away * away / 2);
    }
    order = sorted_order(keys);
    order.resize(keep);
    std::ranges::sort(order);
    return order;
  }
};

}  // namespace prefopt::inline v0_2
