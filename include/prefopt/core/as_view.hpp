// SPDX-License-Identifier: MIT
#pragma once
// as_view: turns any contiguous tensor into the view that operations take.

#include <array>
#include <cstddef>
#include <type_traits>

#include "prefopt/core/error.hpp"
#include "prefopt/core/tensor.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2 {

/// A dense row-major view of a named tensor, const if its elements are. It is valid as long as they
/// stay in place. Specify `Rank` if the type does not know it; throws shape_error if the tensor has
/// a different rank.
template <std::size_t Rank = dynamic_rank, contiguous_tensor T>
  requires(tensor_traits_of<T>::rank != dynamic_rank
               ? Rank == dynamic_rank || Rank == tensor_traits_of<T>::rank
               : Rank != dynamic_rank)
[[nodiscard]] auto as_view(T& tensor) {
  constexpr std::size_t rank = Rank == dynamic_rank ? tensor_traits_of<T>::rank : Rank;
  if (tensor_rank(tensor) != rank) {
    throw shape_error(
        concat("as_view: a tensor of rank ", tensor_rank(tensor), ", expected rank ", rank));
  }
  std::array<std::size_t, rank> extents{};
  std::size_t axis = 0;
  for (const auto extent : tensor_traits_of<T>::extents(tensor))
    extents[axis++] = static_cast<std::size_t>(extent);
  auto* const data = tensor_traits_of<T>::data(tensor);
  return tensor_view<std::remove_pointer_t<decltype(tensor_traits_of<T>::data(tensor))>, rank>(
      data, extents);
}

}  // namespace prefopt::inline v0_2
