// SPDX-License-Identifier: MIT
#pragma once
// target_parser: what a statement has beside expressions: targets of assignments, chains of filters
// without an operand, and a macro's parameters.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "prefopt/chat/detail/expression_parser.hpp"

namespace prefopt::inline v0_2::detail::jinja {

class target_parser : protected expression_parser {
 protected:
  using expression_parser::expression_parser;
  ~target_parser() = default;

  /// Targets of an assignment, with commas or in parentheses.
  assign_target parse_targets(bool with_namespace) {
    const level deeper(*this);
    assign_target all;
    const std::size_t line = now().line;
    while (true) {
      if (!all.items.empty()) {
        all.is_tuple = true;
        if (is(token_kind::block_end) || is_symbol(")")) break;
      }
      all.items.push_back(parse_target(with_namespace));
      if (!skip_symbol(",")) break;
      all.is_tuple = true;
    }
    if (all.is_tuple) return all;
    if (all.items.empty()) throw syntax_error(line, "expected a name to assign to");
    assign_target one = std::move(all.items.front());
    return one;
  }

  assign_target parse_target(bool with_namespace) {
    assign_target one;
    if (skip_symbol("(")) {
      one = parse_targets(false);
      expect_symbol(")");
      return one;
    }
    const token name = now();
    one.name = expect_name();
    for (const std::string_view constant : {"true", "false", "none", "True", "False", "None"})
      if (one.name == constant) throw syntax_error(name.line, "can't assign to 'const'");
    if (one.name == "loop" && in_loop_ > 0)
      throw syntax_error(name.line, "Can't assign to special loop variable in for-loop target");
    if (is_symbol(".") && with_namespace) {
      take();
      one.attribute = expect_name();
      names_.push_back(one.name);
    } else if (is_symbol(".") || is_symbol("[") || is_symbol("(")) {
      throw syntax_error(name.line, "can't assign to '", first_code_points(one.name, 100),
                         now().text, "...'");
    }
    return one;
  }

  /// `| a | b(1)` with an empty place for what they apply to; null if there is none.
  expression_ptr parse_filter_chain() {
    expression_ptr chain;
    while (is_symbol("|")) {
      const std::size_t line = take().line;
      chain = parse_filter(std::move(chain), line);
    }
    return chain;
  }

  void parse_signature(macro_syntax& macro) {
    expect_symbol("(");
    while (!is_symbol(")")) {
      if (!macro.parameters.empty()) expect_symbol(",");
      if (is_symbol(")")) break;
      const std::size_t line = now().line;
      macro.parameters.push_back(expect_name());
      if (skip_symbol("="))
        macro.defaults.push_back(parse_expression());
      else if (!macro.defaults.empty())
        throw syntax_error(line, "non-default argument follows default argument");
    }
    expect_symbol(")");
  }

  std::size_t in_loop_ = 0;  // loops around, in which `loop` cannot be assigned
};

}  // namespace prefopt::inline v0_2::detail::jinja
