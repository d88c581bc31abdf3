// SPDX-License-Identifier: MIT
#pragma once
// The definitions of column_names.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/datasets/column_names.hpp"
#include "prefopt/datasets/detail/form_columns.hpp"
#include "prefopt/io/closest_name.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// All names that a column of some form has, each once.
[[nodiscard]] inline std::vector<std::string_view> all_column_names() {
  std::vector<std::string_view> all;
  const auto append = [&](columns_view columns) {
    for (const std::string_view one : columns)
      if (!contains(all, one)) all.push_back(one);
  };
  for (const columns_view columns :
       {columns_view(pair_columns), columns_view(list_columns), columns_view(unpaired_columns),
        columns_view(prompt_sources), columns_view(template_variables),
        columns_view(&completion_source, 1)})
    append(columns);
  return all;
}

}  // namespace detail

PREFOPT_INLINE void column_names::add(column_name added) {
  const auto shown = [](const column_name& one) {
    return printable(concat(one.name, '=', one.column));
  };
  const std::vector<std::string_view> known = detail::all_column_names();
  if (!detail::contains(known, added.name)) {
    const std::string closest = closest_name(added.name, known);
    throw value_error(
        concat(shown(added), ": no column of an example is called \"", printable(added.name), '"',
               closest.empty() ? "" : ", did you mean ", closest,
               closest.empty() ? ", expected one of " : "? Names: ", detail::listed(known)));
  }
  if (added.column.empty())
    throw value_error(concat(shown(added), ": expected the name of a column after the ="));
  for (const column_name& one : names_)
    if (one.name == added.name || one.column == added.column)
      throw value_error(concat(shown(added), ": ", shown(one), " was given before"));
  names_.push_back(std::move(added));
}

PREFOPT_INLINE void add_column_names(column_names& names, std::string_view text) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const std::size_t equals = part.find('=');
    if (equals == part.npos)
      throw value_error(
          concat('"', printable(part), "\", expected NAME=COLUMN, such as prompt=question"));
    names.add({std::string(part.substr(0, equals)), std::string(part.substr(equals + 1))});
    begin = end + 1;
  }
}

}  // namespace prefopt::inline v0_2
