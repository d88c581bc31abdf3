// SPDX-License-Identifier: MIT
#pragma once
// Reads the keys of a config.json of Llama and its relatives.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/hub/detail/activation_names.hpp"
#include "prefopt/hub/detail/harmless_keys.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/models/model_config.hpp"

namespace prefopt::inline v0_2::detail {

/// Whether a key that is not known can be passed over: it says that there is nothing.
[[nodiscard]] inline bool is_neutral(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>() == 0;
  return value.is_null() || value == false || (!value.is_boolean() && value.empty()) || value == "";
}

/// Reads an object's keys one by one and knows which are left.
class key_reader {
 public:
  explicit key_reader(const json_object& object) : object_(object) {}

  [[nodiscard]] const json_object& object() const { return object_; }

  /// Whether the key is there, even as null. Marks it as read.
  [[nodiscard]] bool take(std::string_view key) {
    read_.emplace_back(key);
    return object_.has(key);
  }
  /// The same without null.
  [[nodiscard]] bool take_value(std::string_view key) {
    return take(key) && object_.has_value(key);
  }

  /// Assigns a size if there is one; null means 0, and `none` says that it may.
  void size(std::string_view key, std::size_t& value, bool none = false) {
    if (!take(key)) return;
    if (none && !object_.has_value(key))
      value = 0;
    else
      value = static_cast<std::size_t>(
          object_.integer(key, none ? 0 : 1, std::int64_t{1} << (key == layers ? 12 : 24)));
  }
  void number(std::string_view key, double& value) {
    if (take_value(key)) value = object_.number(key);
  }
  [[nodiscard]] double required_number(std::string_view key) {
    (void)take(key);
    return object_.number(key);
  }
  void flag(std::string_view key, bool& value) {
    if (take_value(key)) value = object_.boolean(key);
  }

  /// Throws format_error for a key that was not read, is not harmless and says something.
  void check_rest(const auto& is_harmless) const {
    for (const auto& [key, value] : object_.json().items()) {
      if (std::ranges::find(read_, key) != read_.end() || is_harmless(key) || is_neutral(value))
        continue;
      const std::string said = value.is_string()
                                   ? concat('"', printable(value.template get<std::string>()), '"')
                                   : describe_json(value);
      throw format_error(concat(object_.name(), ": ", printable(key), " is ", said,
                                "; this key is not supported and may change what the model ",
                                "computes; without it, or with null, false or 0, it can be read"));
    }
  }

 private:
  static constexpr std::string_view layers = "num_hidden_layers";

  const json_object& object_;
  std::vector<std::string> read_;
};

/// Reads `rope_scaling`, or transformers 5's `rope_parameters`. Throws format_error for a type that
/// is not supported or an unknown member.
inline void read_rope(const json_object& members, rope_parameters& rope) {
  key_reader keys(members);
  std::string type = "default";
  for (const char* key : {"type", "rope_type"})  // the second is newer, and wins in transformers
    if (keys.take_value(key)) type = members.text(key);
  if (type == "default")
    rope.rope_type = rope_kind::standard;
  else if (type == "linear")
    rope.rope_type = rope_kind::linear;
  else if (type == "llama3")
    rope.rope_type = rope_kind::llama3;
  else
    throw format_error(concat(members.name(), ": rope_type is \"", printable(type),
                              "\", supported are default, linear and llama3"));
  keys.number("rope_theta", rope.rope_theta);
  if (rope.rope_type != rope_kind::standard) rope.factor = keys.required_number("factor");
  if (rope.rope_type == rope_kind::llama3) {
    rope.low_freq_factor = keys.required_number("low_freq_factor");
    rope.high_freq_factor = keys.required_number("high_freq_factor");
    if (keys.take_value("original_max_position_embeddings"))
      keys.size("original_max_position_embeddings", rope.original_max_position_embeddings);
    else
      rope.original_max_position_embeddings = 0;
  }
  if (keys.take_value("partial_rotary_factor") && members.number("partial_rotary_factor") != 1)
    throw format_error(concat(members.name(), ": partial_rotary_factor is ",
                              members.number("partial_rotary_factor"), ", expected 1"));
  keys.check_rest([](std::string_view) { return false; });
}

/// Reads the rotation's keys, old and new. If both are there they must agree.
inline void read_rope_keys(key_reader& keys, rotary_config& config) {
  const json_object& object = keys.object();
  const rope_parameters defaults = config.rope;
  std::optional<rope_parameters> found;
  const bool has_theta = keys.take_value("rope_theta");
  const auto read = [&](const char* key) {
    if (!keys.take_value(key)) return;
    rope_parameters rope = defaults;
    if (has_theta) rope.rope_theta = object.number("rope_theta");
    read_rope(object.object(key), rope);
    if (found && *found != rope)
      throw format_error(concat(object.name(), ": rope_scaling and rope_parameters differ"));
    found = rope;
  };
  read("rope_scaling");
  read("rope_parameters");
  rope_parameters rope = found.value_or(defaults);
  if (!found && has_theta) rope.rope_theta = object.number("rope_theta");
  if (has_theta && rope.rope_theta != object.number("rope_theta"))
    throw format_error(concat(object.name(), ": rope_theta is ", object.number("rope_theta"),
                              " and, in rope_parameters, ", rope.rope_theta));
  constexpr const char* original = "original_max_position_embeddings";
  if (rope.rope_type == rope_kind::llama3) {  // outside it has priority
    if (keys.take_value(original)) keys.size(original, rope.original_max_position_embeddings);
    if (rope.original_max_position_embeddings == 0)
      throw format_error(concat(object.name(), ": rope_scaling: ", original, " is missing"));
  }
  config.rope = rope;
}

inline void read_layer_types(key_reader& keys, std::vector<attention_kind>& kinds) {
  if (!keys.take_value("layer_types")) return;
  kinds.clear();
  for (const nlohmann::json& kind : keys.object().list("layer_types"))
    if (kind == "full_attention")
      kinds.push_back(attention_kind::full_attention);
    else if (kind == "sliding_attention")
      kinds.push_back(attention_kind::sliding_attention);
    else
      throw format_error(
          concat(keys.object().name(), ": layer_types holds ",
                 kind.is_string() ? printable(kind.get<std::string>()) : describe_json(kind),
                 ", expected full_attention or sliding_attention"));
}

// The keys that only some families have.

template <class Config>
void read_windows(key_reader& keys, Config& config) {
  keys.flag("use_sliding_window", config.use_sliding_window);
  keys.size("sliding_window", config.sliding_window, true);
  read_layer_types(keys, config.layer_types);
}

inline void read_own_keys(key_reader& keys, llama_config& config) {
  keys.flag("attention_bias", config.attention_bias);
  keys.flag("mlp_bias", config.mlp_bias);
}
inline void read_own_keys(key_reader& keys, mistral_config& config) {
  keys.size("sliding_window", config.sliding_window, true);
}
inline void read_own_keys(key_reader& keys, qwen2_config& config) {
  read_windows(keys, config);
  keys.size("max_window_layers", config.max_window_layers, true);
}
inline void read_own_keys(key_reader& keys, qwen3_config& config) {
  keys.flag("attention_bias", config.attention_bias);
  read_own_keys(keys, static_cast<qwen2_config&>(config));
}
inline void read_own_keys(key_reader& keys, smollm3_config& config) {
  keys.flag("attention_bias", config.attention_bias);
  keys.flag("mlp_bias", config.mlp_bias);
  read_windows(keys, config);
  (void)keys.take("max_window_layers");  // Qwen's, which SmolLM3 does not read
  keys.size("no_rope_layer_interval", config.no_rope_layer_interval);
  if (!keys.take_value("no_rope_layers")) return;
  for (const nlohmann::json& rotates : keys.object().list("no_rope_layers"))
    config.no_rope_layers.push_back(
        to_integer(rotates, concat(keys.object().name(), ": no_rope_layers"), 0, 1) == 1);
}

/// Keys that change no number: a family's sign, how weights were drawn, dropout (which preference
/// training leaves out), a split of products, labels.
[[nodiscard]] inline bool is_harmless_rotary_key(std::string_view key) {
  static constexpr auto known = std::to_array<std::string_view>(
      {"model_type", "architectures", "is_llama_config", "initializer_range", "pretraining_tp",
       "attention_dropout", "num_labels", "id2label", "label2id", "problem_type",
       "finetuning_task"});
  return is_harmless_key(key) || std::ranges::find(known, key) != known.end();
}

/// A configuration with its family's defaults for missing keys.
template <class Config>
[[nodiscard]] Config parse_rotary_config(const json_object& object) {
  Config config;
  key_reader keys(object);
  check_plain_weights(object);
  keys.size("vocab_size", config.vocab_size);
  keys.size("hidden_size", config.hidden_size);
  keys.size("intermediate_size", config.intermediate_size);
  keys.size("num_hidden_layers", config.num_hidden_layers);
  keys.size("num_attention_heads", config.num_attention_heads);
  keys.size("num_key_value_heads", config.num_key_value_heads, true);
  keys.size("head_dim", config.head_dim, true);
  keys.size("max_position_embeddings", config.max_position_embeddings);
  keys.number("rms_norm_eps", config.rms_norm_eps);
  keys.flag("tie_word_embeddings", config.tie_word_embeddings);
  if (keys.take_value("hidden_act")) config.hidden_act = parse_activation(object, "hidden_act");
  read_rope_keys(keys, config);
  read_own_keys(keys, config);
  keys.check_rest(is_harmless_rotary_key);
  return config;
}

}  // namespace prefopt::inline v0_2::detail
