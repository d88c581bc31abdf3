// SPDX-License-Identifier: MIT
#pragma once
// not_finite: stops a run whose numbers are no longer finite. It is never averaged away.

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

/// A loss, log-prob or gradient norm that is infinite or not a number.
class not_finite : public value_error {
 public:
  /// `examples`: those it came from, by their index in the training data or in the held-out data.
  not_finite(const std::string& message, std::vector<std::size_t> examples, bool held_out = false)
      : value_error(message), examples_(std::move(examples)), held_out_(held_out) {}

  [[nodiscard]] const std::vector<std::size_t>& examples() const { return examples_; }

  /// Whether an evaluation within a run met them: they are then indices of its data, not of the
  /// training data.
  [[nodiscard]] bool held_out() const { return held_out_; }

 private:
  std::vector<std::size_t> examples_;
  bool held_out_ = false;
};

namespace detail {

/// "example 3" or "examples 3, 5, 8".
inline std::string example_list(std::span<const std::size_t> examples,
                                const char* noun = "example") {
  std::string text = concat(noun, examples.size() == 1 ? "" : "s");
  for (std::size_t i = 0; i < examples.size(); ++i)
    text += concat(i == 0 ? " " : ", ", examples[i]);
  return text;
}

}  // namespace detail

}  // namespace prefopt::inline v0_2
