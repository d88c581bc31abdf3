// SPDX-License-Identifier: MIT
#pragma once
// The definitions of read_ranked_preferences.

#include <array>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/preference_record.hpp"
#include "prefopt/datasets/detail/check_columns.hpp"
#include "prefopt/datasets/detail/dialogue_members.hpp"
#include "prefopt/datasets/detail/read_records.hpp"
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
    const std::string where = concat(object.name(), ": ", key, ": number ", scores.size() + 1);
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
    throw format_error(
        concat(object.name(), ": ", scores.size(), ' ', key, " for ", responses, " responses"));
  return scores;
}

/// The columns that lists are made from.
inline constexpr std::array<std::string_view, 6> list_columns{
    "prompt", "responses", "prompt_ids", "responses_ids", "ranks", "scores"};

}  // namespace detail

PREFOPT_INLINE ranked_record parse_ranked_preference(const json_object& object) {
  const bool of_ids = object.has_value("prompt_ids") || object.has_value("responses_ids");
  const char* key = of_ids ? "responses_ids" : "responses";
  const nlohmann::json& list = object.list(key);
  if (list.size() < 2)
    throw format_error(
        concat(object.name(), ": ", list.size(), ' ', key, ", expected two or more"));
  std::vector<detail::response_value> responses;
  for (const nlohmann::json& one : list)
    responses.push_back(
        {&one, concat(object.name(), ": ", key, ": number ", responses.size() + 1)});
  if (of_ids) {
    detail::check_columns(object, detail::list_columns, {});
    tokenized_example example{detail::token_member(object, "prompt_ids"), {}};
    for (const auto& [one, where] : responses) {
      if (!one->is_array() || one->empty())
        throw format_error(concat(where, ": expected token ids"));
      example.responses.push_back(detail::to_token_ids(*one, where));
    }
    example.scores = detail::read_scores(object, list.size());
    return {std::move(example)};
  }
  return std::visit(
      [&]<class Sequence>(detail::prompt_and_responses<Sequence>&& read) {
        return detail::checked_record<ranked_record>(
            object, detail::list_columns,
            basic_example<Sequence>{std::move(read.prompt), std::move(read.responses),
                                    detail::read_scores(object, list.size())});
      },
      detail::read_texts(object, "the responses", responses));
}

PREFOPT_INLINE preference_records<ranked_record> read_ranked_preferences(json_file& file) {
  return detail::read_records(file, "lists", detail::list_columns, parse_ranked_preference);
}

PREFOPT_INLINE preference_records<ranked_record> read_ranked_preferences(
    const std::filesystem::path& path, line_limits limits) {
  json_file file(path, limits);
  return read_ranked_preferences(file);
}

}  // namespace prefopt::inline v0_2
