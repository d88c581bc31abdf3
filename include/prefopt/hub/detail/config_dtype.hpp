// SPDX-License-Identifier: MIT
#pragma once
// What a config.json says about the type of the weights.

#include <string>

#include <nlohmann/json.hpp>

#include "prefopt/hub/save_options.hpp"

namespace prefopt::inline v0_2::detail {

/// Sets `dtype`, of transformers 5, if it is there, and `torch_dtype`, of transformers 4, unless
/// only the other one is.
inline void set_dtype(nlohmann::json& config, weight_type type) {
  const std::string name(name_of(type));
  if (config.contains("torch_dtype") || !config.contains("dtype")) config["torch_dtype"] = name;
  if (config.contains("dtype")) config["dtype"] = name;
}

}  // namespace prefopt::inline v0_2::detail
