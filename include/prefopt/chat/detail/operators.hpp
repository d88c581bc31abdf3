// SPDX-License-Identifier: MIT
#pragma once
// Arithmetic as in Python. Integers have 64 bits; a result that does not fit is refused.

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/escape.hpp"
#include "prefopt/chat/detail/printf_format.hpp"
#include "prefopt/chat/detail/runtime.hpp"

namespace prefopt::inline v0_2::detail::jinja {

[[nodiscard]] inline failure overflow() { return beyond_limit("an integer of more than 64 bits"); }

[[nodiscard]] inline failure no_operator(std::string_view symbol, const value& left,
                                         const value& right) {
  check_defined(left);
  check_defined(right);
  return type_error("unsupported operand type(s) for ", symbol, ": '", type_name(left), "' and '",
                    type_name(right), "'");
}

[[nodiscard]] inline failure zero_division(const char* reason) {
  return {"ZeroDivisionError", reason};
}

[[nodiscard]] inline value concatenation(runtime& within, const sequence& left,
                                         const sequence& right) {
  within.left.spend(left.items.size() + right.items.size() + 1);
  std::vector<value> items(left.items);
  items.insert(items.end(), right.items.begin(), right.items.end());
  return make_sequence(std::move(items), left.kind);
}

[[nodiscard]] inline value add(runtime& within, const value& left, const value& right) {
  const auto a = as_integer(left), b = as_integer(right);
  if (a && b) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(*a, *b, &sum)) throw overflow();
    return sum;
  }
  const auto x = as_number(left), y = as_number(right);
  if (x && y) return *x + *y;
  const text_data *const s = left.text(), *const t = right.text();
  if (s != nullptr && t != nullptr) {
    within.left.spend_bytes(s->bytes.size() + t->bytes.size());
    const bool markup = s->markup || t->markup;
    if (!markup || (s->markup && t->markup)) return value(s->bytes + t->bytes, markup);
    return within.text(s->markup ? s->bytes + escaped(t->bytes) : escaped(s->bytes) + t->bytes,
                       true);
  }
  const sequence *const u = left.list(), *const v = right.list();
  if (is_plain(u) && is_plain(v) && u->kind == v->kind) return concatenation(within, *u, *v);
  check_defined(left);
  check_defined(right);
  if (s != nullptr)
    throw type_error("can only concatenate str (not \"", type_name(right), "\") to str");
  if (is_plain(u)) {
    throw type_error("can only concatenate ", type_name(left), " (not \"", type_name(right),
                     "\") to ", type_name(left));
  }
  throw no_operator("+", left, right);
}

[[nodiscard]] inline value subtract(const value& left, const value& right) {
  const auto a = as_integer(left), b = as_integer(right);
  if (a && b) {
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(*a, *b, &difference)) throw overflow();
    return difference;
  }
  const auto x = as_number(left), y = as_number(right);
  if (x && y) return *x - *y;
  throw no_operator("-", left, right);
}

/// A text or a list, so many times.
[[nodiscard]] inline value repeat(runtime& within, const value& what, std::int64_t times) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
  const auto total = [&](std::size_t size) {
    std::size_t product = 0;
    if (__builtin_mul_overflow(size, count, &product)) product = std::size_t(-1);
    return product;
  };
  if (const text_data* const text = what.text()) {
    within.left.spend_bytes(total(text->bytes.size()));
    std::string result;
    if (!text->bytes.empty())
      for (std::size_t i = 0; i < count; ++i) result += text->bytes;
    return value(std::move(result), text->markup);
  }
  const sequence& list = *what.list();
  within.left.spend(std::max(total(list.items.size()), std::size_t(1)));
  std::vector<value> items;
  if (!list.items.empty())
    for (std::size_t i = 0; i < count; ++i)
      items.insert(items.end(), list.items.begin(), list.items.end());
  return make_sequence(std::move(items), list.kind);
}

[[nodiscard]] inline value multiply(runtime& within, const value& left, const value& right) {
  const auto a = as_integer(left), b = as_integer(right);
  if (a && b) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(*a, *b, &product)) throw overflow();
    return product;
  }
  const auto x = as_number(left), y = as_number(right);
  if (x && y) return *x * *y;
  const auto is_repeatable = [](const value& of) {
    return of.text() != nullptr || is_plain(of.list());
  };
  if (is_repeatable(left) && b) return repeat(within, left, *b);
  if (is_repeatable(right) && a) return repeat(within, right, *a);
  check_defined(left);
  check_defined(right);
  if (is_repeatable(left))
    throw type_error("can't multiply sequence by non-int of type '", type_name(right), "'");
  if (is_repeatable(right))
    throw type_error("can't multiply sequence by non-int of type '", type_name(left), "'");
  throw no_operator("*", left, right);
}

[[nodiscard]] inline value divide(const value& left, const value& right) {
  const auto x = as_number(left), y = as_number(right);
  if (!x || !y) throw no_operator("/", left, right);
  if (*y == 0)
    throw zero_division(as_integer(left) && as_integer(right) ? "division by zero"
                                                              : "float division by zero");
  return *x / *y;
}

/// The quotient rounded down and the remainder with the divisor's sign.
[[nodiscard]] inline std::pair<double, double> floor_divide(double a, double b) {
  double remainder = std::fmod(a, b);
  double quotient = (a - remainder) / b;
  if (remainder != 0 && (b < 0) != (remainder < 0)) {
    remainder += b;
    quotient -= 1;
  } else if (remainder == 0) {
    remainder = std::copysign(0.0, b);
  }
  if (quotient == 0) return {std::copysign(0.0, a / b), remainder};
  const double whole = std::floor(quotient);
  return {quotient - whole > 0.5 ? whole + 1 : whole, remainder};
}

[[nodiscard]] inline value floor_divide(const value& left, const value& right) {
  const auto a = as_integer(left), b = as_integer(right);
  if (a && b) {
    if (*b == 0) throw zero_division("integer division or modulo by zero");
    if (*b == -1) return subtract(value(std::int64_t{0}), value(*a));
    const std::int64_t quotient = *a / *b;
    return *a % *b != 0 && (*a < 0) != (*b < 0) ? quotient - 1 : quotient;
  }
  const auto x = as_number(left), y = as_number(right);
  if (!x || !y) throw no_operator("//", left, right);
  if (*y == 0) throw zero_division("float floor division by zero");
  return floor_divide(*x, *y).first;
}

[[nodiscard]] inline value modulo(runtime& within, const value& left, const value& right) {
  if (const text_data* const format = left.text())
    return within.text(printf_format(within, format->bytes, right), format->markup);
  const auto a = as_integer(left), b = as_integer(right);
  if (a && b) {
    if (*b == 0) throw zero_division("integer modulo by zero");
    if (*b == -1) return std::int64_t{0};
    const std::int64_t remainder = *a % *b;
    return remainder != 0 && (remainder < 0) != (*b < 0) ? remainder + *b : remainder;
  }
  const auto x = as_number(left), y = as_number(right);
  if (!x || !y) throw no_operator("%", left, right);
  if (*y == 0) throw zero_division("float modulo");
  return floor_divide(*x, *y).second;
}

[[nodiscard]] inline value integer_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  for (std::int64_t left = exponent; left > 0; left >>= 1) {
    if ((left & 1) != 0 && __builtin_mul_overflow(result, base, &result)) throw overflow();
    if (left > 1 && __builtin_mul_overflow(base, base, &base)) throw overflow();
  }
  return result;
}

[[nodiscard]] inline value power(const value& left, const value& right) {
  const auto a = as_integer(left), b = as_integer(right);
  if (a && b && *b >= 0) return integer_power(*a, *b);
  const auto x = as_number(left), y = as_number(right);
  if (!x || !y) throw no_operator("** or pow()", left, right);
  if (*x == 0 && *y < 0) throw zero_division("0.0 cannot be raised to a negative power");
  const double result = std::pow(*x, *y);
  if (std::isnan(result) && !std::isnan(*x) && !std::isnan(*y))
    throw unsupported("a complex number");
  if (std::isinf(result) && std::isfinite(*x) && std::isfinite(*y))
    throw failure{"OverflowError", "(34, 'Numerical result out of range')"};
  return result;
}

[[nodiscard]] inline value negate(const value& of) {
  if (const auto number = as_integer(of)) return subtract(value(std::int64_t{0}), value(*number));
  if (const double* const number = of.real()) return -*number;
  check_defined(of);
  throw type_error("bad operand type for unary -: '", type_name(of), "'");
}

[[nodiscard]] inline value plus(const value& of) {
  if (const auto number = as_integer(of)) return *number;
  if (of.real() != nullptr) return of;
  check_defined(of);
  throw type_error("bad operand type for unary +: '", type_name(of), "'");
}

}  // namespace prefopt::inline v0_2::detail::jinja
