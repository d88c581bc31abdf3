// SPDX-License-Identifier: MIT
#pragma once
// The element types of a safetensors file, and the conversion of floating-point ones to float or
// double.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/float16.hpp"

namespace prefopt::inline v0_2 {

/// A type: its name in the format and its size in bytes.
struct tensor_type {
  std::string_view name;
  std::size_t bytes;

  friend bool operator==(const tensor_type&, const tensor_type&) = default;
};

inline constexpr tensor_type float64_type{"F64", 8};
inline constexpr tensor_type float32_type{"F32", 4};
inline constexpr tensor_type float16_type{"F16", 2};
inline constexpr tensor_type bfloat16_type{"BF16", 2};

/// A number that a file can hold without conversion.
template <class T>
concept stored_number = std::floating_point<T> || std::same_as<T, bfloat16>;

/// The type in which such numbers are stored.
template <stored_number Number>
inline constexpr tensor_type tensor_type_of = std::same_as<Number, double>     ? float64_type
                                              : std::same_as<Number, bfloat16> ? bfloat16_type
                                                                               : float32_type;

/// The type with that name, or nullptr. A file may hold types that are never read; their sizes must
/// still add up.
[[nodiscard]] inline const tensor_type* find_tensor_type(std::string_view name) {
  static constexpr std::array types{float64_type,
                                    float32_type,
                                    float16_type,
                                    bfloat16_type,
                                    tensor_type{"BOOL", 1},
                                    tensor_type{"U8", 1},
                                    tensor_type{"I8", 1},
                                    tensor_type{"I16", 2},
                                    tensor_type{"U16", 2},
                                    tensor_type{"I32", 4},
                                    tensor_type{"U32", 4},
                                    tensor_type{"I64", 8},
                                    tensor_type{"U64", 8},
                                    tensor_type{"F8_E4M3", 1},
                                    tensor_type{"F8_E5M2", 1}};
  const auto type = std::ranges::find(types, name, &tensor_type::name);
  return type == types.end() ? nullptr : &*type;
}

namespace detail {

template <class Stored, class Real>
void convert_elements(std::span<const std::byte> bytes, std::span<Real> to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    Stored element;
    std::memcpy(&element, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    if constexpr (std::floating_point<Stored>)
      to[i] = static_cast<Real>(element);
    else
      to[i] = static_cast<Real>(static_cast<float>(element));
  }
}

}  // namespace detail

/// Whether `decode_elements` can read elements of this type.
[[nodiscard]] inline bool is_floating_point(const tensor_type& type) {
  return type == float64_type || type == float32_type || type == float16_type ||
         type == bfloat16_type;
}

/// Converts little-endian elements of a floating-point type to Reals; `bytes` holds to.size() of
/// them.
template <std::floating_point Real>
void decode_elements(const tensor_type& type, std::span<const std::byte> bytes,
                     std::span<Real> to) {
  if (type == float64_type) detail::convert_elements<double>(bytes, to);
  if (type == float32_type) detail::convert_elements<float>(bytes, to);
  if (type == float16_type) detail::convert_elements<float16>(bytes, to);
  if (type == bfloat16_type) detail::convert_elements<bfloat16>(bytes, to);
}

}  // namespace prefopt::inline v0_2
