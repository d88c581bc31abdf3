// SPDX-License-Identifier: MIT
#pragma once
// check_finite: reports non-finite weights with their tensor's name when they are read and written.
// If they were found later, the data or the learning rate would be blamed.

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2::detail {

/// The index of the first value that is infinite or not a number, values.size() if all are finite.
/// One pass over the bits, which vectorizes and which compiler options for fast arithmetic cannot
/// optimize away.
template <stored_number Number>
[[nodiscard]] std::size_t first_not_finite(std::span<const Number> values) {
  using bits =
      std::conditional_t<sizeof(Number) == 2, std::uint16_t,
                         std::conditional_t<sizeof(Number) == 4, std::uint32_t, std::uint64_t>>;
  constexpr bits exponent = static_cast<bits>(sizeof(Number) == 2   ? 0x7F80u
                                              : sizeof(Number) == 4 ? 0x7F800000u
                                                                    : 0x7FF0000000000000u);
  const auto is_bad = [](Number value) {
    return (std::bit_cast<bits>(value) & exponent) == exponent;
  };
  constexpr std::size_t block = 4096;
  for (std::size_t begin = 0; begin < values.size(); begin += block) {
    const auto part = values.subspan(begin, std::min(block, values.size() - begin));
    bits bad = 0;
    for (const Number value : part) bad = static_cast<bits>(bad | bits{is_bad(value)});
    if (bad != 0)
      return begin + static_cast<std::size_t>(std::ranges::find_if(part, is_bad) - part.begin());
  }
  return values.size();
}

/// "[2, 0]", an element's index in a tensor of that shape; "[]" in a scalar.
[[nodiscard]] inline std::string describe_location(std::size_t element,
                                                   const std::vector<std::size_t>& shape) {
  std::vector<std::size_t> index(shape.size());
  for (std::size_t i = shape.size(); i-- > 0;) {
    index[i] = element % shape[i];
    element /= shape[i];
  }
  return describe_shape(index);
}

/// "nan", "infinity", "-infinity" or the number.
template <std::floating_point Real>
[[nodiscard]] std::string describe_value(Real value) {
  if (value != value) return "nan";
  if (value - value != 0) return value > 0 ? "infinity" : "-infinity";
  return concat(value);
}

/// Throws format_error, naming file, tensor and index, unless all values read from a tensor are
/// finite.
template <std::floating_point Real>
void check_finite(const safetensors_archive::item& item, std::span<const Real> values) {
  const std::size_t at = first_not_finite(values);
  if (at == values.size()) return;
  // a value that float32 made infinite may be finite in the file
  std::vector<double> stored(values.size());
  item.file->read(*item.entry, std::span(stored));
  const bool is_beyond = first_not_finite(std::span<const double>(stored).subspan(at, 1)) == 1;
  throw format_error(concat(item.file->name(), ": tensor ", printable(item.entry->name), " holds ",
                            describe_value(stored[at]), " at ",
                            describe_location(at, item.entry->shape),
                            is_beyond ? ", beyond float32" : "", "; expected finite numbers"));
}

}  // namespace prefopt::inline v0_2::detail
