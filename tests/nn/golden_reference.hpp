// SPDX-License-Identifier: MIT
#pragma once
// The golden files' reference: log-probs that PyTorch computed with other weights.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/data/prefix_tree_batch.hpp"
#include "nn/golden.hpp"

namespace golden {

/// Models policy_model for the golden pairs, no matter which of them a batch holds.
class reference {
 public:
  explicit reference(const std::string& model) : log_probs_(numbers(model, "reference_log_probs")) {
    std::size_t at = 0;
    for (const auto& pair : pairs(model)) {
      begins_.push_back({at, at + pair.chosen.size()});
      at += pair.chosen.size() + pair.rejected.size();
    }
    BOOST_REQUIRE_EQUAL(at, log_probs_.size());
  }

  [[nodiscard]] std::vector<double> token_log_probs(const prefopt::prefix_tree_batch& batch) const {
    std::vector<double> found;  // [M]
    for (const auto& sequence : batch.sequences) {
      const auto& [chosen, rejected] = begins_.at(static_cast<std::size_t>(sequence.example));
      const std::size_t begin =
          sequence.response_index == prefopt::chosen_index ? chosen : rejected;
      for (std::int32_t i = 0; i < sequence.count; ++i)
        found.push_back(log_probs_.at(begin + static_cast<std::size_t>(i)));
    }
    return found;
  }

 private:
  std::vector<double> log_probs_;                            // [M] of all pairs
  std::vector<std::pair<std::size_t, std::size_t>> begins_;  // of each pair's chosen and rejected
};

}  // namespace golden
