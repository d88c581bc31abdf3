// SPDX-License-Identifier: MIT
#pragma once
// preference_record, ranked_record, unpaired_record: one example as a data file holds it, as text
// or as token ids, and where it stood.

#include <cstddef>
#include <memory>
#include <string>
#include <variant>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"

namespace prefopt {

/// One example of a data set before it is tokenized. A data set may hold both kinds.
template <template <class> class Form>
struct basic_record {
  std::variant<Form<std::string>, Form<token_ids>> example;
  /// line of the file that it came from, from 1; 0: from no file
  std::size_t line = 0;
  /// name of that file, shared by its records; may be null
  std::shared_ptr<const std::string> file = {};
  /// number in the list that the file holds, from 1; 0: it holds none
  std::size_t item = 0;

  [[nodiscard]] bool is_text() const { return std::holds_alternative<Form<std::string>>(example); }
};

using preference_record = basic_record<basic_pair>;
using ranked_record = basic_record<basic_example>;
using unpaired_record = basic_record<basic_unpaired>;

/// Where a record stood, to begin an error message with: "hh.jsonl: line 7", "hh.json: line 1: item
/// 7".
template <template <class> class Form>
[[nodiscard]] std::string location_of(const basic_record<Form>& record) {
  const std::string location =
      concat(record.file ? *record.file : std::string("preferences"), ": line ", record.line);
  return record.item == 0 ? location : concat(location, ": item ", record.item);
}

}  // namespace prefopt
