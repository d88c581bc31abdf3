// SPDX-License-Identifier: MIT
#pragma once
// A number with a name, and lists of them: what reports carry to logs, whatever a loss has to say.

#include <optional>
#include <string_view>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt {

/// The name must outlive the metric; the library's own are literals.
struct metric {
  std::string_view name;
  double value = 0;

  friend bool operator==(const metric&, const metric&) = default;
};

/// The value of that name, if it is there.
[[nodiscard]] inline std::optional<double> find_metric(const std::vector<metric>& metrics,
                                                       std::string_view name) {
  for (const metric& one : metrics)
    if (one.name == name) return one.value;
  return std::nullopt;
}

}  // namespace prefopt
