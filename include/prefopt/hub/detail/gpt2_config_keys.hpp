// SPDX-License-Identifier: MIT
#pragma once
// The keys of a GPT-2's config.json other than the sizes: those that would compute another model,
// two names for one size, and those that are known to change no number here.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/hub/detail/harmless_keys.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2::detail {

/// Options that change what the model computes, with GPT-2's default, which is the only value
/// supported here.
struct model_option {
  std::string_view key;
  bool expected;
};
inline constexpr std::array model_options{model_option{"scale_attn_weights", true},
                                          model_option{"scale_attn_by_inverse_layer_idx", false},
                                          model_option{"reorder_and_upcast_attn", false},
                                          model_option{"add_cross_attention", false},
                                          model_option{"is_encoder_decoder", false}};

inline void check_model_options(const json_object& object) {
  for (const auto& [key, expected] : model_options) {
    if (object.optional_boolean(key).value_or(expected) != expected) {
      throw format_error(concat(object.name(), ": ", key, " is ", expected ? "false" : "true",
                                ", only GPT-2's default is supported"));
    }
  }
  check_plain_weights(object);
}

/// transformers' general name for a size of GPT-2; its config accepts either.
struct size_alias {
  std::string_view key;
  std::string_view general;
};
inline constexpr std::array size_aliases{
    size_alias{"n_layer", "num_hidden_layers"}, size_alias{"n_head", "num_attention_heads"},
    size_alias{"n_embd", "hidden_size"}, size_alias{"n_positions", "max_position_embeddings"}};

/// Throws format_error if the model is not a GPT-2, judged by `model_type` or, without it, by the
/// class that saved it.
inline void check_model_type(const json_object& object) {
  constexpr std::string_view expected = ", expected gpt2";
  if (const auto type = object.optional_text("model_type")) {
    if (*type != "gpt2")
      throw format_error(
          concat(object.name(), ": model_type is \"", printable(*type), '"', expected));
    return;
  }
  if (!object.has_value("architectures")) return;
  for (const nlohmann::json& name : object.list("architectures")) {
    if (name.is_string() && name.get_ref<const std::string&>().starts_with("GPT2")) continue;
    const std::string text = name.is_string() ? name.get<std::string>() : describe_json(name);
    throw format_error(
        concat(object.name(), ": architectures holds ", printable(text), ", expected a GPT-2"));
  }
}

/// Keys of transformers 4 and 5 that change no number here: the sizes, which are read and checked;
/// dropout, which preference training leaves out; and keys for other heads.
[[nodiscard]] inline bool is_known_config_key(std::string_view key) {
  static constexpr auto known = std::to_array<std::string_view>(
      {// The model.
       "model_type", "architectures", "n_layer", "n_head", "n_embd", "n_inner", "n_positions",
       "n_ctx", "vocab_size", "layer_norm_epsilon", "activation_function", "tie_word_embeddings",
       "attn_pdrop", "embd_pdrop", "resid_pdrop", "initializer_range", "is_decoder",
       "cross_attention_hidden_size", "tie_encoder_decoder", "problem_type", "finetuning_task",
       "num_labels", "id2label", "label2id",
       // The summary of GPT2DoubleHeadsModel.
       "summary_type", "summary_use_proj", "summary_activation", "summary_proj_to_labels",
       "summary_first_dropout"});
  return is_harmless_key(key) || std::ranges::find(known, key) != known.end() ||
         std::ranges::find(model_options, key, &model_option::key) != model_options.end() ||
         std::ranges::find(size_aliases, key, &size_alias::general) != size_aliases.end() ||
         std::ranges::find(changed_weights, key) != changed_weights.end();
}

}  // namespace prefopt::inline v0_2::detail
