// SPDX-License-Identifier: MIT
#pragma once
// Keys of a config.json, of any family, that change no number here, and those that say that the
// weights are not plain numbers.

#include <algorithm>
#include <array>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/io/json_object.hpp"

namespace prefopt::inline v0_2::detail {

/// Members that would change the weights or their use, unless they are empty.
inline constexpr std::array<std::string_view, 2> changed_weights{"quantization_config",
                                                                 "pruned_heads"};

/// Throws format_error for weights that are not plain.
inline void check_plain_weights(const json_object& object) {
  for (const std::string_view key : changed_weights) {
    if (object.has_value(key) && !object.at(key).empty()) {
      throw format_error(concat(object.name(), ": ", key, " is ", describe_json(object.at(key)),
                                ", only models without it are supported"));
    }
  }
}

/// Keys of transformers 4 and 5 for how a model is stored, run and generates; ids of tokens; names
/// that begin with an underscore.
[[nodiscard]] inline bool is_harmless_key(std::string_view key) {
  static constexpr auto known = std::to_array<std::string_view>(
      {// How it is stored and run.
       "_name_or_path", "name_or_path", "_commit_hash", "_attn_implementation",
       "_attn_implementation_autoset", "attn_implementation", "transformers_version", "torch_dtype",
       "dtype", "torchscript", "use_bfloat16", "tf_legacy_loss", "use_cache",
       "gradient_checkpointing", "chunk_size_feed_forward", "output_attentions",
       "output_hidden_states", "output_past", "return_dict", "task_specific_params",
       "tokenizer_class", "prefix",
       // Generation.
       "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "decoder_start_token_id",
       "max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups",
       "diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty",
       "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids",
       "num_return_sequences", "output_scores", "return_dict_in_generate", "forced_bos_token_id",
       "forced_eos_token_id", "remove_invalid_values", "exponential_decay_length_penalty",
       "suppress_tokens", "begin_suppress_tokens",
       // Tools' marks.
       "unsloth_version", "unsloth_fixed", "trl_version", "library_name"});
  return key.starts_with('_') || key.ends_with("_token_id") ||
         std::ranges::find(known, key) != known.end();
}

}  // namespace prefopt::inline v0_2::detail
