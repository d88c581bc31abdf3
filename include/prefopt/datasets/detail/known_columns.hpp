// SPDX-License-Identifier: MIT
#pragma once
// known_columns: common names of columns and of messages' members in preference files, and their
// meaning to trainers (TRL, axolotl, LLaMA-Factory, ms-swift). docs/file-formats.md lists them.

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail {

enum class column_kind {
  unknown,
  harmless,   ///< the source, author or rating of an example
  prompt,     ///< a part of the prompt, or another name for it
  dialogue,   ///< a conversation that contains prompt and responses
  rendered,   ///< only a chat template or another model can read it
  weighting,  ///< makes tokens or examples count for more or less
};

struct known_columns {
  column_kind kind;
  std::span<const std::string_view> names;  ///< lower case, with _
};

inline constexpr std::array<std::string_view, 48> harmless_columns{
    "id",
    "uid",
    "uuid",
    "guid",
    "idx",
    "index",
    "_id",
    "example_id",
    "sample_id",
    "prompt_id",
    "conversation_id",
    "pair_id",
    "group_id",
    "row_id",
    "message_id",
    "__index_level_0__",
    "source",
    "sources",
    "data_source",
    "dataset",
    "dataset_name",
    "origin",
    "subset",
    "category",
    "topic",
    "language",
    "lang",
    "url",
    "license",
    "meta",
    "metadata",
    "created_at",
    "timestamp",
    "annotator",
    "name",
    "score_chosen",
    "score_rejected",
    "chosen_score",
    "rejected_score",
    "rating_chosen",
    "rating_rejected",
    "chosen_rating",
    "rejected_rating",
    "chosen_avg_rating",
    "rejected_avg_rating",
    "model",
    "chosen_model",
    "rejected_model",
};
inline constexpr std::array<std::string_view, 8> prompt_columns{
    "prompt", "system", "system_prompt", "question", "instruction", "input", "query", "history"};
inline constexpr std::array<std::string_view, 3> dialogue_columns{"messages", "conversation",
                                                                  "conversations"};
inline constexpr std::array<std::string_view, 14> rendered_columns{
    "tools",        "functions", "tool_calls",    "function_call",
    "tool_call_id", "documents", "chat_template", "chat_template_kwargs",
    "image",        "images",    "video",         "videos",
    "audio",        "audios"};
inline constexpr std::array<std::string_view, 12> weighting_columns{
    "weight",          "weights",        "sample_weight",    "loss_mask",
    "loss_scale",      "mask",           "completion_mask",  "assistant_mask",
    "assistant_masks", "chosen_targets", "rejected_targets", "completion_targets"};
inline constexpr std::array<std::string_view, 4> rendered_in_messages{
    "reasoning", "reasoning_content", "thinking", "prefix"};
inline constexpr std::array<std::string_view, 4> weighting_in_messages{"loss", "train", "training",
                                                                       "train_detail"};

inline constexpr std::array<known_columns, 5> all_known_columns{
    {{column_kind::harmless, harmless_columns},
     {column_kind::prompt, prompt_columns},
     {column_kind::dialogue, dialogue_columns},
     {column_kind::rendered, rendered_columns},
     {column_kind::weighting, weighting_columns}}};
inline constexpr std::array<known_columns, 5> all_known_members{
    {{column_kind::harmless, harmless_columns},
     {column_kind::rendered, rendered_columns},
     {column_kind::rendered, rendered_in_messages},
     {column_kind::weighting, weighting_columns},
     {column_kind::weighting, weighting_in_messages}}};

/// Treats "Chosen-Rating" as chosen_rating.
[[nodiscard]] inline column_kind kind_of(std::string_view column,
                                         std::span<const known_columns> known) {
  std::string name(column);
  for (char& c : name)
    c = c == '-' || c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const auto& [kind, names] : known)
    if (std::ranges::find(names, name) != names.end()) return kind;
  return column_kind::unknown;
}

}  // namespace prefopt::inline v0_2::detail
