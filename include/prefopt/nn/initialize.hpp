// SPDX-License-Identifier: MIT
#pragma once
// GPT-2's initialization (Radford et al. 2019, section 2.3, as in Hugging Face's code), for every
// family: normal with deviation 0.02, projections into the residual stream divided by
// sqrt(2 layers), biases 0, norms' scales 1.

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "prefopt/core/random.hpp"
#include "prefopt/nn/causal_lm.hpp"

namespace prefopt::inline v0_2 {

/// Fills every tensor of the model. The same seed gives the same weights on every computer.
template <transformer_backend Backend>
void initialize(causal_lm<Backend>& model, std::uint64_t seed) {
  using real = typename Backend::value_type;
  random_generator random(seed);
  const double projection =
      0.02 / std::sqrt(2.0 * static_cast<double>(model.shape().layers.size()));
  const tensor_names& names = model.spec().names;
  const auto projects = [&](std::string_view name) {
    return name.ends_with(concat(names.attention_out, ".weight")) ||
           name.ends_with(concat(names.mlp_out, ".weight"));
  };
  std::vector<real> values;
  for (const auto& parameter : model.tensors()) {
    const std::string_view name = parameter.name;
    values.assign(parameter.value.size(), real(0));
    if (parameter.shape.size() == 2) {
      const double deviation = projects(name) ? projection : 0.02;
      for (real& value : values) value = static_cast<real>(deviation * random.normal());
    } else if (name.ends_with("weight")) {
      values.assign(values.size(), real(1));
    }
    model.backend().copy_from_host(values, parameter.value);
  }
}

}  // namespace prefopt::inline v0_2
