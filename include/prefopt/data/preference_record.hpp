// SPDX-License-Identifier: MIT
#pragma once
// preference_record: one pair as a data file holds it, as text or as token ids, and where it stood.

#include <cstddef>
#include <memory>
#include <string>
#include <variant>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"

namespace prefopt {

/// One pair of a data set before it is tokenized. A data set may hold both kinds.
struct preference_record {
  std::variant<preference_pair, tokenized_pair> pair;
  std::size_t line = 0;                          ///< line of the file that it came from, from 1; 0: from no file
  std::shared_ptr<const std::string> file = {};  ///< name of that file, shared by its records; may be null

  [[nodiscard]] bool is_text() const { return std::holds_alternative<preference_pair>(pair); }
};

/// Where a record stood, to begin an error message with: "hh.jsonl: line 7".
[[nodiscard]] inline std::string place_of(const preference_record& record) {
  return join(record.file ? *record.file : std::string("preferences"), ": line ", record.line);
}

}  // namespace prefopt
