// SPDX-License-Identifier: MIT
#pragma once
// expression_parser: recursive descent over a tag's tokens, with Jinja's precedence.

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/filter_table.hpp"
#include "prefopt/chat/detail/syntax.hpp"
#include "prefopt/chat/detail/token.hpp"

namespace prefopt::inline v0_2::detail::jinja {

class expression_parser {
 protected:
  using kind = expression_kind;

  expression_parser(std::vector<token> tokens, std::size_t nesting)
      : tokens_(std::move(tokens)), nesting_(nesting) {}

  /// One more level of nesting, for the lifetime of the object.
  class level {
   public:
    explicit level(expression_parser& of) : of_(of) {
      if (++of.depth_ > of.nesting_)
        throw syntax_error(of.now().line, "nested deeper than ", of.nesting_, " levels");
    }
    level(const level&) = delete;
    level& operator=(const level&) = delete;
    ~level() { --of_.depth_; }

   private:
    expression_parser& of_;
  };

  [[nodiscard]] const token& now() const { return tokens_[at_]; }
  [[nodiscard]] const token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  token take() { return at_ + 1 < tokens_.size() ? tokens_[at_++] : tokens_[at_]; }
  [[nodiscard]] bool is(token_kind what) const { return now().kind == what; }
  [[nodiscard]] bool is_symbol(std::string_view what) const {
    return now().kind == token_kind::symbol && now().text == what;
  }
  [[nodiscard]] bool is_name(std::string_view what) const {
    return now().kind == token_kind::name && now().text == what;
  }
  bool skip_symbol(std::string_view what) { return is_symbol(what) && (take(), true); }
  bool skip_name(std::string_view what) { return is_name(what) && (take(), true); }

  [[nodiscard]] static std::string described(const token& one) {
    switch (one.kind) {
      case token_kind::data:
        return "template data / text";
      case token_kind::variable_begin:
        return "begin of print statement";
      case token_kind::variable_end:
        return "end of print statement";
      case token_kind::block_begin:
        return "begin of statement block";
      case token_kind::block_end:
        return "end of statement block";
      case token_kind::end:
        return "end of template";
      default:
        return first_code_points(one.text, 100);
    }
  }

  [[nodiscard]] syntax_failure expected(std::string_view what) const {
    if (is(token_kind::end))
      return syntax_error(now().line, "unexpected end of template, expected '", what, "'.");
    return syntax_error(now().line, "expected token '", what, "', got '", described(now()), "'");
  }
  void expect_symbol(std::string_view what) {
    if (!skip_symbol(what)) throw expected(what);
  }
  std::string expect_name() {
    if (!is(token_kind::name)) throw expected("name");
    return take().text;
  }

  [[nodiscard]] expression_ptr make(kind what, std::size_t line) const {
    auto made = std::make_unique<expression>();
    made->kind = what;
    made->line = line;
    return made;
  }

  /// Evaluating and destroying a tree are recursive, so its height has a bound.
  [[nodiscard]] expression_ptr sealed(expression_ptr made) const {
    for (const expression_ptr& one : made->operands)
      if (one) made->height = std::max(made->height, one->height + 1);
    for (const call_argument& one : made->arguments)
      made->height = std::max(made->height, one.what->height + 1);
    if (made->height > 2 * nesting_)
      throw syntax_error(made->line, "more than ", 2 * nesting_, " operations within each other");
    return made;
  }

  template <class... Operands>
  [[nodiscard]] expression_ptr make_with(kind what, std::size_t line, Operands... operands) const {
    auto made = make(what, line);
    (made->operands.push_back(std::move(operands)), ...);
    return sealed(std::move(made));
  }

  expression_ptr parse_expression() { return parse_conditional(); }

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
      items.push_back(with_condition ? parse_expression() : parse_or());
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
      if (skip_symbol(".")) {
        of = parse_attribute(std::move(of), line);
      } else if (skip_symbol("[")) {
        of = parse_subscript(std::move(of), line);
      } else if (is_symbol("(")) {
        of = make_with(kind::call, line, std::move(of));
        of->arguments = parse_arguments();
        of = sealed(std::move(of));
      } else {
        return of;
      }
    }
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
      if (skip_symbol("|")) {
        of = parse_filter(std::move(of), line);
      } else if (skip_name("is")) {
        of = parse_test(std::move(of), line);
      } else if (is_symbol("(")) {
        of = make_with(kind::call, line, std::move(of));
        of->arguments = parse_arguments();
        of = sealed(std::move(of));
      } else {
        return of;
      }
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

  std::vector<token> tokens_;
  std::size_t at_ = 0;
  std::size_t nesting_;
  std::size_t depth_ = 0;
  std::vector<std::string> names_;         // that were read, in order
  std::vector<unknown_function> unknown_;  // not yet known to be under a condition
};

}  // namespace prefopt::inline v0_2::detail::jinja
