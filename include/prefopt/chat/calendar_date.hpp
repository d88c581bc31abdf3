// SPDX-License-Identifier: MIT
#pragma once
// calendar_date: the day that a template takes for today.

#include <charconv>
#include <chrono>
#include <string>
#include <string_view>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

/// A day of the Gregorian calendar, without a time zone.
struct calendar_date {
  int year = 1970, month = 1, day = 1;

  friend bool operator==(const calendar_date&, const calendar_date&) = default;

  /// The day of a text such as 2026-11-28. Throws value_error, also for a day that does not exist.
  [[nodiscard]] static calendar_date parse(std::string_view text) {
    calendar_date date;
    const auto number = [&](std::size_t at, std::size_t size, int& to) {
      const auto part = text.substr(at, size);
      return std::from_chars(part.data(), part.data() + part.size(), to).ptr ==
             part.data() + part.size();
    };
    const bool has_form = text.size() == 10 && text[4] == '-' && text[7] == '-' &&
                          text.find_first_not_of("0123456789-") == text.npos;
    if (!has_form || !number(0, 4, date.year) || !number(5, 2, date.month) ||
        !number(8, 2, date.day) || date.year <= 0 || !date.as_chrono().ok()) {
      throw value_error(concat("\"", text.substr(0, 40), "\" is not a date, expected YYYY-MM-DD"));
    }
    return date;
  }

  [[nodiscard]] std::chrono::year_month_day as_chrono() const {
    return {std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
            std::chrono::day(static_cast<unsigned>(day))};
  }
};

}  // namespace prefopt::inline v0_2
