// SPDX-License-Identifier: MIT
#pragma once
// The definitions for the config.json of a Hugging Face folder of any family.

#include <array>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/hub/detail/config_dtype.hpp"
#include "prefopt/hub/detail/gpt2_config_keys.hpp"
#include "prefopt/hub/detail/one_label.hpp"
#include "prefopt/hub/detail/rotary_config_keys.hpp"
#include "prefopt/hub/detail/rotary_config_writer.hpp"
#include "prefopt/hub/gpt2_config_json.hpp"
#include "prefopt/hub/model_config_json.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/model_folder.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/io/read_file.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// A family's `model_type`, and what its classes in transformers begin with.
struct family_name {
  std::string_view model_type, classes;
};
inline constexpr std::array family_names{
    family_name{"gpt2", "GPT2"},       family_name{"llama", "Llama"},
    family_name{"mistral", "Mistral"}, family_name{"qwen2", "Qwen2"},
    family_name{"qwen3", "Qwen3"},     family_name{"smollm3", "SmolLM3"}};

[[nodiscard]] inline format_error unsupported_family(const json_object& object,
                                                     const std::string& what) {
  std::string supported;
  for (const family_name& family : family_names)
    supported += concat(supported.empty() ? "" : ", ", family.model_type);
  return format_error(concat(object.name(), ": ", what, "; supported are ", supported));
}

/// The family that has such a class in transformers; null if none has.
[[nodiscard]] inline const family_name* family_with_class(std::string_view name) {
  for (const family_name& family : family_names)
    for (const std::string_view head :
         {"LMHeadModel", "DoubleHeadsModel", "ForCausalLM", "ForSequenceClassification", "Model"})
      if (name == concat(family.classes, head)) return &family;
  return nullptr;
}

/// The family of a config, by its `model_type` or, without it, by its classes; GPT-2 if there is
/// neither. Throws format_error if it is not supported, or if the classes are of several families.
[[nodiscard]] inline const family_name& family_of(const json_object& object) {
  if (const auto type = object.optional_text("model_type")) {
    for (const family_name& family : family_names)
      if (*type == family.model_type) return family;
    throw unsupported_family(object, concat("model_type is \"", printable(*type), '"'));
  }
  const family_name* found = nullptr;
  if (object.has_value("architectures")) {
    for (const nlohmann::json& name : object.list("architectures")) {
      const std::string text = name.is_string() ? name.get<std::string>() : describe_json(name);
      const family_name* const family = family_with_class(text);
      if (family == nullptr || (found != nullptr && found != family))
        throw unsupported_family(object, concat("architectures holds ", printable(text)));
      found = family;
    }
  }
  return found != nullptr ? *found : family_names.front();
}

[[nodiscard]] inline const family_name& family_of(const decoder_spec& spec) {
  for (const family_name& family : family_names)
    if (spec.model_type == family.model_type) return family;
  throw value_error(concat("model_type ", spec.model_type, " has no config.json"));
}

template <class Config>
[[nodiscard]] model_config parse_checked(const json_object& object) {
  const Config config = parse_rotary_config<Config>(object);
  try {
    (void)describe(config);
  } catch (const value_error& cause) {
    throw format_error(concat(object.name(), ": ", cause.what()));
  }
  return config;
}

/// Returns `parse` applied to a folder's config.json, as a description.
[[nodiscard]] inline decoder_spec read_spec(const std::filesystem::path& folder, auto parse) {
  check_model_folder(folder);
  const auto path = folder / "config.json";
  return describe(
      parse(parse_json(read_file(path, std::size_t{1} << 24), path.native()), path.native()));
}

}  // namespace detail

PREFOPT_INLINE model_config parse_model_config(const nlohmann::json& json,
                                               const std::string& name) {
  const json_object object(json, name);
  const std::string_view type = detail::family_of(object).model_type;
  if (type == "llama") return detail::parse_checked<llama_config>(object);
  if (type == "mistral") return detail::parse_checked<mistral_config>(object);
  if (type == "qwen2") return detail::parse_checked<qwen2_config>(object);
  if (type == "qwen3") return detail::parse_checked<qwen3_config>(object);
  if (type == "smollm3") return detail::parse_checked<smollm3_config>(object);
  return parse_gpt2_config(json, name);
}

PREFOPT_INLINE model_config parse_scalar_model_config(const nlohmann::json& json,
                                                      const std::string& name) {
  model_config config = parse_model_config(json, name);
  detail::check_one_label(json_object(json, name));
  std::visit([](auto& one) { one.tie_word_embeddings = true; }, config);
  return config;
}

PREFOPT_INLINE decoder_spec read_model_config(const std::filesystem::path& folder) {
  return detail::read_spec(folder, parse_model_config);
}

PREFOPT_INLINE decoder_spec read_scalar_model_config(const std::filesystem::path& folder) {
  return detail::read_spec(folder, parse_scalar_model_config);
}

PREFOPT_INLINE std::vector<std::string> unknown_config_keys(const nlohmann::json& config) {
  const json_object object(config, "config.json");
  if (detail::family_of(object).model_type == "gpt2") return unknown_gpt2_config_keys(config);
  return {};  // parse_model_config refuses them
}

namespace detail {

/// A copy of `source` that describes the model, with the class that it is.
[[nodiscard]] inline std::string write_spec(const decoder_spec& spec, nlohmann::json json,
                                            std::string_view head, weight_type dtype) {
  const bool describes_it = [&] {
    try {
      decoder_spec said = describe(parse_model_config(json, "config.json"));
      said.shape.tied_head = spec.shape.tied_head;  // a scalar model has none
      return said.model_type == spec.model_type && said.shape == spec.shape;
    } catch (const error&) {
      return false;
    }
  }();
  if (!describes_it) {
    // another model's keys, which could contradict these
    for (auto key = json.begin(); key != json.end();)
      key = is_harmless_rotary_key(key.key()) ? std::next(key) : json.erase(key);
    std::visit(
        [&](const auto& config) {
          if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(config)>, gpt2_config>)
            write_rotary_config(config, spec.model_type, json);
        },
        config_of(spec));
  }
  json["tie_word_embeddings"] = spec.shape.tied_head;
  json["architectures"] = nlohmann::json::array({concat(family_of(spec).classes, head)});
  set_dtype(json, dtype);
  return json.dump(2) + "\n";
}

}  // namespace detail

PREFOPT_INLINE std::string write_model_config(const decoder_spec& spec, const json_value& source,
                                              weight_type dtype) {
  if (spec.model_type == "gpt2") return write_gpt2_config(config_of(spec.shape), source, dtype);
  return detail::write_spec(spec, *source, "ForCausalLM", dtype);
}

PREFOPT_INLINE std::string write_scalar_model_config(const decoder_spec& spec,
                                                     const json_value& source, weight_type dtype) {
  if (spec.model_type == "gpt2")
    return write_gpt2_scalar_config(config_of(spec.shape), source, dtype);
  nlohmann::json json = *source;
  detail::set_one_label(json);
  return detail::write_spec(spec, std::move(json), "ForSequenceClassification", dtype);
}

}  // namespace prefopt::inline v0_2
