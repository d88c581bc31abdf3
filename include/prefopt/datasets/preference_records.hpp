// SPDX-License-Identifier: MIT
#pragma once
// preference_records: the examples of a file of one form, with a report on reading it.

#include <cstddef>
#include <vector>

#include "prefopt/datasets/preference_columns.hpp"

namespace prefopt::inline v0_2 {

/// Records with a report; a contiguous range of the records.
template <class Record>
struct preference_records {
  std::vector<Record> records;
  reading_report report;

  [[nodiscard]] std::size_t size() const { return records.size(); }
  [[nodiscard]] const Record* data() const { return records.data(); }
  [[nodiscard]] const Record& operator[](std::size_t i) const { return records[i]; }
  [[nodiscard]] auto begin() const { return records.begin(); }
  [[nodiscard]] auto end() const { return records.end(); }
  [[nodiscard]] auto begin() { return records.begin(); }
  [[nodiscard]] auto end() { return records.end(); }
};

}  // namespace prefopt::inline v0_2
