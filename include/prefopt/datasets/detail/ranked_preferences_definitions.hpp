// SPDX-License-Identifier: MIT
#pragma once
// The definitions of read_ranked_preferences.

#include <array>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

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
#include "prefopt/datasets/ranked_preferences.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/line_limits.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// The list's scores; ranks 1, 2, 3 become scores 1, 0, -1.
[[nodiscard]] inline std::vector<double> read_scores(const json_object& object,
                                                     std::size_t responses) {
  const bool by_rank = object.has_value("ranks");
  if (by_rank == object.has_value("scores"))
    throw format_error(concat(object.name(),
                              by_rank ? ": ranks and scores" : ": neither ranks nor scores",
                              ", expected one of them"));
  const char* key = by_rank ? "ranks" : "scores";
  std::vector<double> scores;
  for (const nlohmann::json& value : object.list(key)) {
    const std::string where = concat(object.location(key), ": number ", scores.size() + 1);
    if (by_rank) {
      scores.push_back(2 - static_cast<double>(to_integer(
                               value, where, 1, std::numeric_limits<std::int32_t>::max())));
    } else if (value.is_number()) {
      scores.push_back(value.get<double>());
    } else {
      throw format_error(concat(where, " is ", describe_json(value), ", expected a number"));
    }
  }
  if (scores.size() != responses)
    throw format_error(concat(object.name(), ": ", scores.size(), ' ', object.shown(key), " for ",
                              responses, " responses"));
  return scores;
}

[[nodiscard]] inline ranked_record parse_ranked(standard_record& record) {
  const json_object& object = record.object();
  const bool of_ids = object.has_value("prompt_ids") || object.has_value("responses_ids");
  const char* key = of_ids ? "responses_ids" : "responses";
  const nlohmann::json& list = object.list(key);
  if (list.size() < 2)
    throw format_error(
        concat(object.name(), ": ", list.size(), ' ', object.shown(key), ", expected two or more"));
  std::vector<response_value> responses;
  for (const nlohmann::json& one : list)
    responses.push_back({&one, concat(object.location(key), ": number ", responses.size() + 1)});
  if (of_ids) {
    check_columns(record, {}, false);
    tokenized_example example{token_member(object, "prompt_ids"), {}};
    for (const auto& [one, where] : responses) {
      if (!one->is_array() || one->empty())
        throw format_error(concat(where, ": expected token ids"));
      example.responses.push_back(to_token_ids(*one, where));
    }
    example.scores = read_scores(object, list.size());
    return {std::move(example)};
  }
  return std::visit(
      [&]<class Sequence>(prompt_and_responses<Sequence>&& read) {
        return checked_record<ranked_record>(
            record, basic_example<Sequence>{std::move(read.prompt), std::move(read.responses),
                                            read_scores(object, list.size())});
      },
      read_texts(record, "the responses", responses));
}

}  // namespace detail

PREFOPT_INLINE ranked_record parse_ranked_preference(const json_object& object,
                                                     const column_names& names) {
  detail::standard_record record(object, names, detail::list_columns);
  return detail::parse_ranked(record);
}

PREFOPT_INLINE preference_records<ranked_record> read_ranked_preferences(
    json_file& file, const column_names& names) {
  return detail::read_records(file, names, "lists", detail::list_columns, detail::parse_ranked);
}

PREFOPT_INLINE preference_records<ranked_record> read_ranked_preferences(
    const std::filesystem::path& path, line_limits limits, const column_names& names) {
  json_file file(path, limits);
  return read_ranked_preferences(file, names);
}

}  // namespace prefopt::inline v0_2
