// SPDX-License-Identifier: MIT
#pragma once
// Two GPT-2s of a few hundred numbers that differ in all that a configuration can say, and weights
// for them.

#include <cstdint>
#include <string>

#include "prefopt/core/random.hpp"
#include "prefopt/models/gpt2.hpp"

namespace prefopt::tests {

inline const gpt2_config tied = {
    .n_layer = 2, .n_head = 2, .n_embd = 12, .vocab_size = 11, .n_positions = 24};
inline const gpt2_config untied = {.n_layer = 1,
                                   .n_head = 3,
                                   .n_embd = 12,
                                   .n_inner = 20,
                                   .vocab_size = 11,
                                   .n_positions = 24,
                                   .layer_norm_epsilon = 1e-3,
                                   .activation = activation_function::gelu,
                                   .tie_word_embeddings = false};

/// Weights of unit size, so that every path through the model matters.
template <class Model>
void fill(Model& model, std::uint64_t seed = 3) {
  random_generator random(seed);
  for (auto& parameter : model.parameters()) {
    const double center =
        parameter.name.find("ln_") != std::string::npos && parameter.name.ends_with("weight");
    for (auto& value : parameter.value)
      value = static_cast<typename Model::value_type>(center + 0.3 * random.normal());
  }
}

}  // namespace prefopt::tests
