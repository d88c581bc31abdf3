// SPDX-License-Identifier: MIT
#pragma once
// loss_around: what a loss that is made of another one passes on, so that nothing of the inner loss
// is lost: what it carries from step to step, the scale of its rewards, its checks.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/core/host_device.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/loss_hash.hpp"
#include "prefopt/loss/token_losses.hpp"

namespace prefopt {

/// Base of a loss around `loss`. What derives from it adds `inputs`, a call operator, `reduction`
/// if it is asked for, and a `check` of its own where it has hyper-parameters.
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

  /// As tokens come, and as reduced numbers do where the inner loss reads them as they are.
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

}  // namespace prefopt
