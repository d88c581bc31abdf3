// SPDX-License-Identifier: MIT
#pragma once
// activation_backend: a backend that also holds the tensors between layers, in a type that may
// differ from that of parameters, and moves rows of them. The families of operations in this folder
// build on it.
//
// Legend of this folder: N rows of the packed batch, R head rows, M targets, C channels, I inner
// channels, V vocabulary, H heads, D channels a head. Matrices are row-major. An operation assigns
// its outputs unless its comment says that it adds to them, and checks no shapes: models validate
// on entry. The law of every family: the same call gives the same bits, and a backward is the
// adjoint of its forward up to rounding.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "prefopt/backend/concepts.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2 {

/// Holds the tensors between layers.
/// Needs: storage_backend, whose `value_type` is that of parameters, gradients and statistics;
/// `activation_type`; `scratch<T>(n)`, like allocate but with any content, for temporaries of a
/// step; `copy_from_host(from, to)` and `copy_to_host(from, to)` of activations; and these
/// operations:
///
/// - `clear(values)` assigns zeros.
/// - `gather_rows(from, rows, out)`: out [R, C] = the selected rows of `from` [N, C].
/// - `scatter_add_rows(from, rows, out)`, its backward: adds the rows of `from` [R, C] to the
/// selected
///   rows of out [N, C], all distinct.
template <class M>
concept activation_backend =
    storage_backend<M> && requires(const M& backend, std::span<const std::int32_t> rows,
                                   matrix_view<typename M::activation_type> out,
                                   matrix_view<const typename M::activation_type> in,
                                   std::span<typename M::activation_type> activations,
                                   std::span<const typename M::activation_type> read_activations) {
      {
        backend.template scratch<typename M::value_type>(std::size_t{}).data()
      } -> std::same_as<typename M::value_type*>;
      {
        backend.template scratch<typename M::activation_type>(std::size_t{}).data()
      } -> std::same_as<typename M::activation_type*>;
      backend.copy_from_host(read_activations, activations);
      backend.copy_to_host(read_activations, activations);
      backend.clear(out);
      backend.gather_rows(in, rows, out);
      backend.scatter_add_rows(in, rows, out);
    };

}  // namespace prefopt::inline v0_2
