// SPDX-License-Identifier: MIT
#pragma once
// format_date: Python's datetime.strftime for midnight of a day, in the C locale.

#include <chrono>
#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>
#include <locale.h>

#include "prefopt/chat/calendar_date.hpp"
#include "prefopt/chat/detail/runtime.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// The format without the codes that Python replaces itself or that depend on the time zone: a
/// date without one has an empty %z and %Z, and no seconds since 1970.
[[nodiscard]] inline std::string without_time_zone(std::string_view format) {
  std::string result;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      result += format[i];
      continue;
    }
    const char code = format[++i];
    if (code == 'f')
      result += "000000";
    else if (code == 's')
      throw unsupported("%s in strftime_now");
    else if (code != 'z' && code != 'Z')
      result += {'%', code};
  }
  return result;
}

[[nodiscard]] inline std::string format_date(runtime& within, std::string_view format) {
  std::tm day{};
  day.tm_year = within.date.year - 1900;
  day.tm_mon = within.date.month - 1;
  day.tm_mday = within.date.day;
  const std::chrono::sys_days days(within.date.as_chrono());
  const std::chrono::sys_days new_year(
      std::chrono::year_month_day(within.date.as_chrono().year() / std::chrono::January / 1));
  day.tm_wday = static_cast<int>(std::chrono::weekday(days).c_encoding());
  day.tm_yday = static_cast<int>((days - new_year).count());
  if (format.find('\0') != format.npos) throw value_failure("embedded null character");
  const std::string plain = without_time_zone(format);
  const locale_t c_locale = ::newlocale(LC_ALL_MASK, "C", locale_t{});
  std::string text;
  // A width in the format can ask for any size; Python gives up at the same one.
  for (std::size_t room = 1024; text.empty(); room *= 2) {
    within.left.spend_bytes(room);
    text.resize(room);
    text.resize(::strftime_l(text.data(), room, plain.c_str(), &day, c_locale));
    if (room >= 256 * plain.size()) break;
  }
  ::freelocale(c_locale);
  return text;
}

}  // namespace prefopt::inline v0_2::detail::jinja
