// SPDX-License-Identifier: MIT
#pragma once
// The config.json of a Hugging Face GPT-2 folder: read into a gpt2_config, and written from one. That of a scalar model
// is GPT2ForSequenceClassification's with one label; transformers counts labels by `id2label`.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/files/json.hpp"
#include "prefopt/files/json_object.hpp"
#include "prefopt/files/printable.hpp"
#include "prefopt/files/read_file.hpp"
#include "prefopt/gpt2/config.hpp"

namespace prefopt {

namespace detail {

/// Options that change what the model computes, with the value that GPT-2 has by default and that is computed here.
struct attention_option {
  std::string_view key;
  bool wanted;
};
inline constexpr std::array attention_options{
    attention_option{"scale_attn_weights", true}, attention_option{"scale_attn_by_inverse_layer_idx", false},
    attention_option{"reorder_and_upcast_attn", false}, attention_option{"add_cross_attention", false}};

inline void check_attention_options(const json_object& object) {
  for (const auto& [key, wanted] : attention_options) {
    if (object.optional_boolean(key).value_or(wanted) != wanted) {
      throw format_error(
          join(object.name(), ": ", key, " is ", wanted ? "false" : "true", ", only GPT-2's default is supported"));
    }
  }
}

[[nodiscard]] inline activation_function parse_activation(const json_object& object) {
  const std::string name = object.optional_text("activation_function").value_or("gelu_new");
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return activation_function::gelu_new;
  if (name == "gelu") return activation_function::gelu;
  throw format_error(join(object.name(), ": activation_function is \"", printable(name),
                          "\", wanted gelu_new, gelu_pytorch_tanh or gelu"));
}

/// Throws format_error where a classifier has more than one label, or none. Two are transformers' default and not
/// always written, so what says nothing is not refused: the head's shape tells.
inline void check_one_label(const json_object& object) {
  constexpr std::string_view wanted = ", one label was wanted, as a reward model has";
  if (object.has_value("id2label")) {
    const std::size_t labels = object.object("id2label").json().size();
    if (labels != 1) throw format_error(join(object.name(), ": id2label has ", labels, " labels", wanted));
  } else if (object.optional_integer("num_labels").value_or(1) != 1) {
    throw format_error(join(object.name(), ": num_labels is ", object.integer("num_labels"), wanted));
  }
}

}  // namespace detail

/// What a config.json says. `name` (the file's) begins every message. `n_layer`, `n_head`, `n_embd`, `n_positions` and
/// `vocab_size` must be there; the rest has transformers' defaults. Throws format_error, naming the key.
[[nodiscard]] inline gpt2_config parse_gpt2_config(const nlohmann::json& json, const std::string& name) {
  const json_object object(json, name);
  const std::string model_type = object.optional_text("model_type").value_or("gpt2");
  if (model_type != "gpt2") {
    throw format_error(join(name, ": model_type is \"", printable(model_type), "\", gpt2 was wanted"));
  }
  detail::check_attention_options(object);
  constexpr std::int64_t most = std::int64_t{1} << 24;
  const auto size = [&](std::string_view key) { return static_cast<std::size_t>(object.integer(key, 1, most)); };
  gpt2_config config;
  config.n_layer = static_cast<std::size_t>(object.integer("n_layer", 1, 4096));
  config.n_head = size("n_head");
  config.n_embd = size("n_embd");
  config.n_inner = object.has_value("n_inner") ? size("n_inner") : 0;
  config.vocab_size = size("vocab_size");
  config.n_positions = size("n_positions");
  config.layer_norm_epsilon = object.optional_number("layer_norm_epsilon").value_or(1e-5);
  config.activation = detail::parse_activation(object);
  config.tie_word_embeddings = object.optional_boolean("tie_word_embeddings").value_or(true);
  try {
    check(config);
  } catch (const value_error& cause) {
    throw format_error(join(name, ": ", cause.what()));
  }
  return config;
}

/// The same of a scalar model, whose layout is a tied model's. Throws format_error for more than one label, too.
[[nodiscard]] inline gpt2_config parse_gpt2_scalar_config(const nlohmann::json& json, const std::string& name) {
  gpt2_config config = parse_gpt2_config(json, name);
  detail::check_one_label(json_object(json, name));
  config.tie_word_embeddings = true;
  return config;
}

namespace detail {

/// What `parse` makes of a folder's config.json.
[[nodiscard]] inline gpt2_config read_config(const std::filesystem::path& folder, auto parse) {
  const auto path = folder / "config.json";
  return parse(parse_json(read_file(path, std::size_t{1} << 24), path.native()), path.native());
}

}  // namespace detail

/// The config of a model's folder. Throws io_error and format_error.
[[nodiscard]] inline gpt2_config read_gpt2_config(const std::filesystem::path& folder) {
  return detail::read_config(folder, parse_gpt2_config);
}

/// The same of a scalar model's folder.
[[nodiscard]] inline gpt2_config read_gpt2_scalar_config(const std::filesystem::path& folder) {
  return detail::read_config(folder, parse_gpt2_scalar_config);
}

/// A config.json's text for weights stored as float32. `source` is the config that the model was loaded with (an empty
/// object for a new model): its keys that are not ours are copied through.
[[nodiscard]] inline std::string write_gpt2_config(const gpt2_config& config, nlohmann::json source) {
  nlohmann::json& json = source;
  const auto set_if_absent = [&](const char* key, const nlohmann::json& value) {
    if (!json.contains(key) || json[key].is_null()) json[key] = value;
  };
  json["model_type"] = "gpt2";
  json["n_layer"] = config.n_layer;
  json["n_head"] = config.n_head;
  json["n_embd"] = config.n_embd;
  json["n_inner"] = config.n_inner != 0 ? nlohmann::json(config.n_inner) : nlohmann::json(nullptr);
  json["vocab_size"] = config.vocab_size;
  json["n_positions"] = config.n_positions;
  json["layer_norm_epsilon"] = config.layer_norm_epsilon;
  json["tie_word_embeddings"] = config.tie_word_embeddings;
  json["torch_dtype"] = "float32";                        // transformers 4
  if (json.contains("dtype")) json["dtype"] = "float32";  // transformers 5
  set_if_absent("architectures", nlohmann::json::array({"GPT2LMHeadModel"}));
  const bool is_exact = config.activation == activation_function::gelu;
  set_if_absent("activation_function", is_exact ? "gelu" : "gelu_new");
  return json.dump(2) + "\n";
}

/// The same for a scalar model. The source may be a language model's config. Its label and `pad_token_id` stay where it
/// has them, and none is made up: transformers reads the reward before padding, and where end of text pads it would
/// read before the end.
[[nodiscard]] inline std::string write_gpt2_scalar_config(const gpt2_config& config, nlohmann::json source) {
  nlohmann::json& json = source;
  const auto has_one = [&](const char* key) {
    return json.contains(key) && json[key].is_object() && json[key].size() == 1;
  };
  json["architectures"] = nlohmann::json::array({"GPT2ForSequenceClassification"});
  if (!has_one("id2label") || !has_one("label2id")) {
    json["id2label"] = {{"0", "LABEL_0"}};
    json["label2id"] = {{"LABEL_0", 0}};
  }
  if (json.contains("num_labels")) json["num_labels"] = 1;
  return write_gpt2_config(config, std::move(source));
}

}  // namespace prefopt
