// SPDX-License-Identifier: MIT
#pragma once
// tensor_view: a non-owning pointer with extents and strides. Operations take it and backends
// return it; it may point to host or device memory, and its holder knows which. Strides count
// elements; the last axis is dense (stride 1), so a row is always a run of memory.

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "prefopt/core/host_device.hpp"

namespace prefopt::inline v0_2 {

/// A view with `Rank` axes of memory that something else owns. Copying it copies the pointer.
template <class T, std::size_t Rank>
class tensor_view {
  static_assert(Rank >= 1, "a tensor_view has at least one axis");

 public:
  using element_type = T;
  static constexpr std::size_t rank = Rank;

  tensor_view() = default;

  /// Dense, row-major.
  PREFOPT_HOST_DEVICE constexpr tensor_view(T* data, std::array<std::size_t, Rank> extents)
      : data_(data), extents_(extents) {
    std::size_t stride = 1;
    for (std::size_t axis = Rank; axis-- > 0;) {
      strides_[axis] = stride;
      stride *= extents[axis];
    }
  }

  /// With strides in elements; the last must be 1.
  PREFOPT_HOST_DEVICE constexpr tensor_view(T* data, std::array<std::size_t, Rank> extents,
                                            std::array<std::size_t, Rank> strides)
      : data_(data), extents_(extents), strides_(strides) {}

  /// A writable view converts to a read-only one.
  template <class U>
    requires(std::is_const_v<T> && std::is_same_v<U, std::remove_const_t<T>>)
  PREFOPT_HOST_DEVICE constexpr tensor_view(const tensor_view<U, Rank>& other)
      : data_(other.data()), extents_(other.extents()), strides_(other.strides()) {}

  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr T* data() const { return data_; }
  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr std::size_t extent(std::size_t axis) const {
    return extents_[axis];
  }
  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr std::size_t stride(std::size_t axis) const {
    return strides_[axis];
  }
  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr const std::array<std::size_t, Rank>& extents() const {
    return extents_;
  }
  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr const std::array<std::size_t, Rank>& strides() const {
    return strides_;
  }

  /// Number of elements.
  [[nodiscard]] constexpr std::size_t size() const {
    std::size_t product = 1;
    for (const std::size_t extent : extents_) product *= extent;
    return product;
  }

  /// Whether the elements are stored one after another without gaps.
  [[nodiscard]] constexpr bool is_contiguous() const {
    return strides_ == tensor_view(data_, extents_).strides_;
  }

  /// The element at (i, j, ...), unchecked.
  template <class... Index>
    requires(sizeof...(Index) == Rank && (std::is_integral_v<Index> && ...))
  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr T& operator()(Index... indices) const {
    const std::size_t at[Rank] = {static_cast<std::size_t>(indices)...};
    std::size_t offset = 0;
    for (std::size_t axis = 0; axis < Rank; ++axis) offset += at[axis] * strides_[axis];
    return data_[offset];
  }

  /// Rows [begin, end) of the first axis.
  [[nodiscard]] constexpr tensor_view rows(std::size_t begin, std::size_t end) const {
    auto extents = extents_;
    extents[0] = end - begin;
    return {data_ + begin * strides_[0], extents, strides_};
  }

 private:
  T* data_ = nullptr;
  std::array<std::size_t, Rank> extents_{};
  std::array<std::size_t, Rank> strides_{};
};

template <class T>
using vector_view = tensor_view<T, 1>;
template <class T>
using matrix_view = tensor_view<T, 2>;

/// `count` columns of a matrix.
template <class T>
[[nodiscard]] constexpr matrix_view<T> columns(const matrix_view<T>& matrix, std::size_t first,
                                               std::size_t count) {
  return {matrix.data() + first, {matrix.extent(0), count}, matrix.strides()};
}

/// A matrix [N, H * D] as [N, H, D], whatever the distance of its rows; as [N, 1, C] by default.
template <class T>
[[nodiscard]] constexpr tensor_view<T, 3> split_columns(matrix_view<T> matrix,
                                                        std::size_t parts = 1) {
  const std::size_t size = matrix.extent(1) / parts;
  return {matrix.data(), {matrix.extent(0), parts, size}, {matrix.stride(0), size, 1}};
}

}  // namespace prefopt::inline v0_2
