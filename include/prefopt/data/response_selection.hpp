// SPDX-License-Identifier: MIT
#pragma once
// response_selection: which responses of each example a program reads: those of certain places, all
// that answer the example's own prompt, or the best of these alone.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "prefopt/core/best_score.hpp"
#include "prefopt/data/example.hpp"

namespace prefopt {

/// Where the best response to the example's own prompt stands, by score, of equal ones the first;
/// response_count(example) where there is none.
template <example_like Example>
[[nodiscard]] std::size_t best_role(const Example& example) {
  return best_score(response_count(example),
                    [&](std::size_t role) { return response_score(example, role); });
}

/// A set of places that depends on the example's scores only.
class response_selection {
 public:
  /// All responses.
  response_selection() = default;

  /// Those of these places, whether they are there or not; none named: all.
  response_selection(std::initializer_list<std::int32_t> roles) : roles_(roles) {}
  response_selection(std::vector<std::int32_t> roles) : roles_(std::move(roles)) {}

  /// All but those that answer another prompt.
  [[nodiscard]] static response_selection own() { return response_selection(kind::own); }
  /// The best of those, as best_role finds it.
  [[nodiscard]] static response_selection best() { return response_selection(kind::best); }

  /// Calls `visit(std::int32_t role)` for each response of the example that is selected.
  template <example_like Example, class Visitor>
  void for_each(const Example& example, const Visitor& visit) const {
    const std::size_t count = response_count(example);
    if (!roles_.empty()) {
      for (const std::int32_t role : roles_) visit(role);
    } else if (kind_ == kind::best) {
      if (const std::size_t role = best_role(example); role != count)
        visit(static_cast<std::int32_t>(role));
    } else {
      for (std::size_t role = 0; role < count; ++role)
        if (kind_ == kind::all || !std::isnan(response_score(example, role)))
          visit(static_cast<std::int32_t>(role));
    }
  }

 private:
  enum class kind { all, own, best };
  explicit response_selection(kind which) : kind_(which) {}

  std::vector<std::int32_t> roles_;
  kind kind_ = kind::all;
};

}  // namespace prefopt
