// SPDX-License-Identifier: MIT
#pragma once
// Named numbers, and lists of them: reports use them to carry any loss's numbers to logs.

#include <optional>
#include <string_view>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// The name must outlive the metric; the library's own are literals.
struct metric {
  std::string_view name;
  double value = 0;

  friend bool operator==(const metric&, const metric&) = default;
};

/// The value with that name, if present.
[[nodiscard]] inline std::optional<double> find_metric(const std::vector<metric>& metrics,
                                                       std::string_view name) {
  for (const metric& one : metrics)
    if (one.name == name) return one.value;
  return std::nullopt;
}

}  // namespace prefopt::inline v0_2
