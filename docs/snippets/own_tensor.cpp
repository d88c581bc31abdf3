// SPDX-License-Identifier: MIT
// Traits for a container that the library does not know.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <deque>
#include <vector>

#include <prefopt/loss/dpo.hpp>
#include <prefopt/loss/evaluate_pairs.hpp>

// [traits]
template <>
struct prefopt::tensor_traits<std::deque<float>> {
  using value_type = float;
  static constexpr std::size_t rank = 1;
  static constexpr memory_space space = memory_space::host;

  static std::array<std::size_t, 1> extents(const std::deque<float>& values) {
    return {values.size()};
  }
  static void copy(const std::deque<float>& values, float* to) { std::ranges::copy(values, to); }
};
static_assert(prefopt::vector_like<std::deque<float>>);
// stored in pieces: copied, never read in place
static_assert(!prefopt::contiguous_tensor<std::deque<float>>);
// [/traits]

int main() {
  // [mixed]
  const std::deque<float> policy_chosen{-2.5F, -4.0F}, policy_rejected{-3.0F, -4.5F};
  const std::vector<double> reference_chosen{-3.0, -4.5};
  const std::array<float, 2> reference_rejected{-2.5F, -5.0F};

  const prefopt::evaluated_pairs pairs =
      evaluate_pairs(prefopt::dpo{.beta = 0.1}, policy_chosen, policy_rejected, reference_chosen,
                     reference_rejected);
  // [/mixed]
  const double margin = (-2.5 + 3.0) - (-3.0 + 2.5);
  const bool right = std::abs(pairs.losses[0] - std::log1p(std::exp(-0.1 * margin))) < 1e-12;
  std::printf("losses %.6f and %.6f: %s\n", pairs.losses[0], pairs.losses[1],
              right ? "right" : "WRONG");
  return right ? 0 : 1;
}
