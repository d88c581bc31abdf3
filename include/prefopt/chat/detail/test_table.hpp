// SPDX-License-Identifier: MIT
#pragma once
// Jinja's tests: what follows `is`.

#include <compare>
#include <cstdint>
#include <string_view>
#include <utility>

#include "prefopt/chat/detail/compare.hpp"
#include "prefopt/chat/detail/method_table.hpp"
#include "prefopt/chat/detail/operators.hpp"
#include "prefopt/chat/detail/parameters.hpp"

namespace prefopt::inline v0_2::detail::jinja {

[[nodiscard]] const named_method* find_filter(std::string_view name);
[[nodiscard]] const named_method* find_test(std::string_view name);

namespace tests {

/// A test without arguments.
template <bool (*Holds)(const value&)>
value plain(runtime&, const value& of, arguments given) {
  const parameters none("test", std::move(given), {});
  return Holds(of);
}

inline bool is_defined(const value& of) { return !of.is_undefined(); }
inline bool is_undefined(const value& of) { return of.is_undefined(); }
inline bool is_none(const value& of) { return of.is_none(); }
inline bool is_boolean(const value& of) { return of.boolean() != nullptr; }
inline bool is_exactly_true(const value& of) { return of.boolean() != nullptr && *of.boolean(); }
inline bool is_exactly_false(const value& of) { return of.boolean() != nullptr && !*of.boolean(); }
inline bool is_integer(const value& of) { return of.integer() != nullptr; }
inline bool is_float(const value& of) { return of.real() != nullptr; }
inline bool is_number(const value& of) { return as_number(of).has_value(); }
inline bool is_string(const value& of) { return of.text() != nullptr; }
inline bool is_mapping(const value& of) { return of.dict() != nullptr; }
inline bool is_escaped(const value& of) { return of.text() != nullptr && of.text()->markup; }

inline bool is_iterable(const value& of) {
  const bool has_items = of.text() != nullptr || of.list() != nullptr || of.dict() != nullptr;
  return has_items || of.is_undefined();
}

/// Has a length and items by index. An undefined value passes in Jinja too.
inline bool is_sequence(const value& of) {
  const sequence* const list = of.list();
  if (list != nullptr) return is_plain(list) || list->kind == sequence_kind::range;
  return of.text() != nullptr || of.dict() != nullptr || of.is_undefined();
}

inline bool is_callable(const value& of) {
  return of.is_undefined() || (of.other() != nullptr && of.other()->is_callable());
}

inline value lower(runtime& within, const value& of, arguments given) {
  const parameters none("lower", std::move(given), {});
  return jinja::is_lower(within.to_text(of));
}

inline value upper(runtime& within, const value& of, arguments given) {
  const parameters none("upper", std::move(given), {});
  return jinja::is_upper(within.to_text(of));
}

inline value divisible_by(runtime& within, const value& of, arguments given) {
  const parameters how("divisibleby", std::move(given), {"num"}, 1);
  return is_equal(modulo(within, of, how[0]), std::int64_t{0}, within.left);
}

template <int Remainder>
value modulo_two(runtime& within, const value& of, arguments given) {
  const parameters none("odd", std::move(given), {});
  return is_equal(modulo(within, of, std::int64_t{2}), std::int64_t{Remainder}, within.left);
}

inline value same_as(runtime&, const value& of, arguments given) {
  const parameters how("sameas", std::move(given), {"other"}, 1);
  return of.is_same_as(how[0]);
}

inline value in(runtime& within, const value& of, arguments given) {
  const parameters how("in", std::move(given), {"seq"}, 1);
  return contains(how[0], of, within.left);
}

template <bool Equal>
value equal(runtime& within, const value& of, arguments given) {
  const parameters how("eq", std::move(given), {"", ""}, 1);
  return is_equal(of, how[0], within.left) == Equal;
}

/// A comparison by `<`, `<=`, `>` or `>=`.
template <bool (*Holds)(std::partial_ordering), char First, char Second = 0>
value ordered(runtime& within, const value& of, arguments given) {
  static constexpr char symbol[] = {First, Second, 0};
  const parameters how("comparison", std::move(given), {"", ""}, 1);
  return Holds(order(of, how[0], symbol, within.left));
}

inline value filter(runtime&, const value& of, arguments) {
  return of.text() != nullptr && find_filter(of.text()->bytes) != nullptr;
}

inline value test(runtime&, const value& of, arguments) {
  return of.text() != nullptr && find_test(of.text()->bytes) != nullptr;
}

}  // namespace tests

inline const named_method* find_test(std::string_view name) {
  using namespace tests;
  static constexpr method less = ordered<std::is_lt, '<'>, greater = ordered<std::is_gt, '>'>,
                          at_most = ordered<std::is_lteq, '<', '='>,
                          at_least = ordered<std::is_gteq, '>', '='>;
  static constexpr named_method table[] = {{"defined", plain<is_defined>},
                                           {"undefined", plain<is_undefined>},
                                           {"none", plain<is_none>},
                                           {"boolean", plain<is_boolean>},
                                           {"true", plain<is_exactly_true>},
                                           {"false", plain<is_exactly_false>},
                                           {"integer", plain<is_integer>},
                                           {"float", plain<is_float>},
                                           {"number", plain<is_number>},
                                           {"string", plain<is_string>},
                                           {"mapping", plain<is_mapping>},
                                           {"sequence", plain<is_sequence>},
                                           {"iterable", plain<is_iterable>},
                                           {"callable", plain<is_callable>},
                                           {"escaped", plain<is_escaped>},
                                           {"filter", filter},
                                           {"test", test},
                                           {"lower", tests::lower},
                                           {"upper", tests::upper},
                                           {"odd", modulo_two<1>},
                                           {"even", modulo_two<0>},
                                           {"divisibleby", divisible_by},
                                           {"sameas", same_as},
                                           {"in", in},
                                           {"==", equal<true>},
                                           {"eq", equal<true>},
                                           {"equalto", equal<true>},
                                           {"!=", equal<false>},
                                           {"ne", equal<false>},
                                           {"<", less},
                                           {"lt", less},
                                           {"lessthan", less},
                                           {">", greater},
                                           {"gt", greater},
                                           {"greaterthan", greater},
                                           {"<=", at_most},
                                           {"le", at_most},
                                           {">=", at_least},
                                           {"ge", at_least}};
  return find_method(table, name);
}

}  // namespace prefopt::inline v0_2::detail::jinja
