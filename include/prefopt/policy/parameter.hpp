// SPDX-License-Identifier: MIT
#pragma once
// A named tensor of a policy: its shape, its value and its gradient.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt {

/// One trainable tensor. The spans point into the policy's storage, wherever its machine keeps it, and stay valid as
/// long as the policy does.
template <class Real>
struct parameter {
  std::string name;                ///< as in the checkpoint
  std::vector<std::size_t> shape;  ///< row-major
  std::span<Real> value;
  std::span<Real> gradient;
  bool trainable = true;
  bool decays = false;  ///< weight decay falls on it: matrices and embeddings
};

}  // namespace prefopt
