// SPDX-License-Identifier: MIT
#pragma once
// A policy and critic whose numbers each identify the whole path that they are for, so that none
// can be confused.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "prefopt/data/prefix_tree_batch.hpp"

namespace prefopt::tests {

struct path_reader {
  double salt = 0;

  /// Between -1 and 1.
  [[nodiscard]] double number(std::span<const token_id> path) const {
    double number = salt;
    for (const token_id token : path)
      number = std::sin(3 * number + static_cast<double>(token) + 1);
    return number;
  }

  /// [M], of each target's path, including the target.
  [[nodiscard]] std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    std::vector<double> all;
    for_each_sequence(batch, [&](const sequence_path& path) {
      for (const std::size_t p : path.targets)
        all.push_back(number(path.tokens.first(p + 1)) - 1.5);
    });
    return all;
  }

  /// [rows], of the path that ends at each.
  [[nodiscard]] std::vector<double> values(const prefix_tree_batch& batch,
                                           std::span<const std::int32_t> rows) const {
    std::map<std::int32_t, double> at;
    for_each_sequence(batch, [&](const sequence_path& path) {
      for (std::size_t p = 0; p < path.rows.size(); ++p)
        at[path.rows[p]] = number(path.tokens.first(p + 1));
    });
    std::vector<double> all;
    for (const std::int32_t row : rows) all.push_back(at.at(row));
    return all;
  }
};

}  // namespace prefopt::tests
