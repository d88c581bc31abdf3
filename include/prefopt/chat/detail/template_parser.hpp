// SPDX-License-Identifier: MIT
#pragma once
// template_parser: the statements of a template.

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/target_parser.hpp"

namespace prefopt::inline v0_2::detail::jinja {

class template_parser final : target_parser {
 public:
  template_parser(std::vector<token> tokens, std::size_t nesting)
      : target_parser(std::move(tokens), nesting) {}

  /// Throws syntax_failure.
  [[nodiscard]] statement_list parse() {
    statement_list all = parse_body({});
    check_unknown(0);
    return all;
  }

 private:
  using ends = std::initializer_list<std::string_view>;

  /// Statements up to one of the tags in `end`, whose name is the next token, or to the end of the
  /// template if there are none.
  statement_list parse_body(ends end) {
    const level deeper(*this);
    statement_list body;
    while (!is(token_kind::end)) {
      const token first = take();
      if (first.kind == token_kind::data) {
        body.push_back(make_statement(statement_kind::data, first.line));
        body.back().text = first.text;
      } else if (first.kind == token_kind::variable_begin) {
        body.push_back(make_statement(statement_kind::output, first.line));
        body.back().expressions.push_back(parse_tuple(true));
        expect(token_kind::variable_end, "end of print statement");
      } else {
        if (is(token_kind::name) && std::ranges::find(end, now().text) != end.end()) return body;
        body.push_back(parse_statement(end));
        expect(token_kind::block_end, "end of statement block");
      }
    }
    if (end.size() > 0) {
      throw syntax_error(now().line,
                         "Unexpected end of template. Jinja was looking for the following tags: '",
                         *(end.end() - 1), "'.");
    }
    return body;
  }

  /// The body of a block whose tag has been read, and the name of the tag that ends it.
  statement_list parse_block(ends end) {
    expect(token_kind::block_end, "end of statement block");
    return parse_body(end);
  }

  /// As parse_block, for a body in which filters and tests must exist, whatever is around it.
  statement_list parse_scope(ends end) {
    const std::size_t begin = unknown_.size();
    statement_list body = parse_block(end);
    check_unknown(begin);
    return body;
  }

  void check_unknown(std::size_t begin) const {
    if (unknown_.size() > begin)
      throw syntax_failure{"TemplateAssertionError", unknown_[begin].line, unknown_[begin].reason};
  }

  void expect(token_kind what, std::string_view name) {
    if (!is(what)) throw expected(name);
    take();
  }

  [[nodiscard]] static statement make_statement(statement_kind what, std::size_t line) {
    statement made;
    made.kind = what;
    made.line = line;
    return made;
  }

  statement parse_statement(ends end) {
    if (!is(token_kind::name)) throw syntax_error(now().line, "tag name expected");
    const token tag = take();
    struct entry {
      std::string_view name;
      statement (template_parser::*parse)(std::size_t);
    };
    static constexpr entry table[] = {{"if", &template_parser::parse_if},
                                      {"for", &template_parser::parse_for},
                                      {"set", &template_parser::parse_set},
                                      {"with", &template_parser::parse_with},
                                      {"macro", &template_parser::parse_macro},
                                      {"call", &template_parser::parse_call},
                                      {"filter", &template_parser::parse_filter_block},
                                      {"generation", &template_parser::parse_generation},
                                      {"print", &template_parser::parse_print},
                                      {"break", &template_parser::parse_break},
                                      {"continue", &template_parser::parse_continue}};
    for (const entry& one : table)
      if (one.name == tag.text) return (this->*one.parse)(tag.line);
    for (const std::string_view known :
         {"block", "extends", "include", "import", "from", "autoescape"})
      if (known == tag.text)
        throw syntax_failure{"Unsupported", tag.line,
                             concat("the tag ", known, " is not supported")};
    throw syntax_error(
        tag.line, "Encountered unknown tag '", first_code_points(tag.text, 100), "'.",
        end.size() == 0
            ? std::string()
            : concat(" Jinja was looking for the following tags: '", *(end.end() - 1), "'."));
  }

  statement parse_if(std::size_t line) {
    const level deeper(*this);
    const std::size_t begin = unknown_.size();
    statement made = make_statement(statement_kind::condition, line);
    made.expressions.push_back(parse_tuple(false));
    made.body = parse_block({"elif", "else", "endif"});
    const token tag = take();
    if (tag.text == "elif") {
      made.otherwise.push_back(parse_if(tag.line));
    } else if (tag.text == "else") {
      made.otherwise = parse_block({"endif"});
      take();
    }
    unknown_.resize(std::min(begin, unknown_.size()));
    return made;
  }

  statement parse_for(std::size_t line) {
    statement made = make_statement(statement_kind::loop, line);
    ++in_loop_;
    made.targets.push_back(parse_targets(false));
    if (!skip_name("in")) throw expected("in");
    made.expressions.push_back(parse_tuple(false));
    const std::size_t begin = unknown_.size();
    made.expressions.push_back(skip_name("if") ? parse_expression() : nullptr);
    check_unknown(begin);
    made.is_recursive = skip_name("recursive");
    const std::size_t names = names_.size();
    ++loops_;
    made.body = parse_scope({"endfor", "else"});
    --loops_;
    made.uses_loop = made.is_recursive || is_read("loop", names);
    if (take().text == "else") {
      made.otherwise = parse_scope({"endfor"});
      take();
    }
    --in_loop_;
    return made;
  }

  [[nodiscard]] bool is_read(std::string_view name, std::size_t since) const {
    return std::find(names_.begin() + static_cast<std::ptrdiff_t>(since), names_.end(), name) !=
           names_.end();
  }

  statement parse_set(std::size_t line) {
    statement made = make_statement(statement_kind::set, line);
    made.targets.push_back(parse_targets(true));
    if (skip_symbol("=")) {
      made.expressions.push_back(parse_tuple(true));
      return made;
    }
    if (made.targets[0].is_tuple) throw syntax_error(line, "a block that is set needs one target");
    made.kind = statement_kind::set_block;
    const std::size_t begin = unknown_.size();
    made.expressions.push_back(parse_filter_chain());
    made.body = parse_block({"endset"});
    check_unknown(begin);
    take();
    return made;
  }

  statement parse_filter_block(std::size_t line) {
    statement made = make_statement(statement_kind::filter_block, line);
    const std::size_t begin = unknown_.size();
    expression_ptr chain = parse_filter(nullptr, line);
    while (is_symbol("|")) {
      const std::size_t pipe = take().line;
      chain = parse_filter(std::move(chain), pipe);
    }
    made.expressions.push_back(std::move(chain));
    made.body = parse_block({"endfilter"});
    check_unknown(begin);
    take();
    return made;
  }

  statement parse_with(std::size_t line) {
    statement made = make_statement(statement_kind::with, line);
    while (!is(token_kind::block_end)) {
      if (!made.targets.empty()) expect_symbol(",");
      made.targets.push_back(parse_target(false));
      expect_symbol("=");
      made.expressions.push_back(parse_expression());
    }
    made.body = parse_scope({"endwith"});
    take();
    return made;
  }

  /// The body of a macro or a call block, in which no loop around it can be left.
  statement_list parse_macro_body(macro_syntax& macro, ends end) {
    const std::size_t names = names_.size(), loops = std::exchange(loops_, 0);
    statement_list body = parse_scope(end);
    loops_ = loops;
    const auto reads = [&](std::string_view name) {
      return is_read(name, names) &&
             std::ranges::find(macro.parameters, name) == macro.parameters.end();
    };
    macro.uses_caller = reads("caller");
    macro.uses_varargs = reads("varargs");
    macro.uses_kwargs = reads("kwargs");
    take();
    return body;
  }

  statement parse_macro(std::size_t line) {
    statement made = make_statement(statement_kind::macro, line);
    made.macro = std::make_unique<macro_syntax>();
    made.macro->name = expect_name();
    parse_signature(*made.macro);
    made.body = parse_macro_body(*made.macro, {"endmacro"});
    return made;
  }

  statement parse_call(std::size_t line) {
    statement made = make_statement(statement_kind::call_block, line);
    made.macro = std::make_unique<macro_syntax>();
    made.macro->name = "caller";
    if (is_symbol("(")) parse_signature(*made.macro);
    expression_ptr call = parse_expression();
    if (call->kind != expression_kind::call) throw syntax_error(line, "expected call");
    made.expressions.push_back(std::move(call));
    made.body = parse_macro_body(*made.macro, {"endcall"});
    return made;
  }

  statement parse_generation(std::size_t line) {
    statement made = make_statement(statement_kind::generation, line);
    const std::size_t loops = std::exchange(loops_, 0);
    made.body = parse_scope({"endgeneration"});
    loops_ = loops;
    take();
    return made;
  }

  statement parse_print(std::size_t line) {
    statement made = make_statement(statement_kind::output, line);
    while (!is(token_kind::block_end)) {
      if (!made.expressions.empty()) expect_symbol(",");
      made.expressions.push_back(parse_expression());
    }
    return made;
  }

  statement parse_break(std::size_t line) { return leave(statement_kind::break_loop, line); }
  statement parse_continue(std::size_t line) { return leave(statement_kind::continue_loop, line); }

  statement leave(statement_kind how, std::size_t line) {
    if (loops_ == 0) {
      throw syntax_error(line, how == statement_kind::break_loop
                                   ? "'break' outside loop"
                                   : "'continue' not properly in loop");
    }
    return make_statement(how, line);
  }

  std::size_t loops_ = 0;  // that a break can leave
};

}  // namespace prefopt::inline v0_2::detail::jinja
