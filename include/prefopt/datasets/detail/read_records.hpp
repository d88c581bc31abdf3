// SPDX-License-Identifier: MIT
#pragma once
// read_records: the examples of a file of any form, with a report on reading it.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/conversation.hpp"
#include "prefopt/data/dialogue_renderer.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/datasets/detail/check_columns.hpp"
#include "prefopt/datasets/messages.hpp"
#include "prefopt/datasets/preference_columns.hpp"
#include "prefopt/datasets/preference_records.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_object.hpp"

namespace prefopt::inline v0_2::detail {

/// Views of a text example's prompt and responses.
template <class Form>
[[nodiscard]] std::vector<std::string_view> texts_of(const Form& example) {
  std::vector<std::string_view> texts{example.prompt};
  for (std::size_t index = 0; index < response_count(example); ++index)
    texts.push_back(response(example, index));
  return texts;
}

/// The contents of a conversation's messages.
[[nodiscard]] inline std::string contents_of(const conversation& messages) {
  std::string all;
  for (const chat_message& message : messages.messages) all += message.content + '\n';
  return all;
}

/// A record from an example of texts or conversations, after its other columns are checked.
template <class Record, class Form>
[[nodiscard]] Record checked_record(const json_object& object,
                                    std::span<const std::string_view> read, Form example) {
  if constexpr (std::same_as<decltype(example.prompt), std::string>) {
    check_columns(object, read, texts_of(example));
  } else {
    std::vector<std::string> contents{contents_of(example.prompt)};
    for (std::size_t index = 0; index < response_count(example); ++index)
      contents.push_back(contents_of(response(example, index)));
    std::vector<std::string_view> columns(read.begin(), read.end());
    columns.insert(columns.end(), template_variables.begin(), template_variables.end());
    check_columns(object, columns, std::vector<std::string_view>(contents.begin(), contents.end()));
  }
  return {std::move(example)};
}

inline void note_texts(std::span<const std::string_view> texts, std::size_t line,
                       reading_report& report) {
  const std::string_view prompt = texts[0];
  const auto responses = texts.subspan(1);
  const bool is_blank = prompt.find_first_not_of(" \t\r\n") == prompt.npos;
  if (!is_blank &&
      std::ranges::all_of(responses, [&](auto text) { return text.starts_with(prompt); }) &&
      report.repeated_prompts++ == 0)
    report.repeated_line = line;
  if (std::ranges::any_of(responses, [](auto text) { return text.find(user_turn) != text.npos; }) &&
      report.user_turns++ == 0)
    report.user_turn_line = line;
}

/// `parse(object)` for every remaining value in the file. `what` names the records in messages.
/// Throws io_error and format_error, and what `parse` throws.
template <class Parse>
[[nodiscard]] auto read_records(json_file& file, std::string_view what,
                                std::span<const std::string_view> read, const Parse& parse) {
  using record_type = std::invoke_result_t<const Parse&, const json_object&>;
  preference_records<record_type> all;
  column_counter columns;
  const auto name = std::make_shared<const std::string>(file.name());
  while (const nlohmann::json* value = file.peek()) {
    const json_object object(*value, file.location(), file.text());
    record_type record = parse(object);
    record.line = file.line();
    record.item = file.item();
    record.file = name;
    ++all.report.total;
    columns.add(object, read, record.line, all.report);
    if (const auto* texts = std::get_if<0>(&record.example))
      note_texts(texts_of(*texts), record.line, all.report);
    all.records.push_back(std::move(record));
    file.take();
  }
  if (all.records.empty())
    throw format_error(concat(*name, ": no ", what, ", expected one JSON object per line"));
  return all;
}

}  // namespace prefopt::inline v0_2::detail
