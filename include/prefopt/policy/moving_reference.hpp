// SPDX-License-Identifier: MIT
#pragma once
// moving_reference: a reference that follows the policy at intervals, as in TR-DPO (Gorbatovski et
// al. 2024, arXiv:2404.09656): soft updates mix in the policy's weights, hard ones (alpha 1) copy
// them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/policy/backend_of.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/policy/weights_hash.hpp"

namespace prefopt::inline v0_2 {

/// Names and defaults as in TRL.
struct moving_reference_options {
  double mixup_alpha = 0.6;       ///< the policy's share in each update, above 0 and at most 1
  std::int64_t sync_steps = 512;  ///< optimizer steps between updates
};

/// Throws value_error for an option outside its range.
inline void check(const moving_reference_options& options) {
  if (!(options.mixup_alpha > 0 && options.mixup_alpha <= 1))
    throw value_error(
        concat("moving_reference: mixup_alpha is ", options.mixup_alpha, ", expected 0 < x <= 1"));
  if (options.sync_steps < 1)
    throw value_error(
        concat("moving_reference: sync_steps is ", options.sync_steps, ", expected >= 1"));
}

/// Models policy_model and following_reference: the trainer that you pass it to updates it. Takes
/// ownership of the initial policy: a copy of the one in training, or a saved one. To continue a
/// run, you need its weights as they were, in addition to the policy's: the trainer's state does
/// not contain them; it knows only their hash and rejects others.
template <trainable_policy Policy>
class moving_reference {
 public:
  static constexpr bool gives_rewards = prefopt::gives_rewards<Policy>();

  /// Throws value_error for invalid options.
  explicit moving_reference(Policy&& start, moving_reference_options options = {})
      : policy_(std::move(start)), options_(options) {
    check(options);
  }

  /// [M], nats.
  [[nodiscard]] std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    return policy_.token_log_probs(batch);
  }

  /// Every weight becomes (1 - alpha) times itself plus alpha times the policy's. Throws
  /// shape_error, and changes nothing, if the two models differ in shape. Memory: two tensors on
  /// the host.
  void sync(Policy& policy) {
    require_same_shape(policy);
    for_each_tensor(policy, [&](const auto& from, const auto& to) { mix(from, to); });
  }

  /// The trainer calls this after each step, counted from 1.
  void after_step(Policy& policy, std::int64_t step) {
    if (step % options_.sync_steps == 0) sync(policy);
  }

  /// The hash of the current weights.
  [[nodiscard]] std::uint64_t weights_hash() const {
    if constexpr (requires { policy_.parameters(); })
      return prefopt::weights_hash(policy_);
    else  // a policy need not list const tensors; these are only read
      return prefopt::weights_hash(const_cast<Policy&>(policy_));
  }

  /// Throws shape_error if `sync` would.
  void require_same_shape(Policy& policy) {
    for_each_tensor(policy, [](const auto&, const auto&) {});
  }

  [[nodiscard]] const Policy& policy() const { return policy_; }
  [[nodiscard]] const moving_reference_options& options() const { return options_; }

 private:
  /// The tensors of the reference, which needs no gradients.
  [[nodiscard]] decltype(auto) to_fill() {
    if constexpr (requires { policy_.tensors(); })
      return policy_.tensors();
    else
      return policy_.parameters();
  }

  template <class Visit>
  void for_each_tensor(Policy& policy, const Visit& visit) {
    auto&& own = to_fill();
    auto&& others = policy.parameters();
    if (std::size(own) != std::size(others))
      throw shape_error(concat("moving_reference: ", std::size(own),
                               " tensors, but the policy has ", std::size(others)));
    auto other = std::begin(others);
    for (auto&& parameter : own) {
      auto&& from = *other++;
      if (from.shape != parameter.shape)
        throw shape_error(
            concat("moving_reference: tensor ", parameter.name, " has ", parameter.value.size(),
                   " elements, or another shape than the policy's, which has ", from.value.size()));
      visit(from, parameter);
    }
  }

  template <class Parameter>
  void mix(const Parameter& from, const Parameter& to) {
    using real = typename std::remove_cvref_t<decltype(backend_of(policy_))>::value_type;
    std::vector<real> before(to.value.size()), policy(to.value.size());
    backend_of(policy_).copy_to_host(std::span<const real>(to.value), std::span(before));
    backend_of(policy_).copy_to_host(std::span<const real>(from.value), std::span(policy));
    for (std::size_t i = 0; i < before.size(); ++i)
      before[i] = static_cast<real>((1 - options_.mixup_alpha) * static_cast<double>(before[i]) +
                                    options_.mixup_alpha * static_cast<double>(policy[i]));
    backend_of(policy_).copy_from_host(std::span<const real>(before), to.value);
  }

  Policy policy_;
  moving_reference_options options_;
};

}  // namespace prefopt::inline v0_2
