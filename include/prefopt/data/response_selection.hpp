// SPDX-License-Identifier: MIT
#pragma once
// response_selection: which responses of each example a program reads: those at certain indices,
// all that answer the example's own prompt, or only the best of these.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "prefopt/core/best_score.hpp"
#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2 {

/// The index of the best response to the example's own prompt by score, the first among equals;
/// response_count(example) if there is none.
template <example_like Example>
[[nodiscard]] std::size_t best_response(const Example& example) {
  return best_score(response_count(example),
                    [&](std::size_t index) { return response_score(example, index); });
}

/// A set of indices that depends only on the example's scores.
class response_selection {
 public:
  /// All responses.
  response_selection() = default;

  /// Those at these indices, whether they exist or not; an empty list: all.
  response_selection(std::initializer_list<std::int32_t> responses) : indices_(responses) {}
  response_selection(std::vector<std::int32_t> responses) : indices_(std::move(responses)) {}

  /// All except those that answer another prompt.
  [[nodiscard]] static response_selection own() { return response_selection(kind::own); }
  /// The best of those, as best_response finds it.
  [[nodiscard]] static response_selection best() { return response_selection(kind::best); }

  /// Calls `visit(std::int32_t index)` for each selected response of the example.
  template <example_like Example, class Visitor>
  void for_each(const Example& example, const Visitor& visit) const {
    const std::size_t count = response_count(example);
    if (!indices_.empty()) {
      for (const std::int32_t index : indices_) visit(index);
    } else if (kind_ == kind::best) {
      if (const std::size_t index = best_response(example); index != count)
        visit(static_cast<std::int32_t>(index));
    } else {
      for (std::size_t index = 0; index < count; ++index)
        if (kind_ == kind::all || !std::isnan(response_score(example, index)))
          visit(static_cast<std::int32_t>(index));
    }
  }

 private:
  enum class kind { all, own, best };
  explicit response_selection(kind which) : kind_(which) {}

  std::vector<std::int32_t> indices_;
  kind kind_ = kind::all;
};

}  // namespace prefopt::inline v0_2
