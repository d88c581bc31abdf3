// SPDX-License-Identifier: MIT
#pragma once
// run_plan: which examples each optimizer step of a run reads. A pure function of the number of
// examples and the options, so that a run can continue from any step without a stored order. Steps
// never span epochs; an epoch's last one may be short.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/train/trainer_options.hpp"

namespace prefopt::inline v0_2 {

/// The steps of a run over `examples` examples, counted from 0.
class run_plan {
 public:
  /// Throws value_error if there are no examples, or more steps than can be counted.
  run_plan(std::size_t examples, const trainer_options& options)
      : examples_(examples),
        batch_size_(static_cast<std::size_t>(options.batch_size)),
        seed_(options.seed),
        shuffle_(options.shuffle) {
    if (examples == 0) throw value_error("trainer: no examples to train on");
    steps_per_epoch_ = static_cast<std::int64_t>((examples - 1) / batch_size_ + 1);
    if (options.max_steps == 0 &&
        options.epochs > std::numeric_limits<std::int64_t>::max() / steps_per_epoch_) {
      throw value_error(concat("trainer: ", options.epochs, " epochs of ", steps_per_epoch_,
                               " steps are too many"));
    }
    total_steps_ = options.max_steps != 0 ? options.max_steps : options.epochs * steps_per_epoch_;
  }

  [[nodiscard]] std::int64_t steps_per_epoch() const { return steps_per_epoch_; }
  [[nodiscard]] std::int64_t total_steps() const { return total_steps_; }

  /// Epochs done after `steps` steps, with a fraction, as Hugging Face's trainer logs them.
  [[nodiscard]] double epochs_after(std::int64_t steps) const {
    return static_cast<double>(steps / steps_per_epoch_) +
           static_cast<double>(steps % steps_per_epoch_) / static_cast<double>(steps_per_epoch_);
  }

  /// The examples of one step, by their index in the data set. The span is valid until the next
  /// call. Cost: that of the shuffle if the epoch is not the last call's.
  [[nodiscard]] std::span<const std::size_t> members(std::int64_t step) {
    const std::int64_t epoch = step / steps_per_epoch_;
    if (epoch != epoch_) {
      order_ = order_of(epoch);
      epoch_ = epoch;
    }
    const auto first = static_cast<std::size_t>(step % steps_per_epoch_) * batch_size_;
    return std::span<const std::size_t>(order_).subspan(first,
                                                        std::min(batch_size_, examples_ - first));
  }

 private:
  [[nodiscard]] std::vector<std::size_t> order_of(std::int64_t epoch) const {
    if (shuffle_) return shuffled_indices(examples_, seed_, static_cast<std::uint64_t>(epoch));
    std::vector<std::size_t> order(examples_);
    std::iota(order.begin(), order.end(), std::size_t{0});
    return order;
  }

  std::size_t examples_;
  std::size_t batch_size_;
  std::uint64_t seed_;
  bool shuffle_;
  std::int64_t steps_per_epoch_ = 0;
  std::int64_t total_steps_ = 0;
  std::int64_t epoch_ = -1;
  std::vector<std::size_t> order_;
};

}  // namespace prefopt::inline v0_2
