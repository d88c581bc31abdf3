// SPDX-License-Identifier: MIT
#pragma once
// sync_reference: the callback that lets a moving_reference follow the policy.

#include "prefopt/policy/moving_reference.hpp"
#include "prefopt/train/step_report.hpp"

namespace prefopt {

/// `trainer.run(pairs, sync_reference{reference, policy}, ...)`, with that reference as the trainer's. Refers to both.
/// It updates right behind a step: what is evaluated or saved behind the same step sees the new reference, and a run
/// that goes on later needs its weights beside the policy's.
template <trainable_policy Policy>
class sync_reference {
 public:
  /// Throws shape_error where the two are no models of one shape.
  sync_reference(moving_reference<Policy>& reference, Policy& policy) : reference_(&reference), policy_(&policy) {
    reference.require_same_shape(policy);
  }

  void on_step(const step_report& report) {
    if (report.step % reference_->options().sync_steps == 0) reference_->sync(*policy_);
  }

 private:
  moving_reference<Policy>* reference_;
  Policy* policy_;
};

}  // namespace prefopt
