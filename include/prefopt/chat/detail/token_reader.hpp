// SPDX-License-Identifier: MIT
#pragma once
// token_reader: walks over the tokens of a template and makes nodes of bounded height.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/code_points.hpp"
#include "prefopt/chat/detail/syntax.hpp"
#include "prefopt/chat/detail/token.hpp"

namespace prefopt::inline v0_2::detail::jinja {

class token_reader {
 protected:
  using kind = expression_kind;

  token_reader(std::vector<token> tokens, std::size_t nesting)
      : tokens_(std::move(tokens)), nesting_(nesting) {}

  /// One more level of nesting, for the lifetime of the object.
  class level {
   public:
    explicit level(token_reader& of) : of_(of) {
      if (++of.depth_ > of.nesting_)
        throw syntax_error(of.now().line, "nested deeper than ", of.nesting_, " levels");
    }
    level(const level&) = delete;
    level& operator=(const level&) = delete;
    ~level() { --of_.depth_; }

   private:
    token_reader& of_;
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

 private:
  std::vector<token> tokens_;
  std::size_t at_ = 0;
  std::size_t nesting_;
  std::size_t depth_ = 0;
};

}  // namespace prefopt::inline v0_2::detail::jinja
