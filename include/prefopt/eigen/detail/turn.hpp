// SPDX-License-Identifier: MIT
#pragma once
// turn: lets threads add to one sum in a fixed order, so that its bits do not depend on which of
// them comes first.

#include <atomic>
#include <cstddef>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail {

/// The turn `mine` of the turns 0, 1, ... that `next` counts. Ends with the object, whether the
/// holder has added anything or has thrown; until then, later turns wait. Whoever holds an earlier
/// turn must run on another thread or be through.
class turn {
 public:
  turn(std::atomic<std::size_t>& next, std::size_t mine) : next_(next), mine_(mine) {}
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  ~turn() {
    wait();
    next_.store(mine_ + 1);
    next_.notify_all();
  }

  /// Returns once all earlier turns have ended.
  void wait() const {
    for (std::size_t now = next_.load(); now != mine_; now = next_.load()) next_.wait(now);
  }

 private:
  std::atomic<std::size_t>& next_;
  std::size_t mine_;
};

}  // namespace prefopt::inline v0_2::detail
