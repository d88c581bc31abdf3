// SPDX-License-Identifier: MIT
#pragma once
// The definitions for the config.json of a Hugging Face GPT-2 folder.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/hub/detail/activation_names.hpp"
#include "prefopt/hub/detail/config_dtype.hpp"
#include "prefopt/hub/detail/gpt2_config_keys.hpp"
#include "prefopt/hub/detail/one_label.hpp"
#include "prefopt/hub/gpt2_config_json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/json_value.hpp"
#include "prefopt/models/gpt2.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// A size, by either of its names. Throws format_error if they contradict each other.
[[nodiscard]] inline std::size_t parse_size(const json_object& object, std::string_view key,
                                            std::int64_t most) {
  const auto alias = std::ranges::find(size_aliases, key, &size_alias::key);
  const bool has_alias = alias != size_aliases.end() && object.has_value(alias->general);
  if (has_alias && !object.has(key))
    return static_cast<std::size_t>(object.integer(alias->general, 1, most));
  const std::int64_t size = object.integer(key, 1, most);
  if (has_alias && object.integer(alias->general) != size) {
    throw format_error(concat(object.name(), ": ", key, " is ", size, " and ", alias->general,
                              ", another name for it, is ", object.integer(alias->general)));
  }
  return static_cast<std::size_t>(size);
}

}  // namespace detail

PREFOPT_INLINE gpt2_config parse_gpt2_config(const nlohmann::json& json, const std::string& name) {
  const json_object object(json, name);
  detail::check_model_type(object);
  detail::check_model_options(object);
  const auto size = [&](std::string_view key) {
    return detail::parse_size(object, key, std::int64_t{1} << 24);
  };
  gpt2_config config;
  config.n_layer = detail::parse_size(object, "n_layer", 4096);
  config.n_head = size("n_head");
  config.n_embd = size("n_embd");
  config.n_inner = object.has_value("n_inner") ? size("n_inner") : 0;
  config.vocab_size = size("vocab_size");
  config.n_positions = size("n_positions");
  config.layer_norm_epsilon = object.optional_number("layer_norm_epsilon").value_or(1e-5);
  config.activation = detail::parse_activation(object, "activation_function");
  config.tie_word_embeddings = object.optional_boolean("tie_word_embeddings").value_or(true);
  try {
    check(config);
  } catch (const value_error& cause) {
    throw format_error(concat(name, ": ", cause.what()));
  }
  return config;
}

PREFOPT_INLINE std::vector<std::string> unknown_gpt2_config_keys(const nlohmann::json& config) {
  std::vector<std::string> unknown;
  for (const auto& [key, value] : config.items())
    if (!detail::is_known_config_key(key)) unknown.push_back(key);
  return unknown;
}

namespace detail {

/// The source's keys that describe the model are set to this model's values.
[[nodiscard]] inline std::string write_config(const gpt2_config& config, nlohmann::json json,
                                              const std::string& architecture, weight_type dtype) {
  const auto set_where_it_is = [&](std::string_view key, const nlohmann::json& value) {
    if (const auto member = json.find(key); member != json.end() && !member->is_null())
      *member = value;
  };
  json["model_type"] = "gpt2";
  json["architectures"] = nlohmann::json::array({architecture});
  json["n_layer"] = config.n_layer;
  json["n_head"] = config.n_head;
  json["n_embd"] = config.n_embd;
  if (config.n_inner != 0)
    json["n_inner"] = config.n_inner;
  else if (json.value("n_inner", nlohmann::json()) != config.inner())  // may state the default
    json["n_inner"] = nullptr;
  json["vocab_size"] = config.vocab_size;
  json["n_positions"] = config.n_positions;
  json["layer_norm_epsilon"] = config.layer_norm_epsilon;
  json["tie_word_embeddings"] = config.tie_word_embeddings;
  set_dtype(json, dtype);
  for (const auto& [key, general] : size_aliases) set_where_it_is(general, json[key]);
  set_where_it_is("n_ctx", config.n_positions);
  for (const auto& [key, expected] : model_options) set_where_it_is(key, expected);
  for (const std::string_view key : changed_weights)
    if (const auto member = json.find(key); member != json.end()) json.erase(member);
  const auto& activation = json["activation_function"];
  const bool says_so =
      activation.is_string() &&
      find_activation(activation.get_ref<const std::string&>()) == config.activation;
  if (!says_so) json["activation_function"] = name_of(config.activation);
  return json.dump(2) + "\n";
}

}  // namespace detail

PREFOPT_INLINE std::string write_gpt2_config(const gpt2_config& config, const json_value& source,
                                             weight_type dtype) {
  return detail::write_config(config, *source, "GPT2LMHeadModel", dtype);
}

PREFOPT_INLINE std::string write_gpt2_scalar_config(const gpt2_config& config,
                                                    const json_value& source, weight_type dtype) {
  nlohmann::json json = *source;
  detail::set_one_label(json);
  return detail::write_config(config, std::move(json), "GPT2ForSequenceClassification", dtype);
}

}  // namespace prefopt::inline v0_2
