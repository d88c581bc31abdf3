// SPDX-License-Identifier: MIT
#pragma once
// weights_hash: 64 bits that tell one set of weights from another.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt {

namespace detail {

/// FNV-1a by words of 64 bits, with the upper half folded down after each, or the low bits would never see it. It
/// guards against mistakes, not against somebody who looks for a collision.
class word_hash {
 public:
  constexpr void add(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0x100000001b3;
    hash_ ^= hash_ >> 32;
  }
  /// Never 0, which stands for "not known".
  [[nodiscard]] constexpr std::uint64_t value() const { return hash_ == 0 ? 1 : hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace detail

/// Of the values of all tensors, bit by bit. Memory: one tensor on the host.
template <class Policy>
[[nodiscard]] std::uint64_t weights_hash(Policy& policy) {
  using real = typename std::remove_cvref_t<decltype(policy.machine())>::value_type;
  using bits = std::conditional_t<sizeof(real) == 8, std::uint64_t, std::uint32_t>;
  detail::word_hash hash;
  std::vector<real> values;
  for (auto&& parameter : policy.parameters()) {
    values.resize(parameter.value.size());
    policy.machine().copy_to_host(std::span<const real>(parameter.value), std::span(values));
    hash.add(values.size());
    for (const real value : values) hash.add(std::bit_cast<bits>(value));
  }
  return hash.value();
}

}  // namespace prefopt
