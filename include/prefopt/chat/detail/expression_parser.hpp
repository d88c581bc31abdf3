// SPDX-License-Identifier: MIT
#pragma once
// expression_parser: operators with Jinja's precedence, by recursive descent.

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "prefopt/chat/detail/operand_parser.hpp"

namespace prefopt::inline v0_2::detail::jinja {

class expression_parser : protected operand_parser {
 protected:
  using operand_parser::operand_parser;
  ~expression_parser() = default;

  expression_ptr parse_operators(bool with_condition) override {
    return with_condition ? parse_conditional() : parse_or();
  }

  /// a if b else c. Filters and tests that do not exist are errors only where they are reached.
  expression_ptr parse_conditional() {
    const level deeper(*this);
    const std::size_t line = now().line, begin = unknown_.size();
    expression_ptr result = parse_or();
    while (skip_name("if")) {
      expression_ptr test = parse_or();
      expression_ptr otherwise = skip_name("else") ? parse_conditional() : nullptr;
      result = make_with(kind::conditional, line, std::move(result), std::move(test),
                         std::move(otherwise));
      unknown_.resize(begin);
    }
    return result;
  }

  expression_ptr parse_or() {
    expression_ptr left = parse_and();
    while (is_name("or")) {
      const std::size_t line = take().line;
      left = make_with(kind::logical_or, line, std::move(left), parse_and());
    }
    return left;
  }

  expression_ptr parse_and() {
    expression_ptr left = parse_not();
    while (is_name("and")) {
      const std::size_t line = take().line;
      left = make_with(kind::logical_and, line, std::move(left), parse_not());
    }
    return left;
  }

  expression_ptr parse_not() {
    const level deeper(*this);
    if (!is_name("not")) return parse_comparison();
    const std::size_t line = take().line;
    return make_with(kind::logical_not, line, parse_not());
  }

  expression_ptr parse_comparison() {
    const std::size_t line = now().line;
    expression_ptr first = parse_sum();
    expression_ptr chain;
    for (std::string symbol; !(symbol = comparison_symbol()).empty();) {
      if (!chain) chain = make_with(kind::comparison, line, std::move(first));
      chain->symbols.push_back(std::move(symbol));
      chain->operands.push_back(parse_sum());
    }
    return chain ? sealed(std::move(chain)) : std::move(first);
  }

  /// Takes a comparison's operator; empty if there is none.
  std::string comparison_symbol() {
    for (const std::string_view symbol : {"==", "!=", "<", "<=", ">", ">="})
      if (is_symbol(symbol)) return take().text;
    if (skip_name("in")) return "in";
    const bool is_not_in = is_name("not") && next().kind == token_kind::name && next().text == "in";
    if (!is_not_in) return {};
    take();
    take();
    return "not in";
  }

  /// Left-associative operators of one precedence.
  template <class Operand>
  expression_ptr parse_binary(std::initializer_list<std::string_view> symbols, Operand operand) {
    expression_ptr left = operand();
    while (is(token_kind::symbol) && std::ranges::find(symbols, now().text) != symbols.end()) {
      const token symbol = take();
      left = make_with(kind::binary, symbol.line, std::move(left), operand());
      left->name = symbol.text;
    }
    return left;
  }

  expression_ptr parse_sum() {
    return parse_binary({"+", "-"}, [this] { return parse_concatenation(); });
  }

  expression_ptr parse_concatenation() {
    expression_ptr first = parse_product();
    if (!is_symbol("~")) return first;
    expression_ptr all = make_with(kind::concatenation, now().line, std::move(first));
    while (skip_symbol("~")) all->operands.push_back(parse_product());
    return sealed(std::move(all));
  }

  expression_ptr parse_product() {
    return parse_binary({"*", "/", "//", "%"}, [this] { return parse_power(); });
  }

  expression_ptr parse_power() {
    return parse_binary({"**"}, [this] { return parse_unary(true); });
  }

  expression_ptr parse_unary(bool with_filter) {
    const level deeper(*this);
    expression_ptr result;
    if (is_symbol("-") || is_symbol("+")) {
      const token sign = take();
      result = make_with(kind::unary, sign.line, parse_unary(false));
      result->name = sign.text;
    } else {
      result = parse_primary();
    }
    result = parse_postfix(std::move(result));
    return with_filter ? parse_filters(std::move(result)) : std::move(result);
  }
};

}  // namespace prefopt::inline v0_2::detail::jinja
