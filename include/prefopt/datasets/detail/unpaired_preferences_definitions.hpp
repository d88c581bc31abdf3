// SPDX-License-Identifier: MIT
#pragma once
// The definitions of read_unpaired_preferences.

#include <array>
#include <filesystem>
#include <string_view>
#include <utility>
#include <variant>

#include "prefopt/data/preference_record.hpp"
#include "prefopt/datasets/detail/check_columns.hpp"
#include "prefopt/datasets/detail/dialogue_members.hpp"
#include "prefopt/datasets/detail/read_records.hpp"
#include "prefopt/datasets/preference_records.hpp"
#include "prefopt/datasets/unpaired_preferences.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/line_limits.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// The columns that unpaired examples are made from.
inline constexpr std::array<std::string_view, 5> unpaired_columns{
    "prompt", "completion", "prompt_ids", "completion_ids", "label"};

}  // namespace detail

PREFOPT_INLINE unpaired_record parse_unpaired_preference(const json_object& object) {
  if (object.has_value("prompt_ids") || object.has_value("completion_ids")) {
    detail::check_columns(object, detail::unpaired_columns, {});
    return {tokenized_unpaired{detail::token_member(object, "prompt_ids"),
                               detail::response_ids(object, "completion_ids"),
                               object.boolean("label")}};
  }
  return std::visit(
      [&]<class Sequence>(detail::prompt_and_responses<Sequence>&& read) {
        return detail::checked_record<unpaired_record>(
            object, detail::unpaired_columns,
            basic_unpaired<Sequence>{std::move(read.prompt), std::move(read.responses[0]),
                                     object.boolean("label")});
      },
      detail::read_texts(object, "completion",
                         std::array{detail::response_member(object, "completion")}));
}

PREFOPT_INLINE preference_records<unpaired_record> read_unpaired_preferences(json_file& file) {
  return detail::read_records(file, "examples", detail::unpaired_columns,
                              parse_unpaired_preference);
}

PREFOPT_INLINE preference_records<unpaired_record> read_unpaired_preferences(
    const std::filesystem::path& path, line_limits limits) {
  json_file file(path, limits);
  return read_unpaired_preferences(file);
}

}  // namespace prefopt::inline v0_2
