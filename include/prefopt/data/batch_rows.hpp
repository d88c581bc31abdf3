// SPDX-License-Identifier: MIT
#pragma once
// The rows of a batch that heads other than the language model's read, as lists for a scalar_model.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"

namespace prefopt::inline v0_2 {

/// [S]: where each sequence ends; at that row, a model has read all of it. A reward is read there.
[[nodiscard]] inline std::vector<std::int32_t> last_rows(const prefix_tree_batch& batch) {
  std::vector<std::int32_t> rows;
  rows.reserve(batch.sequences.size());
  for (const tree_sequence& sequence : batch.sequences) rows.push_back(sequence.last_row);
  return rows;
}

/// [M]: the row that predicts each target; at that row, a model has read everything before it. A
/// value is read there.
[[nodiscard]] inline std::vector<std::int32_t> target_rows(const prefix_tree_batch& batch) {
  std::vector<std::int32_t> rows;
  rows.reserve(batch.targets.size());
  for (const tree_target& target : batch.targets) rows.push_back(target.row);
  return rows;
}

/// Throws value_error for a row that the batch does not have.
inline void check_rows_read(const prefix_tree_batch& batch, std::span<const std::int32_t> rows) {
  for (const std::int32_t row : rows)
    if (row < 0 || std::cmp_greater_equal(row, batch.tokens.size()))
      throw value_error(
          concat("batch: row ", row, " requested, expected one below ", batch.tokens.size()));
}

}  // namespace prefopt::inline v0_2
