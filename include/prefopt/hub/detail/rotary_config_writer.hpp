// SPDX-License-Identifier: MIT
#pragma once
// Writes the keys of a config.json of Llama and its relatives.

#include <cstddef>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/hub/detail/activation_names.hpp"
#include "prefopt/models/model_config.hpp"

namespace prefopt::inline v0_2::detail {

/// A number, or null for 0.
[[nodiscard]] inline nlohmann::json size_or_null(std::size_t value) {
  return value == 0 ? nlohmann::json() : nlohmann::json(value);
}

/// `rope_scaling`: null if there is none.
[[nodiscard]] inline nlohmann::json write_rope_scaling(const rope_parameters& rope) {
  if (rope.rope_type == rope_kind::standard) return {};
  nlohmann::json json{{"rope_type", "linear"}, {"factor", rope.factor}};
  if (rope.rope_type == rope_kind::linear) return json;
  json["rope_type"] = "llama3";
  json["low_freq_factor"] = rope.low_freq_factor;
  json["high_freq_factor"] = rope.high_freq_factor;
  json["original_max_position_embeddings"] = rope.original_max_position_embeddings;
  return json;
}

template <class Config>
void write_windows(const Config& config, nlohmann::json& json) {
  json["use_sliding_window"] = config.use_sliding_window;
  json["sliding_window"] = size_or_null(config.sliding_window);
  if (config.layer_types.empty()) return;
  json["layer_types"] = nlohmann::json::array();
  for (const attention_kind kind : config.layer_types)
    json["layer_types"].push_back(kind == attention_kind::full_attention ? "full_attention"
                                                                         : "sliding_attention");
}

inline void write_own_keys(const llama_config& config, nlohmann::json& json) {
  json["attention_bias"] = config.attention_bias;
  json["mlp_bias"] = config.mlp_bias;
}
inline void write_own_keys(const mistral_config& config, nlohmann::json& json) {
  json["sliding_window"] = size_or_null(config.sliding_window);
}
inline void write_own_keys(const qwen2_config& config, nlohmann::json& json) {
  write_windows(config, json);
  json["max_window_layers"] = config.max_window_layers;
}
inline void write_own_keys(const qwen3_config& config, nlohmann::json& json) {
  json["attention_bias"] = config.attention_bias;
  write_own_keys(static_cast<const qwen2_config&>(config), json);
}
inline void write_own_keys(const smollm3_config& config, nlohmann::json& json) {
  json["attention_bias"] = config.attention_bias;
  json["mlp_bias"] = config.mlp_bias;
  write_windows(config, json);
  json["no_rope_layer_interval"] = config.no_rope_layer_interval;
  json["no_rope_layers"] = nlohmann::json::array();
  for (const bool rotates : config.no_rope_layers)
    json["no_rope_layers"].push_back(rotates ? 1 : 0);
  // Without the key, transformers pads with 128004, and refuses a smaller vocabulary.
  if (!json.contains("pad_token_id")) json["pad_token_id"] = nullptr;
}

/// Sets all keys that describe the model.
template <class Config>
void write_rotary_config(const Config& config, std::string_view model_type, nlohmann::json& json) {
  json["model_type"] = model_type;
  json["vocab_size"] = config.vocab_size;
  json["hidden_size"] = config.hidden_size;
  json["intermediate_size"] = config.intermediate_size;
  json["num_hidden_layers"] = config.num_hidden_layers;
  json["num_attention_heads"] = config.num_attention_heads;
  json["num_key_value_heads"] = config.kv_heads();
  json["head_dim"] = config.head_size();
  json["max_position_embeddings"] = config.max_position_embeddings;
  json["rms_norm_eps"] = config.rms_norm_eps;
  json["hidden_act"] = name_of(config.hidden_act);
  json["tie_word_embeddings"] = config.tie_word_embeddings;
  json["rope_theta"] = config.rope.rope_theta;
  json["rope_scaling"] = write_rope_scaling(config.rope);
  write_own_keys(config, json);
}

}  // namespace prefopt::inline v0_2::detail
