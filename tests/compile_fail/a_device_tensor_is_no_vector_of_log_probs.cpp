// expects: vector_like|host_tensor
// SPDX-License-Identifier: MIT

#include <array>

#include "prefopt/loss/evaluate_pairs.hpp"
#include "prefopt/loss/sft.hpp"

struct far_away {};

template <>
struct prefopt::tensor_traits<far_away> {
  using value_type = double;
  static constexpr std::size_t rank = 1;
#ifdef CONTROL
  static constexpr memory_space space = memory_space::host;
#else
  static constexpr memory_space space = memory_space::device;
#endif
  static std::array<std::size_t, 1> extents(const far_away&) { return {1}; }
  static void copy(const far_away&, double* to) { *to = 0; }
};

double loss(const far_away& log_probs) {
  return prefopt::evaluate_pairs(prefopt::sft{}, log_probs).loss;
}
