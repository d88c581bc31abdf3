// SPDX-License-Identifier: MIT
#pragma once
// The definitions of read_preferences.

#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/preference_record.hpp"
#include "prefopt/datasets/column_names.hpp"
#include "prefopt/datasets/detail/check_columns.hpp"
#include "prefopt/datasets/detail/dialogue_members.hpp"
#include "prefopt/datasets/detail/form_columns.hpp"
#include "prefopt/datasets/detail/read_records.hpp"
#include "prefopt/datasets/detail/standard_record.hpp"
#include "prefopt/datasets/preference_records.hpp"
#include "prefopt/datasets/preferences.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/line_limits.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

[[nodiscard]] inline preference_record parse_pair(standard_record& record) {
  const json_object& object = record.object();
  const auto checked = [&](auto pair) {
    return checked_record<preference_record>(record, std::move(pair));
  };
  if (object.has_value("prompt_ids") || object.has_value("chosen_ids") ||
      object.has_value("rejected_ids")) {
    check_columns(record, {}, false);
    return {tokenized_pair{token_member(object, "prompt_ids"), response_ids(object, "chosen_ids"),
                           response_ids(object, "rejected_ids")}};
  }
  const std::array responses{response_member(object, "chosen"),
                             response_member(object, "rejected")};
  if (!object.has_value("prompt") && responses[0].value->is_string() &&
      responses[1].value->is_string())
    return checked(split_common_prompt(object.text("chosen"), object.text("rejected")));
  return std::visit(
      [&]<class Sequence>(prompt_and_responses<Sequence>&& read) {
        return checked(basic_pair<Sequence>{std::move(read.prompt), std::move(read.responses[0]),
                                            std::move(read.responses[1])});
      },
      read_texts(record, {}, responses));
}

}  // namespace detail

PREFOPT_INLINE preference_record parse_preference(const json_object& object,
                                                  const column_names& names) {
  detail::standard_record record(object, names, detail::pair_columns);
  return detail::parse_pair(record);
}

PREFOPT_INLINE preference_records<preference_record> read_preferences(json_file& file,
                                                                      const column_names& names) {
  return detail::read_records(file, names, "pairs", detail::pair_columns, detail::parse_pair);
}

PREFOPT_INLINE preference_records<preference_record> read_preferences(
    const std::filesystem::path& path, line_limits limits, const column_names& names) {
  json_file file(path, limits);
  return read_preferences(file, names);
}

}  // namespace prefopt::inline v0_2
