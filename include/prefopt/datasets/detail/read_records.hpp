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
#include "prefopt/datasets/column_names.hpp"
#include "prefopt/datasets/detail/check_columns.hpp"
#include "prefopt/datasets/detail/form_columns.hpp"
#include "prefopt/datasets/detail/standard_record.hpp"
#include "prefopt/datasets/preference_columns.hpp"
#include "prefopt/datasets/preference_records.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

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
[[nodiscard]] Record checked_record(const standard_record& record, Form example) {
  if constexpr (std::same_as<decltype(example.prompt), std::string>) {
    check_columns(record, texts_of(example), false);
  } else {
    std::vector<std::string> contents{contents_of(example.prompt)};
    for (std::size_t index = 0; index < response_count(example); ++index)
      contents.push_back(contents_of(response(example, index)));
    check_columns(record, std::vector<std::string_view>(contents.begin(), contents.end()), true);
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

/// `parse(record)` for every remaining value in the file, of a form whose columns are given. `what`
/// names the records in messages. Throws io_error and format_error, value_error for names that are
/// not the form's, and what `parse` throws.
template <class Parse>
[[nodiscard]] auto read_records(json_file& file, const column_names& names, std::string_view what,
                                columns_view form, const Parse& parse) {
  using record_type = std::invoke_result_t<const Parse&, standard_record&>;
  check_names(names, form, what);
  std::vector<bool> occurs(names.all().size());
  preference_records<record_type> all;
  column_counter columns;
  const auto name = std::make_shared<const std::string>(file.name());
  while (const nlohmann::json* value = file.peek()) {
    const json_object object(*value, file.location(), file.text());
    standard_record standard(object, names, form);
    record_type record = parse(standard);
    for (std::size_t i = 0; i < occurs.size(); ++i)
      if (object.has(names.all()[i].column)) occurs[i] = true;
    record.line = file.line();
    record.item = file.item();
    record.file = name;
    ++all.report.total;
    columns.add(standard, record.line, all.report);
    if (const auto* texts = std::get_if<0>(&record.example))
      note_texts(texts_of(*texts), record.line, all.report);
    all.records.push_back(std::move(record));
    file.take();
  }
  if (all.records.empty())
    throw format_error(concat(*name, ": no ", what, ", expected one JSON object per line"));
  for (std::size_t i = 0; i < occurs.size(); ++i)
    if (const column_name& one = names.all()[i]; !occurs[i])
      throw format_error(concat(*name, ": no column \"", printable(one.column), "\" for ",
                                printable(one.name), " in any of ", all.report.total, ' ', what));
  return all;
}

}  // namespace prefopt::inline v0_2::detail
