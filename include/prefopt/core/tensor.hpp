// SPDX-License-Identifier: MIT
#pragma once
// The types that the library accepts as tensors. `tensor_traits` describes a type: its element
// type, its rank, its extents and where its elements live. The concepts below build on it, and
// functions build on the concepts, so that the same call takes a std::vector, an Eigen array, an
// xtensor expression or your own type. Modeled here: std::vector, std::array, std::span of numbers,
// and tensor_view. prefopt/eigen.hpp and prefopt/xtensor.hpp add their libraries' types.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2 {

/// Where a tensor's elements can be read.
enum class memory_space { host, device };

/// The rank of tensors whose rank is known only at run time.
inline constexpr std::size_t dynamic_rank = std::numeric_limits<std::size_t>::max();

/// Specialize this for a tensor type T (no const, no reference).
/// All: `value_type`; `static constexpr std::size_t rank`, or dynamic_rank; `static constexpr
/// memory_space space`; `extents(const T&)`, a range of integers, one per axis. On the host:
/// `copy(const T&, value_type* to)`, which writes all elements in row-major order, so lazy
/// expressions are evaluated once. If they are stored in that order without gaps: `data(T&)` and
/// `data(const T&)`, a pointer to the first.
template <class T>
struct tensor_traits;

/// The traits of a type that may be const or a reference.
template <class T>
using tensor_traits_of = tensor_traits<std::remove_cvref_t<T>>;

/// A type with elements, rank and extents, in any memory; also its const and reference forms.
/// Needs: value_type, rank, space and extents in its traits. Not required: that it owns its
/// elements or has already computed them.
template <class T>
concept tensor_like = requires(const std::remove_cvref_t<T>& tensor) {
  typename tensor_traits_of<T>::value_type;
  requires std::same_as<decltype(tensor_traits_of<T>::rank), const std::size_t>;
  requires std::same_as<decltype(tensor_traits_of<T>::space), const memory_space>;
  { tensor_traits_of<T>::extents(tensor) } -> std::ranges::input_range;
  requires std::integral<
      std::ranges::range_value_t<decltype(tensor_traits_of<T>::extents(tensor))>>;
};

/// A tensor whose elements the host can read.
/// Needs: (1) tensor_like in host memory; (2) copy in its traits.
template <class T>
concept host_tensor =
    tensor_like<T> && tensor_traits_of<T>::space == memory_space::host &&
    requires(const std::remove_cvref_t<T>& tensor, typename tensor_traits_of<T>::value_type* to) {
      tensor_traits_of<T>::copy(tensor, to);
    };

/// A row of real numbers on the host: log-probs, slopes, rewards.
/// Needs: (1) host_tensor; (2) a floating-point element: an integer where a log-prob belongs is a
/// token id in the wrong place; (3) rank 1 or dynamic_rank. Functions that take it reject a dynamic
/// rank other than 1 at run time.
template <class T>
concept vector_like =
    host_tensor<T> && std::floating_point<typename tensor_traits_of<T>::value_type> &&
    (tensor_traits_of<T>::rank == 1 || tensor_traits_of<T>::rank == dynamic_rank);

/// A tensor whose elements are in host memory in row-major order without gaps, so that `as_view`
/// can view it. Needs: (1) host_tensor; (2) data in its traits.
template <class T>
concept contiguous_tensor = host_tensor<T> && requires(std::remove_reference_t<T>& tensor) {
  {
    tensor_traits_of<T>::data(tensor)
  } -> std::convertible_to<const typename tensor_traits_of<T>::value_type*>;
};

/// Number of axes.
template <tensor_like T>
[[nodiscard]] std::size_t tensor_rank(const T& tensor) {
  if constexpr (tensor_traits_of<T>::rank != dynamic_rank) return tensor_traits_of<T>::rank;
  std::size_t rank = 0;
  for ([[maybe_unused]] const auto extent : tensor_traits_of<T>::extents(tensor)) ++rank;
  return rank;
}

/// Number of elements: the product of the extents.
template <tensor_like T>
[[nodiscard]] std::size_t tensor_size(const T& tensor) {
  std::size_t product = 1;
  for (const auto extent : tensor_traits_of<T>::extents(tensor))
    product *= static_cast<std::size_t>(extent);
  return product;
}

namespace detail {

/// The element types that make a standard container a tensor: numbers, not Booleans or characters.
template <class T>
concept number = std::is_arithmetic_v<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                 !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                 !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

/// Traits of types with data() and size().
template <class T, class Element>
struct contiguous_range_traits {
  using value_type = std::remove_cv_t<Element>;
  static constexpr std::size_t rank = 1;
  static constexpr memory_space space = memory_space::host;

  [[nodiscard]] static std::array<std::size_t, 1> extents(const T& values) {
    return {values.size()};
  }
  static void copy(const T& values, value_type* to) {
    std::copy_n(values.data(), values.size(), to);
  }
  [[nodiscard]] static auto data(T& values) { return values.data(); }
  [[nodiscard]] static auto data(const T& values) { return values.data(); }
};

}  // namespace detail

template <detail::number T, class Allocator>
struct tensor_traits<std::vector<T, Allocator>>
    : detail::contiguous_range_traits<std::vector<T, Allocator>, T> {};

template <detail::number T, std::size_t N>
struct tensor_traits<std::array<T, N>> : detail::contiguous_range_traits<std::array<T, N>, T> {};

template <class T, std::size_t N>
  requires detail::number<std::remove_cv_t<T>>
struct tensor_traits<std::span<T, N>> : detail::contiguous_range_traits<std::span<T, N>, T> {};

/// A view that you pass to a function over these concepts must point to host memory. With two or
/// more axes it may have gaps between its rows, so it has no `data` here.
template <class T, std::size_t Rank>
  requires detail::number<std::remove_cv_t<T>>
struct tensor_traits<tensor_view<T, Rank>> {
  using value_type = std::remove_cv_t<T>;
  static constexpr std::size_t rank = Rank;
  static constexpr memory_space space = memory_space::host;

  [[nodiscard]] static std::array<std::size_t, Rank> extents(const tensor_view<T, Rank>& view) {
    return view.extents();
  }

  static void copy(const tensor_view<T, Rank>& view, value_type* to) {
    if (view.size() != 0) copy_axis<0>(view, view.data(), to);
  }

  [[nodiscard]] static T* data(const tensor_view<T, Rank>& view)
    requires(Rank == 1)
  {
    return view.data();
  }

 private:
  template <std::size_t Axis>
  static value_type* copy_axis(const tensor_view<T, Rank>& view, const T* from, value_type* to) {
    const std::size_t extent = view.extent(Axis);
    if constexpr (Axis + 1 == Rank) {
      return std::copy_n(from, extent, to);
    } else {
      for (std::size_t i = 0; i < extent; ++i)
        to = copy_axis<Axis + 1>(view, from + i * view.stride(Axis), to);
      return to;
    }
  }
};

}  // namespace prefopt::inline v0_2
