// SPDX-License-Identifier: MIT
#pragma once
// column_names: what a file calls the columns that examples are made from.

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// A column, by this library's name for it ("prompt") and by the file's ("question").
struct column_name {
  std::string name;
  std::string column;

  friend bool operator==(const column_name&, const column_name&) = default;
};

/// The columns of a file that have other names than in file-formats.md; empty: none. A column of
/// the file that has a name of ours but is not the one given for it is not read.
class column_names {
 public:
  column_names() = default;
  /// Throws as `add` does.
  column_names(std::initializer_list<column_name> names) {
    for (const column_name& one : names) add(one);
  }

  /// Throws value_error if no form of data has a column of that name, if the name or the column was
  /// added before, or if the column's name is empty.
  void add(column_name added);

  [[nodiscard]] bool empty() const { return names_.empty(); }
  [[nodiscard]] const std::vector<column_name>& all() const { return names_; }

  /// The file's column for one of our names; without another, it has that name.
  [[nodiscard]] std::string_view column(std::string_view name) const {
    for (const column_name& one : names_)
      if (one.name == name) return one.column;
    return name;
  }

  /// What we call a column of the file; empty if it is not read because another has its name.
  [[nodiscard]] std::string_view name(std::string_view column) const {
    bool replaced = false;
    for (const column_name& one : names_) {
      if (one.column == column) return one.name;
      replaced |= one.name == column;
    }
    return replaced ? std::string_view() : column;
  }

 private:
  std::vector<column_name> names_;
};

/// The names in a text such as "prompt=question,chosen=a,rejected=b", to which they are added.
/// Throws value_error, which begins with the part at fault, for a part that is not NAME=COLUMN and
/// as column_names::add does.
void add_column_names(column_names& names, std::string_view text);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/datasets/detail/column_names_definitions.hpp"
#endif
