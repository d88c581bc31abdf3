// SPDX-License-Identifier: MIT
#pragma once
// weights_hash: 64 bits that tell one set of weights from another.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/word_hash.hpp"
#include "prefopt/policy/backend_of.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

template <class Shape>
[[nodiscard]] bool has_no_elements(const Shape& shape) {
  return std::ranges::any_of(shape, [](auto extent) { return extent == 0; });
}

}  // namespace detail

/// Hashes the values of all tensors, bit by bit. Memory: one tensor on the host. Throws value_error
/// for a tensor whose values are not listed, because they are stored in another type.
template <class Policy>
[[nodiscard]] std::uint64_t weights_hash(Policy& policy) {
  using real = typename std::remove_cvref_t<decltype(backend_of(policy))>::value_type;
  using bits = std::conditional_t<sizeof(real) == 8, std::uint64_t, std::uint32_t>;
  detail::word_hash hash;
  std::vector<real> values;
  for (auto&& parameter : policy.parameters()) {
    if (parameter.value.empty() && !parameter.trainable &&
        !detail::has_no_elements(parameter.shape))
      throw value_error(concat("weights_hash: ", parameter.name, " is stored in another type"));
    values.resize(parameter.value.size());
    backend_of(policy).copy_to_host(std::span<const real>(parameter.value), std::span(values));
    hash.add(values.size());
    for (const real value : values) hash.add(std::bit_cast<bits>(value));
  }
  return hash.value();
}

}  // namespace prefopt::inline v0_2
