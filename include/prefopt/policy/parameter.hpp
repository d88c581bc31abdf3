// SPDX-License-Identifier: MIT
#pragma once
// A named tensor of a policy: its shape, its value and its gradient.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// One tensor. The spans point into the policy's storage, wherever its backend keeps it, and stay
/// valid as long as the policy does. The rest describes the policy: the library's models return
/// constants, and `set_trainable` changes what is trained.
template <class Real>
struct parameter {
  std::string name;                ///< as in the checkpoint
  std::vector<std::size_t> shape;  ///< row-major
  std::span<Real> value;
  std::span<Real> gradient;  ///< as long as the value; may be empty if the tensor does not train
  bool trainable = true;     ///< if not, optimizer and gradient norm skip it
  bool decays = false;       ///< weight decay applies: matrices and embeddings
};

}  // namespace prefopt::inline v0_2
