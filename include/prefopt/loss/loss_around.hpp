// SPDX-License-Identifier: MIT
#pragma once
// loss_around: forwards what belongs to a wrapped loss, so that nothing of it is lost: its state
// from step to step, the scale of its rewards, its checks.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/core/host_device.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/loss_hash.hpp"
#include "prefopt/loss/token_losses.hpp"

namespace prefopt::inline v0_2 {

/// Base of a loss around `loss`. A derived class adds `inputs`, a call operator, `reduction` if
/// needed, and its own `check` if it has hyper-parameters.
template <preference_loss Loss>
struct loss_around {
  Loss loss;

  PREFOPT_HOST_DEVICE constexpr explicit loss_around(Loss inner = Loss{})
      : loss(std::move(inner)) {}

  [[nodiscard]] bool couples() const { return prefopt::couples(loss); }
  [[nodiscard]] bool carries_state() const { return prefopt::carries_state(loss); }
  [[nodiscard]] double reward_scale() const { return prefopt::reward_scale(loss); }
  [[nodiscard]] bool reads_means() const { return prefopt::reads_means(loss); }
  [[nodiscard]] std::uint64_t parts_hash() const { return loss_hash(loss); }

  /// Observes tokens, or reduced numbers if the inner loss reads them unchanged.
  void observe(const token_groups& groups) { prefopt::observe(loss, groups); }
  void observe(const response_groups& groups)
    requires stateful_loss<Loss>
  {
    loss.observe(groups);
  }
  [[nodiscard]] std::vector<double> state() const { return state_of(loss); }
  void restore(std::span<const double> state) { restore_state(loss, state); }

  friend void check(const loss_around& self) { check(self.loss); }
};

}  // namespace prefopt::inline v0_2
