// SPDX-License-Identifier: MIT
#pragma once
// The widest vector of the instruction set that a translation unit is built for, as the compilers'
// native vector type: arithmetic uses operators, and a multiplication followed by an addition
// becomes one fused instruction if the processor has one.

#include <cstddef>
#include <cstring>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail {

#if defined(__AVX512F__)
inline constexpr std::size_t vector_bytes = 64, vector_registers = 32;
#elif defined(__AVX__)
inline constexpr std::size_t vector_bytes = 32, vector_registers = 16;
#elif defined(__aarch64__)
inline constexpr std::size_t vector_bytes = 16, vector_registers = 32;
#else
inline constexpr std::size_t vector_bytes = 16, vector_registers = 16;
#endif

/// Loads from memory that is aligned only for Real. The vector may be wider than the instruction
/// set's: functions cannot return such a vector in a register.
template <class Vector, class Real>
[[gnu::always_inline]] inline void load(Vector& to, const Real* from) {
  std::memcpy(&to, from, sizeof to);
}

template <class Vector, class Real>
[[gnu::always_inline]] inline void store(Real* to, const Vector& vector) {
  std::memcpy(to, &vector, sizeof vector);
}

}  // namespace prefopt::inline v0_2::detail
