// SPDX-License-Identifier: MIT
#pragma once
// The config.json of a Hugging Face GPT-2 folder: read into a gpt2_config, and written from one. A
// scalar model's is that of GPT2ForSequenceClassification with one label; transformers counts
// labels by `id2label`.

#include <string>
#include <vector>

#include "prefopt/hub/save_options.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/io/json_value.hpp"
#include "prefopt/models/gpt2.hpp"

namespace prefopt::inline v0_2 {

/// Parses a config.json. `name` (the file's) begins every message. `n_layer`, `n_head`, `n_embd`,
/// `n_positions` and `vocab_size` are required, the first four possibly under their general names
/// (`hidden_size`); the rest has transformers' defaults. Throws format_error, naming the key.
[[nodiscard]] gpt2_config parse_gpt2_config(const nlohmann::json& json, const std::string& name);

/// The keys of a config.json that are unknown here. They may or may not change what the model
/// computes.
[[nodiscard]] std::vector<std::string> unknown_gpt2_config_keys(const nlohmann::json& config);

/// A config.json's text for weights of the type `dtype`. `source` is the config that the model was
/// loaded with (an empty object for a new model): its keys that describe the model get this model's
/// values, the others are copied.
[[nodiscard]] std::string write_gpt2_config(const gpt2_config& config, const json_value& source,
                                            weight_type dtype = weight_type::float32);

/// The same for a scalar model. The source may be a language model's config. Its label and
/// `pad_token_id` are kept if present. No `pad_token_id` is invented: transformers reads the reward
/// before padding, so if end of text is the padding, it would read before the end.
[[nodiscard]] std::string write_gpt2_scalar_config(const gpt2_config& config,
                                                   const json_value& source,
                                                   weight_type dtype = weight_type::float32);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/hub/detail/gpt2_config_json_definitions.hpp"
#endif
