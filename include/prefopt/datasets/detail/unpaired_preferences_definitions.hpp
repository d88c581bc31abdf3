// SPDX-License-Identifier: MIT
#pragma once
// The definitions of read_unpaired_preferences.

#include <array>
#include <filesystem>
#include <utility>
#include <variant>

#include "prefopt/core/error.hpp"
#include "prefopt/data/preference_record.hpp"
#include "prefopt/datasets/column_names.hpp"
#include "prefopt/datasets/detail/check_columns.hpp"
#include "prefopt/datasets/detail/dialogue_members.hpp"
#include "prefopt/datasets/detail/form_columns.hpp"
#include "prefopt/datasets/detail/read_records.hpp"
#include "prefopt/datasets/detail/standard_record.hpp"
#include "prefopt/datasets/preference_records.hpp"
#include "prefopt/datasets/unpaired_preferences.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/line_limits.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Whether the completion is desirable. LLaMA-Factory's name for the label is kto_tag.
[[nodiscard]] inline bool read_label(const json_object& object) {
  if (!object.has_value("kto_tag")) return object.boolean("label");
  if (object.has_value("label"))
    throw format_error(concat(object.name(), ": ", object.shown("label"), " and ",
                              object.shown("kto_tag"), ", expected one of them"));
  return object.boolean("kto_tag");
}

[[nodiscard]] inline unpaired_record parse_unpaired(standard_record& record) {
  const json_object& object = record.object();
  if (object.has_value("prompt_ids") || object.has_value("completion_ids")) {
    check_columns(record, {}, false);
    return {tokenized_unpaired{token_member(object, "prompt_ids"),
                               response_ids(object, "completion_ids"), read_label(object)}};
  }
  return std::visit(
      [&]<class Sequence>(prompt_and_responses<Sequence>&& read) {
        return checked_record<unpaired_record>(
            record, basic_unpaired<Sequence>{std::move(read.prompt), std::move(read.responses[0]),
                                             read_label(object)});
      },
      read_texts(record, {}, std::array{response_member(object, "completion")}));
}

}  // namespace detail

PREFOPT_INLINE unpaired_record parse_unpaired_preference(const json_object& object,
                                                         const column_names& names) {
  detail::standard_record record(object, names, detail::unpaired_columns);
  return detail::parse_unpaired(record);
}

PREFOPT_INLINE preference_records<unpaired_record> read_unpaired_preferences(
    json_file& file, const column_names& names) {
  return detail::read_records(file, names, "examples", detail::unpaired_columns,
                              detail::parse_unpaired);
}

PREFOPT_INLINE preference_records<unpaired_record> read_unpaired_preferences(
    const std::filesystem::path& path, line_limits limits, const column_names& names) {
  json_file file(path, limits);
  return read_unpaired_preferences(file, names);
}

}  // namespace prefopt::inline v0_2
