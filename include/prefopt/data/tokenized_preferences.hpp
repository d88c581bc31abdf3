// SPDX-License-Identifier: MIT
#pragma once
// tokenized_preferences: a data set that is ready to be packed, and what became of the records that it was made from.

#include <cstddef>
#include <string>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"

namespace prefopt {

/// Counts of pairs.
struct tokenize_report {
  std::size_t total = 0;            ///< read
  std::size_t kept = 0;             ///< left to train on
  std::size_t dropped_empty = 0;    ///< dropped: a side had no response token left
  std::size_t dropped_equal = 0;    ///< dropped: both responses were equal
  std::size_t boundary_merges = 0;  ///< of all: a merge crossed from the prompt into a response
  std::size_t truncated = 0;        ///< of those kept: cut to the maximal length

  friend bool operator==(const tokenize_report&, const tokenize_report&) = default;
};

/// The counts in words, for a console or a message; what is zero is left out.
[[nodiscard]] inline std::string describe(const tokenize_report& report) {
  std::string text = join(report.kept, " of ", report.total, " pairs");
  const auto add = [&](std::size_t count, const char* what) {
    if (count != 0) text += join(", ", count, ' ', what);
  };
  add(report.dropped_empty, "dropped without a response token");
  add(report.dropped_equal, "dropped with equal responses");
  add(report.truncated, "truncated");
  add(report.boundary_merges, "with a token across the end of the prompt");
  return text;
}

/// Pairs of token ids, with where each came from. A contiguous range of tokenized_pair.
struct tokenized_preferences {
  std::vector<tokenized_pair> pairs;
  std::vector<std::size_t> lines;  ///< of each pair: its line in the file, or its place in the input, from 1
  tokenize_report report;

  [[nodiscard]] std::size_t size() const { return pairs.size(); }
  [[nodiscard]] const tokenized_pair* data() const { return pairs.data(); }
  [[nodiscard]] const tokenized_pair& operator[](std::size_t i) const { return pairs[i]; }
  [[nodiscard]] auto begin() const { return pairs.begin(); }
  [[nodiscard]] auto end() const { return pairs.end(); }
};

}  // namespace prefopt
