// SPDX-License-Identifier: MIT
#pragma once
// The definitions of read_preferences.

#include <array>
#include <filesystem>
#include <string_view>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "prefopt/data/preference_record.hpp"
#include "prefopt/datasets/detail/check_columns.hpp"
#include "prefopt/datasets/detail/dialogue_members.hpp"
#include "prefopt/datasets/detail/read_records.hpp"
#include "prefopt/datasets/preference_records.hpp"
#include "prefopt/datasets/preferences.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/line_limits.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// The columns that pairs are made from.
inline constexpr std::array<std::string_view, 6> pair_columns{
    "prompt", "chosen", "rejected", "prompt_ids", "chosen_ids", "rejected_ids"};

}  // namespace detail

PREFOPT_INLINE preference_record parse_preference(const json_object& object) {
  const auto checked = [&](auto pair) {
    return detail::checked_record<preference_record>(object, detail::pair_columns, std::move(pair));
  };
  if (object.has_value("prompt_ids") || object.has_value("chosen_ids") ||
      object.has_value("rejected_ids")) {
    detail::check_columns(object, detail::pair_columns, {});
    return {tokenized_pair{detail::token_member(object, "prompt_ids"),
                           detail::response_ids(object, "chosen_ids"),
                           detail::response_ids(object, "rejected_ids")}};
  }
  const std::array responses{detail::response_member(object, "chosen"),
                             detail::response_member(object, "rejected")};
  if (!object.has_value("prompt") && responses[0].value->is_string() &&
      responses[1].value->is_string())
    return checked(split_common_prompt(object.text("chosen"), object.text("rejected")));
  return std::visit(
      [&]<class Sequence>(detail::prompt_and_responses<Sequence>&& read) {
        return checked(basic_pair<Sequence>{std::move(read.prompt), std::move(read.responses[0]),
                                            std::move(read.responses[1])});
      },
      detail::read_texts(object, "chosen and rejected", responses));
}

PREFOPT_INLINE preference_records<preference_record> read_preferences(json_file& file) {
  return detail::read_records(file, "pairs", detail::pair_columns, parse_preference);
}

PREFOPT_INLINE preference_records<preference_record> read_preferences(
    const std::filesystem::path& path, line_limits limits) {
  json_file file(path, limits);
  return read_preferences(file);
}

}  // namespace prefopt::inline v0_2
