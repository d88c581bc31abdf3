// SPDX-License-Identifier: MIT
#pragma once
// The columns that examples of each form are made from.

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2::detail {

using columns_view = std::span<const std::string_view>;

inline constexpr std::array<std::string_view, 6> pair_columns{
    "prompt", "chosen", "rejected", "prompt_ids", "chosen_ids", "rejected_ids"};
inline constexpr std::array<std::string_view, 6> list_columns{
    "prompt", "responses", "prompt_ids", "responses_ids", "ranks", "scores"};
inline constexpr std::array<std::string_view, 6> unpaired_columns{
    "prompt", "completion", "prompt_ids", "completion_ids", "label", "kto_tag"};
inline constexpr std::array<std::string_view, 2> prompt_only_columns{"prompt", "prompt_ids"};

/// Whole dialogues, which begin with the prompt or are it; the first that a record has is read.
inline constexpr std::array<std::string_view, 3> dialogue_sources{"conversations", "conversation",
                                                                  "messages"};
/// What prompts of all forms are made from if there is no column "prompt".
inline constexpr std::array<std::string_view, 7> prompt_sources{
    "instruction", "input", "history", "system", "conversations", "conversation", "messages"};
/// What transformers passes from an example to its chat template.
inline constexpr std::array<std::string_view, 3> template_variables{"tools", "documents",
                                                                    "chat_template_kwargs"};
/// What completions are made from if there is no column "completion".
inline constexpr std::string_view completion_source = "output";

[[nodiscard]] inline bool contains(columns_view columns, std::string_view name) {
  return std::ranges::find(columns, name) != columns.end();
}

[[nodiscard]] inline bool is_variable(std::string_view column) {
  return contains(template_variables, column);
}

/// Whether an example of a form, whose own columns are given, may be made from the column.
[[nodiscard]] inline bool is_column_of(columns_view form, std::string_view name) {
  return contains(form, name) || contains(prompt_sources, name) || is_variable(name) ||
         (name == completion_source && contains(form, "completion"));
}

/// The names in one line.
[[nodiscard]] inline std::string listed(columns_view names) {
  std::string text;
  for (const std::string_view one : names) text += concat(text.empty() ? "" : ", ", one);
  return text;
}

}  // namespace prefopt::inline v0_2::detail
