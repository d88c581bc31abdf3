// SPDX-License-Identifier: MIT
#pragma once
// model_config: the configuration of a model of any family.

#include <string_view>
#include <variant>

#include "prefopt/core/error.hpp"
#include "prefopt/models/gpt2.hpp"
#include "prefopt/models/llama.hpp"
#include "prefopt/models/mistral.hpp"
#include "prefopt/models/qwen2.hpp"
#include "prefopt/models/qwen3.hpp"
#include "prefopt/models/smollm3.hpp"

namespace prefopt::inline v0_2 {

using model_config = std::variant<gpt2_config, llama_config, mistral_config, qwen2_config,
                                  qwen3_config, smollm3_config>;

/// The decoder of a configuration. Throws value_error, naming the key, unless it makes a model.
[[nodiscard]] inline decoder_spec describe(const model_config& config) {
  return std::visit([](const auto& one) { return describe(one); }, config);
}

/// The default configuration of a family, by its `model_type`. Throws value_error for another name.
[[nodiscard]] inline model_config default_config(std::string_view model_type) {
  if (model_type == "gpt2") return gpt2_config{};
  if (model_type == "llama") return llama_config{};
  if (model_type == "mistral") return mistral_config{};
  if (model_type == "qwen2") return qwen2_config{};
  if (model_type == "qwen3") return qwen3_config{};
  if (model_type == "smollm3") return smollm3_config{};
  throw value_error(concat("model_type ", model_type,
                           ", expected gpt2, llama, mistral, qwen2, qwen3 or smollm3"));
}

/// The configuration of a decoder: describe(config_of(spec)) has its shape.
[[nodiscard]] inline model_config config_of(const decoder_spec& spec) {
  if (spec.model_type == "gpt2") return config_of(spec.shape);
  if (spec.model_type == "llama") return llama_config_of(spec);
  if (spec.model_type == "mistral") return mistral_config_of(spec);
  if (spec.model_type == "qwen2") return qwen2_config_of(spec);
  if (spec.model_type == "qwen3") return qwen3_config_of(spec);
  return smollm3_config_of(spec);
}

}  // namespace prefopt::inline v0_2
