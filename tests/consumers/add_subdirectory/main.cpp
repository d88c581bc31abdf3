// SPDX-License-Identifier: MIT
// A project that keeps prefopt in a subfolder, and uses a loss and the CPU backend.

#include <cmath>
#include <span>
#include <vector>

#include <prefopt/eigen.hpp>
#include <prefopt/loss/dpo.hpp>

int main() {
  const prefopt::eigen_backend<float> backend;
  const std::vector<float> ones(4, 1.0F);
  const std::vector<std::span<const float>> tensors{ones};
  const auto at_start = prefopt::dpo{.beta = 0.1}(prefopt::pair_log_probs{});
  const bool right =
      backend.sum_of_squares(tensors) == 4 && std::abs(at_start.loss - std::log(2.0)) < 1e-15;
  return right ? 0 : 1;
}
