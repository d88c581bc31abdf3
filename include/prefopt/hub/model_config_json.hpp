// SPDX-License-Identifier: MIT
#pragma once
// The config.json of a Hugging Face folder, of any family: read into a model's description, and
// written from one. A scalar model's is that of a ...ForSequenceClassification with one label;
// transformers counts labels by `id2label`.

#include <filesystem>
#include <string>
#include <vector>

#include "prefopt/hub/save_options.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/io/json_value.hpp"
#include "prefopt/models/model_config.hpp"

namespace prefopt::inline v0_2 {

/// Parses a config.json by its `model_type` (without it, by the class in `architectures`). `name`
/// (the file's) begins every message. Missing keys have transformers' defaults for the family.
/// Throws format_error, naming the key: for a family that is not supported, for a value that makes
/// no model, and (except for GPT-2, whose unknown keys unknown_config_keys lists) for a key that is
/// not known here and whose value is neither null, false, 0 nor empty.
[[nodiscard]] model_config parse_model_config(const nlohmann::json& json, const std::string& name);

/// The same for a scalar model, whose layout is a tied model's. Also throws format_error for more
/// than one label.
[[nodiscard]] model_config parse_scalar_model_config(const nlohmann::json& json,
                                                     const std::string& name);

/// The model that a folder's config describes. Throws io_error and format_error.
[[nodiscard]] decoder_spec read_model_config(const std::filesystem::path& folder);

/// The same for a scalar model's folder.
[[nodiscard]] decoder_spec read_scalar_model_config(const std::filesystem::path& folder);

/// The keys of a config.json that are unknown here, were passed over, and may change what the model
/// computes.
[[nodiscard]] std::vector<std::string> unknown_config_keys(const nlohmann::json& config);

/// A config.json's text for weights of the type `dtype`. `source` is the config that the model was
/// loaded with (an empty object for a new model). If it describes this model, its keys are kept as
/// they are; otherwise those that describe this model are set, those that are known to change no
/// number are copied, and those of another model are left out.
[[nodiscard]] std::string write_model_config(const decoder_spec& spec, const json_value& source,
                                             weight_type dtype = weight_type::float32);

/// The same for a scalar model. The source may be a language model's config. Its label and
/// `pad_token_id` are kept if present. No `pad_token_id` is invented: transformers reads the reward
/// before padding, so if end of text is the padding, it would read before the end.
[[nodiscard]] std::string write_scalar_model_config(const decoder_spec& spec,
                                                    const json_value& source,
                                                    weight_type dtype = weight_type::float32);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/hub/detail/model_config_json_definitions.hpp"
#endif
