// SPDX-License-Identifier: MIT
#pragma once
// The requirements on a model that is scored or trained. Models see a batch and slopes, never a
// loss.

#include <concepts>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/backend/concepts.hpp"
#include "prefopt/core/parameter_range.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/policy/backend_of.hpp"

namespace prefopt::inline v0_2 {

/// Anything that returns log-probs for a batch: a model, a frozen model, a cache.
/// Needs: `token_log_probs(batch)`, const, which keeps nothing: M numbers in nats, one per target,
/// in the batch's order. Promises: a sequence's numbers do not depend, up to rounding, on the other
/// sequences of the batch.
template <class P>
concept policy_model = requires(const P& policy, const prefix_tree_batch& batch) {
  { policy.token_log_probs(batch) } -> std::same_as<std::vector<double>>;
};

/// A forward pass that owns its activations; it must not outlive its policy.
/// Needs: `log_probs()`, M numbers in nats; `backward(slopes)`, which takes d loss / d log_probs
/// [M] and adds to the policy's gradients; called at most once.
template <class Pass>
concept policy_pass = std::movable<Pass> &&
                      requires(Pass& pass, const Pass& constant, std::span<const double> slopes) {
                        { constant.log_probs() } -> std::convertible_to<std::span<const double>>;
                        pass.backward(slopes);
                      };

/// A policy that can be trained.
/// Needs: (1) policy_model; (2) `forward(batch)` returns a policy_pass; (3) `parameters()`: a
/// parameter_range of its backend's numbers, such as a range of `parameter`, in an order that never
/// changes; (4) `backend()`, const, by reference: holds its numbers and has the optimizer's
/// operations; a policy without one keeps its numbers in host memory.
/// Promises: forward and token_log_probs return the same numbers, up to rounding; while the
/// parameters do not change, several passes may coexist and run backward in any order.
template <class P>
concept trainable_policy = policy_model<P> && requires(P& policy, const prefix_tree_batch& batch) {
  { policy.forward(batch) } -> policy_pass;
  { backend_of(policy) } -> optimizer_backend_reference;
  requires !detail::has_own_backend<P> || detail::has_own_backend<const P>;
  requires parameter_range<decltype(policy.parameters()), typename backend_type_of<P>::value_type>;
};

/// Whether a policy's numbers are rewards instead of log-probs, like those of a `reward_model`.
template <class P>
[[nodiscard]] constexpr bool gives_rewards() {
  if constexpr (requires { P::gives_rewards; }) return P::gives_rewards;
  return false;
}

/// A policy that knows its whole distributions. Needs: `token_square_sums(batch)`, log sum_v p(v)^2
/// at each target's row, [M], const; and the same from its passes as `square_sums()`.
template <class P>
concept has_collision_probs =
    requires(P& policy, const P& constant, const prefix_tree_batch& batch) {
      { constant.token_square_sums(batch) } -> std::same_as<std::vector<double>>;
      { policy.forward(batch).square_sums() } -> std::same_as<std::vector<double>>;
    };

/// A policy that measures how far its distributions are from those of a reference of the same kind.
/// Needs: `token_divergences(batch, reference)`, KL(reference || policy) at each target's row, [M]
/// in nats, const; and `forward(batch, reference)`, a pass that returns them as `divergences()` and
/// whose `backward(slopes, divergence_slopes)`, [M] each, propagates both.
template <class P, class Reference>
concept has_kl_divergence =
    requires(P& policy, const P& constant, const Reference& reference,
             const prefix_tree_batch& batch, std::span<const double> slopes) {
      { constant.token_divergences(batch, reference) } -> std::same_as<std::vector<double>>;
      { policy.forward(batch, reference).divergences() } -> std::same_as<std::vector<double>>;
      policy.forward(batch, reference).backward(slopes, slopes);
    };

}  // namespace prefopt::inline v0_2
