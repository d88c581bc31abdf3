// SPDX-License-Identifier: MIT
#pragma once
// The requirements on a model that returns numbers instead of tokens: how good the text so far is
// (a reward), or how good it will become (a value).

#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "prefopt/backend/concepts.hpp"
#include "prefopt/core/parameter_range.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/policy/backend_of.hpp"

namespace prefopt::inline v0_2 {

/// Returns a number for a path of tokens.
/// Needs: `values(batch, rows)`, const, which keeps nothing: one number per requested row, for the
/// path that ends there. Rows may be in any order and repeat. Promises: a row's number depends only
/// on its path, up to rounding.
template <class Model>
concept scalar_model = requires(const Model& model, const prefix_tree_batch& batch,
                                std::span<const std::int32_t> rows) {
  { model.values(batch, rows) } -> std::same_as<std::vector<double>>;
};

/// A forward pass of a scalar model that owns its activations. Needs: `values()`, one per row;
/// `backward(slopes)`, which takes d loss / d values and adds to the model's gradients; called at
/// most once.
template <class Pass>
concept scalar_pass = std::movable<Pass> &&
                      requires(Pass& pass, const Pass& constant, std::span<const double> slopes) {
                        { constant.values() } -> std::convertible_to<std::span<const double>>;
                        pass.backward(slopes);
                      };

/// A scalar model that can be trained. Needs: (1) scalar_model; (2) `forward(batch, rows)` returns
/// a scalar_pass; (3) `parameters()` and `backend()` as for a trainable_policy. Promises: what a
/// trainable_policy promises.
template <class Model>
concept trainable_scalar_model =
    scalar_model<Model> &&
    requires(Model& model, const prefix_tree_batch& batch, std::span<const std::int32_t> rows) {
      { model.forward(batch, rows) } -> scalar_pass;
      { backend_of(model) } -> optimizer_backend_reference;
      requires !detail::has_own_backend<Model> || detail::has_own_backend<const Model>;
      requires parameter_range<decltype(model.parameters()),
                               typename backend_type_of<Model>::value_type>;
    };

}  // namespace prefopt::inline v0_2
