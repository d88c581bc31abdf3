// SPDX-License-Identifier: MIT
#pragma once
// frozen_tensors: which tensors of a model are not trained. A model holds one, reports its content
// in `parameters()`, and lets users change it by name.

#include <string>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

/// Initially none.
class frozen_tensors {
 public:
  [[nodiscard]] bool contains(std::string_view name) const {
    for (const std::string& one : names_)
      if (one == name) return true;
    return false;
  }

  /// `parameters`: the model's. Throws value_error if none has that name.
  template <class Parameters>
  void set(const Parameters& parameters, std::string_view name, bool trainable) {
    bool known = false;
    for (const auto& parameter : parameters) known = known || parameter.name == name;
    if (!known) throw value_error(concat("set_trainable: the model has no tensor named ", name));
    std::erase(names_, name);
    if (!trainable) names_.emplace_back(name);
  }

 private:
  std::vector<std::string> names_;
};

}  // namespace prefopt::inline v0_2
