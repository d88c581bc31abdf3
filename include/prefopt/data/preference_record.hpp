// SPDX-License-Identifier: MIT
#pragma once
// preference_record, ranked_record, unpaired_record: one example as a data file holds it, as text,
// as messages, or as token ids, and its location there.

#include <cstddef>
#include <memory>
#include <string>
#include <variant>

#include "prefopt/core/error.hpp"
#include "prefopt/data/conversation.hpp"
#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2 {

/// One example of a data set before it is tokenized. A data set may mix texts, messages and token
/// ids.
template <template <class> class Form>
struct basic_record {
  std::variant<Form<std::string>, Form<token_ids>, Form<conversation>> example;
  /// line in its file, counted from 1; 0: not from a file
  std::size_t line = 0;
  /// name of that file, shared by its records; may be null
  std::shared_ptr<const std::string> file = {};
  /// position in the list that the file holds, counted from 1; 0: the file holds no list
  std::size_t item = 0;

  /// Whether a tokenizer is needed.
  [[nodiscard]] bool is_text() const { return !std::holds_alternative<Form<token_ids>>(example); }
  /// Whether a renderer is needed.
  [[nodiscard]] bool is_messages() const {
    return std::holds_alternative<Form<conversation>>(example);
  }
};

using preference_record = basic_record<basic_pair>;
using ranked_record = basic_record<basic_example>;
using unpaired_record = basic_record<basic_unpaired>;

/// A record's location, as the start of an error message: "hh.jsonl: line 7", "hh.json: line 1:
/// item 7".
template <template <class> class Form>
[[nodiscard]] std::string location_of(const basic_record<Form>& record) {
  const std::string location =
      concat(record.file ? *record.file : std::string("preferences"), ": line ", record.line);
  return record.item == 0 ? location : concat(location, ": item ", record.item);
}

}  // namespace prefopt::inline v0_2
