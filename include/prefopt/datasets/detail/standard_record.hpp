// SPDX-License-Identifier: MIT
#pragma once
// standard_record: a record of a file under this library's names of columns. Columns may have other
// names, and prompts and responses may be written as Alpaca and ShareGPT write them:
//   {"instruction", "input", "system", "history", ...}   the prompt is a list of messages
//   {"conversations", "system", ...}                     it is a list of messages, or ends with the
//                                                        completion if there is no response

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/datasets/column_names.hpp"
#include "prefopt/datasets/detail/form_columns.hpp"
#include "prefopt/datasets/detail/message_names.hpp"
#include "prefopt/datasets/detail/record_parts.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2::detail {

/// Throws value_error for names of columns that examples of a form, whose own columns are given, do
/// not have.
inline void check_names(const column_names& names, columns_view form, std::string_view what) {
  for (const column_name& one : names.all())
    if (!is_column_of(form, one.name))
      throw value_error(concat("column names: ", printable(one.name), '=', printable(one.column),
                               ": ", what, " have no ", printable(one.name), "; they have ",
                               listed(form)));
}

/// Refers to the record and to the names that it is made from.
class standard_record {
 public:
  /// `form`: the columns of examples of the form that the record is read in. Throws format_error
  /// for what cannot be brought into that form.
  standard_record(const json_object& record, const column_names& names, columns_view form)
      : record_(record), names_(names), form_(form) {
    if (names.empty() && source_of(record.json()).empty()) return;  // as it is
    for (const column_name& one : names.all()) aliases_.push_back({one.name, one.column});
    made_ = made(record.json());
    made_object_.emplace(made_, record.name(), record.source(), aliases_);
  }
  standard_record(const standard_record&) = delete;
  standard_record& operator=(const standard_record&) = delete;

  /// The record under our names. Its text is the file's.
  [[nodiscard]] const json_object& object() const { return made_object_ ? *made_object_ : record_; }

  /// The record as the file has it.
  [[nodiscard]] const json_object& record() const { return record_; }

  /// What we call a column of the file; its own name if it is replaced by another.
  [[nodiscard]] std::string_view name(std::string_view column) const {
    const std::string_view name = names_.name(column);
    return name.empty() ? column : name;
  }

  /// Whether a column of the file has one of our names and another column was named in its place.
  [[nodiscard]] bool is_replaced(std::string_view column) const {
    return names_.name(column).empty();
  }

  /// Whether a column of the file is one that the example is made from.
  [[nodiscard]] bool is_read(std::string_view column) const {
    const std::string_view name = names_.name(column);
    return !name.empty() && (contains(form_, name) || contains(sources_, name));
  }

  /// Whether a column of the file is passed to chat templates.
  [[nodiscard]] bool is_template_variable(std::string_view column) const {
    return is_variable(names_.name(column));
  }

  /// The object with all members in the file's order; nothing if the record's text is unknown.
  [[nodiscard]] std::optional<nlohmann::ordered_json> ordered() {
    if (record_.source().empty()) return std::nullopt;
    auto all = parse_json_as<nlohmann::ordered_json>(record_.source(), record_.name(), {});
    return made_object_ ? made(std::move(all)) : std::move(all);
  }

 private:
  /// The dialogue that the prompt is made from, or "instruction"; empty if the record has a prompt.
  template <class Json>
  [[nodiscard]] std::string_view source_of(const Json& record) const {
    for (const std::string_view key : form_)
      if (key.ends_with("_ids") ? has_value(record, key)
                                : key == "prompt" && has_content(record, key))
        return {};
    if (!has_answers_alone(record)) return {};
    for (const std::string_view key : dialogue_sources)
      if (has_content(record, key) && record[std::string(key)].is_array()) return key;
    return has_value(record, "instruction") ? "instruction" : std::string_view();
  }

  /// The record under our names, with the prompt and the responses as messages if they are written
  /// in another form.
  template <class Json>
  [[nodiscard]] Json made(Json record) {
    rename(record);
    const std::string_view source = source_of(record);
    if (source.empty()) return record;
    Json prompt = Json::array();
    if (source == "instruction")
      add_instruction(record, prompt);
    else
      add_dialogue(record, source, prompt);
    const bool is_whole = source != "instruction" && contains(form_, "completion") &&
                          !has_value(record, "completion") && !has_value(record, "output");
    set(record, is_whole ? "completion" : "prompt", std::move(prompt), source);
    add_answers(record);
    if (record.contains("tools"))
      record["tools"] = wrapped_tools(Json(record["tools"]), where("tools"));
    return record;
  }

  /// Puts what a column of the file holds under our name.
  template <class Json>
  void set(Json& record, const std::string& key, Json value, std::string_view source) {
    record[key] = std::move(value);
    read(source);
    if (std::ranges::find(aliases_, key, &member_alias::key) == aliases_.end())
      aliases_.push_back({key == "prompt" ? "prompt" : "completion", names_.column(source)});
  }

  void read(std::string_view column) {
    if (!contains(sources_, column)) sources_.push_back(column);
  }

  /// The location of one of our columns, for messages.
  [[nodiscard]] std::string where(std::string_view name) const {
    return concat(record_.name(), ": ", printable(names_.column(name)));
  }

  template <class Json>
  void rename(Json& record) const {
    std::vector<std::pair<std::string, Json>> moved;
    for (const column_name& one : names_.all())
      if (const auto found = record.find(one.column); found != record.end())
        moved.emplace_back(one.name, std::move(*found));
    for (const column_name& one : names_.all()) {
      record.erase(one.column);
      record.erase(one.name);
    }
    for (auto& [name, value] : moved) record[name] = std::move(value);
  }

  /// A column's text; empty if it says nothing.
  template <class Json>
  [[nodiscard]] std::string text(const Json& record, const char* key) const {
    return has_content(record, key) ? text_of(record[key], where(key)) : std::string();
  }

  /// The messages of Alpaca's columns: instruction and input, with a line break between them, are
  /// the user's.
  template <class Json>
  void add_instruction(const Json& record, Json& prompt) {
    for (const char* column : {"instruction", "input", "history", "system"}) read(column);
    add_system(record, prompt);
    if (has_content(record, "history"))
      detail::add_history(record["history"], where("history"), prompt);
    const std::string instruction = text(record, "instruction"), input = text(record, "input");
    if (instruction.empty() && input.empty())
      throw format_error(
          concat(where("instruction"), " is empty, and so is ", printable(names_.column("input"))));
    const bool both = !instruction.empty() && !input.empty();
    prompt.push_back(to_message<Json>("user", concat(instruction, both ? "\n" : "", input)));
  }

  template <class Json>
  void add_system(const Json& record, Json& prompt) const {
    if (const std::string content = text(record, "system"); !content.empty())
      prompt.push_back(to_message<Json>("system", content));
  }

  /// The messages of a dialogue, after the column `system`.
  template <class Json>
  void add_dialogue(const Json& record, std::string_view source, Json& prompt) {
    read("system");
    const Json& messages = record[std::string(source)];
    add_system(record, prompt);
    if (!prompt.empty() && messages[0].is_object()) {
      const Json first = with_role_and_content(messages[0], concat(where(source), ": message 1"));
      if (first.contains("role") && first["role"] == "system") {
        if (!first.contains("content") || first["content"] != prompt[0]["content"])
          throw format_error(concat(where("system"), " is not the system's message in ",
                                    printable(names_.column(source)), ", expected one of them"));
        prompt.clear();
      }
    }
    for (const Json& one : messages) prompt.push_back(one);
  }

  /// Makes messages of answers that are texts.
  template <class Json>
  void add_answers(Json& record) {
    if (contains(form_, "completion") && !has_value(record, "completion") &&
        has_value(record, "output")) {
      const Json& output = record["output"];
      if (output.is_array() && !output.empty() && output[0].is_string())
        throw format_error(concat(where("output"),
                                  " is a list of texts, expected one; pairs have "
                                  "\"chosen\" and \"rejected\""));
      set(record, "completion", Json(output), "output");
    }
    for (const char* key : {"chosen", "rejected", "completion"})
      if (record.contains(key)) make_message(record[key]);
    if (record.contains("responses") && record["responses"].is_array())
      for (Json& one : record["responses"]) make_message(one);
  }

  const json_object& record_;
  const column_names& names_;
  columns_view form_;
  std::vector<std::string_view> sources_;  // ours that are read besides the form's
  std::vector<member_alias> aliases_;
  nlohmann::json made_;
  std::optional<json_object> made_object_;
};

}  // namespace prefopt::inline v0_2::detail
