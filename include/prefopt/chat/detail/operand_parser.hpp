// SPDX-License-Identifier: MIT
#pragma once
// operand_parser: names, literals and brackets, and what follows them: attributes, items, calls,
// filters and tests.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/filter_table.hpp"
#include "prefopt/chat/detail/syntax.hpp"
#include "prefopt/chat/detail/token_reader.hpp"

namespace prefopt::inline v0_2::detail::jinja {

class operand_parser : protected token_reader {
 protected:
  using token_reader::token_reader;
  ~operand_parser() = default;

  /// Operators and their operands; a conditional expression only `with_condition`.
  virtual expression_ptr parse_operators(bool with_condition) = 0;
  expression_ptr parse_expression() { return parse_operators(true); }

  expression_ptr constant(std::size_t line, value what) const {
    auto made = make(kind::constant, line);
    made->constant = std::move(what);
    return made;
  }

  expression_ptr parse_primary() {
    const token first = take();
    switch (first.kind) {
      case token_kind::name:
        return parse_name(first);
      case token_kind::integer:
        return constant(first.line, first.integer);
      case token_kind::real:
        return constant(first.line, first.real);
      case token_kind::text: {
        std::string text = first.text;
        while (is(token_kind::text)) text += take().text;
        return constant(first.line, std::move(text));
      }
      default:
        break;
    }
    if (first.kind == token_kind::symbol && first.text == "(") {
      expression_ptr inner = parse_tuple(true, true);
      expect_symbol(")");
      return inner;
    }
    if (first.kind == token_kind::symbol && first.text == "[") return parse_list(first.line);
    if (first.kind == token_kind::symbol && first.text == "{") return parse_dict(first.line);
    throw syntax_error(first.line, "unexpected '", described(first), "'");
  }

  expression_ptr parse_name(const token& name) {
    if (name.text == "true" || name.text == "True") return constant(name.line, true);
    if (name.text == "false" || name.text == "False") return constant(name.line, false);
    if (name.text == "none" || name.text == "None") return constant(name.line, value());
    names_.push_back(name.text);
    auto made = make(kind::name, name.line);
    made->name = name.text;
    return made;
  }

  expression_ptr parse_list(std::size_t line) {
    auto made = make(kind::list, line);
    while (!is_symbol("]")) {
      if (!made->operands.empty()) expect_symbol(",");
      if (is_symbol("]")) break;
      made->operands.push_back(parse_expression());
    }
    expect_symbol("]");
    return sealed(std::move(made));
  }

  expression_ptr parse_dict(std::size_t line) {
    auto made = make(kind::dict, line);
    while (!is_symbol("}")) {
      if (!made->operands.empty()) expect_symbol(",");
      if (is_symbol("}")) break;
      made->operands.push_back(parse_expression());
      expect_symbol(":");
      made->operands.push_back(parse_expression());
    }
    expect_symbol("}");
    return sealed(std::move(made));
  }

  /// Expressions with commas between them.
  expression_ptr parse_tuple(bool with_condition, bool in_parentheses = false) {
    const std::size_t line = now().line;
    std::vector<expression_ptr> items;
    bool is_tuple = false;
    while (true) {
      if (!items.empty()) expect_symbol(",");
      const bool ends = is(token_kind::variable_end) || is(token_kind::block_end) || is_symbol(")");
      if (ends) break;
      items.push_back(parse_operators(with_condition));
      if (!is_symbol(",")) break;
      is_tuple = true;
    }
    if (!is_tuple && !items.empty()) return std::move(items.front());
    if (!is_tuple && !in_parentheses)
      throw syntax_error(line, "Expected an expression, got '", described(now()), "'");
    auto made = make(kind::tuple, line);
    made->operands = std::move(items);
    return sealed(std::move(made));
  }

  expression_ptr parse_postfix(expression_ptr of) {
    while (true) {
      const std::size_t line = now().line;
      if (skip_symbol("."))
        of = parse_attribute(std::move(of), line);
      else if (skip_symbol("["))
        of = parse_subscript(std::move(of), line);
      else if (is_symbol("("))
        of = parse_call(std::move(of), line);
      else
        return of;
    }
  }

  expression_ptr parse_call(expression_ptr of, std::size_t line) {
    expression_ptr made = make_with(kind::call, line, std::move(of));
    made->arguments = parse_arguments();
    return sealed(std::move(made));
  }

  expression_ptr parse_attribute(expression_ptr of, std::size_t line) {
    const token name = take();
    if (name.kind == token_kind::integer)
      return make_with(kind::item, line, std::move(of), constant(line, name.integer));
    if (name.kind != token_kind::name) throw syntax_error(name.line, "expected name or number");
    auto made = make_with(kind::attribute, line, std::move(of));
    made->name = name.text;
    return made;
  }

  expression_ptr parse_subscript(expression_ptr of, std::size_t line) {
    std::vector<expression_ptr> parts;
    if (skip_symbol("]"))
      return make_with(kind::item, line, std::move(of), make(kind::tuple, line));
    if (!is_symbol(":")) parts.push_back(parse_expression());
    if (is_symbol(",")) {
      expression_ptr tuple = make(kind::tuple, line);
      tuple->operands.push_back(std::move(parts[0]));
      while (skip_symbol(",")) tuple->operands.push_back(parse_expression());
      parts[0] = sealed(std::move(tuple));
    }
    if (!is_symbol(":")) {
      expect_symbol("]");
      return make_with(kind::item, line, std::move(of), std::move(parts[0]));
    }
    parts.resize(1);
    while (skip_symbol(":") && parts.size() < 3) {
      const bool is_left_out = is_symbol(":") || is_symbol("]") || is_symbol(",");
      parts.push_back(is_left_out ? nullptr : parse_expression());
    }
    if (is_symbol(","))
      throw syntax_error(line, "a slice among several subscripts is not supported");
    expect_symbol("]");
    parts.resize(3);
    return make_with(kind::slice, line, std::move(of), std::move(parts[0]), std::move(parts[1]),
                     std::move(parts[2]));
  }

  std::vector<call_argument> parse_arguments() {
    using form = call_argument::form;
    std::vector<call_argument> all;
    expect_symbol("(");
    bool has_named = false, has_spread = false, has_spread_named = false;
    while (!is_symbol(")")) {
      if (!all.empty()) {
        expect_symbol(",");
        if (is_symbol(")")) break;
      }
      const std::size_t line = now().line;
      call_argument one;
      if (skip_symbol("*")) {
        one.how = form::spread;
      } else if (skip_symbol("**")) {
        one.how = form::spread_named;
      } else if (is(token_kind::name) && next().kind == token_kind::symbol && next().text == "=") {
        one.how = form::named;
        one.name = take().text;
        take();
      }
      const bool fits = one.how == form::positional ? !has_named && !has_spread && !has_spread_named
                        : one.how == form::spread   ? !has_spread && !has_spread_named
                        : one.how == form::spread_named ? !has_spread_named
                                                        : !has_spread_named;
      if (!fits) throw syntax_error(line, "invalid syntax for function call expression");
      has_named = has_named || one.how == form::named;
      has_spread = has_spread || one.how == form::spread;
      has_spread_named = has_spread_named || one.how == form::spread_named;
      one.what = parse_expression();
      all.push_back(std::move(one));
    }
    expect_symbol(")");
    return all;
  }

  /// Filters, tests and calls behind an operand.
  expression_ptr parse_filters(expression_ptr of) {
    while (true) {
      const std::size_t line = now().line;
      if (skip_symbol("|"))
        of = parse_filter(std::move(of), line);
      else if (skip_name("is"))
        of = parse_test(std::move(of), line);
      else if (is_symbol("("))
        of = parse_call(std::move(of), line);
      else
        return of;
    }
  }

  std::string dotted_name() {
    std::string name = expect_name();
    while (skip_symbol(".")) name += '.' + expect_name();
    return name;
  }

  /// A filter's name and arguments; `of` is null in a filter block.
  expression_ptr parse_filter(expression_ptr of, std::size_t line) {
    auto made = make_with(kind::filter, line, std::move(of));
    made->name = dotted_name();
    resolve(*made, find_filter(made->name), "filter");
    if (is_symbol("(")) made->arguments = parse_arguments();
    return sealed(std::move(made));
  }

  expression_ptr parse_test(expression_ptr of, std::size_t line) {
    const bool is_negated = skip_name("not");
    auto made = make_with(kind::test, line, std::move(of));
    made->name = dotted_name();
    resolve(*made, find_test(made->name), "test");
    const bool ends = is_name("else") || is_name("or") || is_name("and");
    const bool has_argument = is(token_kind::name) || is(token_kind::text) ||
                              is(token_kind::integer) || is(token_kind::real) || is_symbol("[") ||
                              is_symbol("{");
    if (is_symbol("(")) {
      made->arguments = parse_arguments();
    } else if (has_argument && !ends) {
      if (is_name("is")) throw syntax_error(line, "You cannot chain multiple tests with is");
      call_argument one;
      one.what = parse_postfix(parse_primary());
      made->arguments.push_back(std::move(one));
    }
    made = sealed(std::move(made));
    return is_negated ? make_with(kind::logical_not, line, std::move(made)) : std::move(made);
  }

  /// A filter or test that nobody knows is an error here, except under a condition: there it is
  /// one where it is reached. One that only this evaluator lacks is always an error here.
  void resolve(expression& made, const named_method* found, const char* what) {
    if (found == nullptr)
      unknown_.push_back(
          {made.line, concat("No ", what, " named '", first_code_points(made.name, 100), "'.")});
    else if (found->body == nullptr)
      throw syntax_failure{"Unsupported", made.line,
                           concat("the ", what, " ", made.name, " is not supported")};
    else
      made.function = found->body;
  }

  struct unknown_function {
    std::size_t line;
    std::string reason;
  };

  std::vector<std::string> names_;         // that were read, in order
  std::vector<unknown_function> unknown_;  // not yet known to be under a condition
};

}  // namespace prefopt::inline v0_2::detail::jinja
