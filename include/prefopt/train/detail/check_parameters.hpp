// SPDX-License-Identifier: MIT
#pragma once
// What a policy's list of parameters must satisfy beyond its types.

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/policy/concepts.hpp"

namespace prefopt::inline v0_2::detail {

/// Throws shape_error unless every parameter has as many values as its shape says and as many
/// gradients, or none if it is frozen, in memory that it does not share with them, and value_error
/// for two with one name. `where` begins the message.
template <trainable_policy Policy>
void check_parameters(const char* where, Policy& policy) {
  std::vector<std::string> names;
  auto&& parameters = policy.parameters();
  for (auto&& parameter : parameters) {
    std::size_t elements = 1;
    for (const auto length : parameter.shape) elements *= static_cast<std::size_t>(length);
    const std::size_t values = parameter.value.size(), gradients = parameter.gradient.size();
    const bool has_none = gradients == 0 && !parameter.trainable;
    if (values != elements || (gradients != values && !has_none))
      throw shape_error(concat(where, ": ", parameter.name, " has ", values, " values and ",
                               gradients, " gradients, expected ", elements, " as its shape says"));
    if (values > 0 && static_cast<const void*>(parameter.value.data()) ==
                          static_cast<const void*>(parameter.gradient.data()))
      throw value_error(concat(where, ": the gradient of ", parameter.name,
                               " is in the same memory as its values"));
    if (std::ranges::find(names, parameter.name) != names.end())
      throw value_error(concat(where, ": two parameters have the name ", parameter.name));
    names.emplace_back(parameter.name);
  }
}

}  // namespace prefopt::inline v0_2::detail
