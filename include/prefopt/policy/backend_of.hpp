// SPDX-License-Identifier: MIT
#pragma once
// backend_of: the backend that holds a policy's numbers. A policy without a backend() member keeps
// them in host memory.

#include <concepts>
#include <ranges>
#include <type_traits>
#include <utility>

#include "prefopt/backend/concepts.hpp"
#include "prefopt/backend/host.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

template <class Policy>
concept has_own_backend = requires(Policy& policy) { policy.backend(); };

/// Its parameters' values are spans of numbers in host memory, as far as a type can say so.
template <class Policy>
concept lists_numbers = requires(Policy& policy) {
  requires std::floating_point<
      std::remove_cv_t<typename decltype(std::ranges::range_value_t<
                                         decltype(policy.parameters())>::value)::element_type>>;
};

}  // namespace detail

/// `policy.backend()`, or the host's backend for the numbers that `policy.parameters()` lists.
template <class Policy>
  requires detail::has_own_backend<Policy> || detail::lists_numbers<Policy>
[[nodiscard]] decltype(auto) backend_of(Policy& policy) {
  if constexpr (detail::has_own_backend<Policy>) {
    return policy.backend();
  } else {
    static_assert(!detail::has_own_backend<std::remove_const_t<Policy>>,
                  "the policy's backend() must be const too");
    using parameter = std::ranges::range_value_t<decltype(policy.parameters())>;
    using real = std::remove_cv_t<typename decltype(parameter::value)::element_type>;
    static const host_backend<real> host{};
    return (host);
  }
}

/// A reference to an optimizer_backend: it outlives the call.
template <class T>
concept optimizer_backend_reference =
    std::is_lvalue_reference_v<T> && optimizer_backend<std::remove_reference_t<T>>;

/// The type of a policy's backend.
template <class Policy>
using backend_type_of = std::remove_reference_t<decltype(backend_of(std::declval<Policy&>()))>;

}  // namespace prefopt::inline v0_2
