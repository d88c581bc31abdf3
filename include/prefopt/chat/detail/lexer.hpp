// SPDX-License-Identifier: MIT
#pragma once
// lexer: a template's source as tokens, with the white space around tags taken away: the newline
// behind a block tag or a comment, the blanks between the beginning of a line and either, and what
// a minus sign says.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/code_points.hpp"
#include "prefopt/chat/detail/literals.hpp"
#include "prefopt/chat/detail/token.hpp"

namespace prefopt::inline v0_2::detail::jinja {

class lexer {
 public:
  explicit lexer(std::string_view source) : source_(with_plain_newlines(source)) {}

  /// Throws syntax_failure.
  [[nodiscard]] std::vector<token> tokens() {
    while (at_ < source_.size()) read_data();
    add(token_kind::end);
    return std::move(tokens_);
  }

 private:
  /// \r\n and \r as \n, and without the last newline.
  [[nodiscard]] static std::string with_plain_newlines(std::string_view source) {
    std::string text;
    for (std::size_t i = 0; i < source.size(); ++i) {
      const bool is_return = source[i] == '\r';
      if (is_return && i + 1 < source.size() && source[i + 1] == '\n') continue;
      text += is_return ? '\n' : source[i];
    }
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  void add(token_kind kind, std::string text = {}) {
    tokens_.push_back({kind, std::move(text), line_, 0, 0});
  }

  [[nodiscard]] std::string_view rest() const { return std::string_view(source_).substr(at_); }

  void advance(std::size_t count) {
    line_ += static_cast<std::size_t>(std::ranges::count(rest().substr(0, count), '\n'));
    begins_line_ = count > 0 && source_[at_ + count - 1] == '\n';
    at_ += count;
  }

  void skip_space() { advance(rest().size() - cut_left(rest(), is_space).size()); }

  /// The text up to the next tag, and the tag.
  void read_data() {
    std::size_t tag = at_;
    for (;; ++tag) {
      tag = source_.find('{', tag);
      if (tag == std::string::npos || tag + 1 >= source_.size()) {
        add(token_kind::data, std::string(rest()));
        return advance(rest().size());
      }
      if (std::string_view("{%#").find(source_[tag + 1]) != std::string_view::npos) break;
    }
    const char kind = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    add_data(rest().substr(0, tag - at_), sign, kind != '{');
    advance(tag - at_ + 2 + (sign == '-' || sign == '+' ? 1 : 0));
    if (kind == '#') return skip_comment();
    if (kind == '{') return read_tag(token_kind::variable_begin, token_kind::variable_end, "}}");
    if (const std::size_t raw = raw_begin(); raw > 0) return read_raw(raw);
    read_tag(token_kind::block_begin, token_kind::block_end, "%}");
  }

  /// Text before a tag. `strips`: blanks between the beginning of the line and the tag go.
  void add_data(std::string_view text, char sign, bool strips) {
    std::string_view kept = text;
    if (sign == '-') {
      kept = cut_right(text, is_space);
    } else if (sign != '+' && strips) {
      const std::size_t newline = text.rfind('\n');
      const std::size_t line = newline == text.npos ? 0 : newline + 1;
      const bool is_blank = cut_left(text.substr(line), is_space).empty();
      if ((line > 0 || begins_line_) && is_blank) kept = text.substr(0, line);
    }
    if (!kept.empty()) add(token_kind::data, std::string(kept));
  }

  /// What a tag's end takes with it: `-` the white space behind it, `+` nothing, and otherwise,
  /// for a block or a comment, a newline.
  void finish_tag(char sign, bool trims) {
    if (sign == '-')
      skip_space();
    else if (sign != '+' && trims && rest().starts_with('\n'))
      advance(1);
  }

  void skip_comment() {
    if (at_ == source_.size()) return;  // Jinja misses the end only if something follows
    const std::size_t begin = line_, end = source_.find("#}", at_);
    if (end == std::string::npos) throw syntax_error(begin, "Missing end of comment tag");
    const char sign = end > at_ ? source_[end - 1] : '\0';
    advance(end + 2 - at_);
    finish_tag(sign, true);
  }

  /// The bytes of `raw %}` here, 0 if it is another tag.
  [[nodiscard]] std::size_t raw_begin() const {
    std::string_view text = cut_left(rest(), is_space);
    if (!text.starts_with("raw")) return 0;
    text = cut_left(text.substr(3), is_space);
    const std::size_t end = text.starts_with("-%}") ? 3 : text.starts_with("%}") ? 2 : 0;
    return end == 0 ? 0 : rest().size() - text.size() + end;
  }

  void read_raw(std::size_t begin) {
    const std::size_t line = line_;
    const bool strips = source_[at_ + begin - 3] == '-';
    advance(begin);
    if (strips) skip_space();
    if (at_ == source_.size()) return;
    for (std::size_t tag = source_.find("{%", at_); tag != std::string::npos;
         tag = source_.find("{%", tag + 1)) {
      std::string_view text = std::string_view(source_).substr(tag + 2);
      const char sign = text.empty() ? '\0' : text[0];
      if (sign == '-' || sign == '+') text.remove_prefix(1);
      text = cut_left(text, is_space);
      if (!text.starts_with("endraw")) continue;
      text = cut_left(text.substr(6), is_space);
      const char end_sign = text.starts_with("-%}") || text.starts_with("+%}") ? text[0] : '\0';
      if (end_sign == '\0' && !text.starts_with("%}")) continue;
      add_data(rest().substr(0, tag - at_), sign, true);
      const std::size_t left = text.size() - (end_sign == '\0' ? 2 : 3);
      advance(rest().size() - left);
      return finish_tag(end_sign, true);
    }
    throw syntax_error(line, "Missing end of raw directive");
  }

  /// The tokens of an expression or a statement, and its end.
  void read_tag(token_kind begin, token_kind end, std::string_view closing) {
    add(begin);
    const bool is_block = end == token_kind::block_end;
    while (at_ < source_.size()) {
      const char sign = rest()[0];
      const bool has_sign = sign == '-' || (is_block && sign == '+');
      if (open_.empty() && rest().substr(has_sign ? 1 : 0).starts_with(closing)) {
        add(end);
        advance(closing.size() + (has_sign ? 1 : 0));
        return finish_tag(has_sign ? sign : '\0', is_block);
      }
      read_token();
    }
    if (!open_.empty())
      throw syntax_error(line_, "unexpected end of template, expected '", closing_of(open_.back()),
                         "'");
  }

  void read_token() {
    const char c = rest()[0];
    const bool is_digit = c >= '0' && c <= '9';
    if (is_space(decode_one(rest().substr(0, bytes_at(rest(), 0))))) return skip_space();
    if (is_digit) return read_number();
    if (is_name_byte(c)) return read_name();
    if (c == '\'' || c == '"') return read_text();
    read_symbol();
  }

  [[nodiscard]] static bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80;
  }

  void read_name() {
    std::size_t count = 0;
    while (count < rest().size() && is_name_byte(rest()[count])) ++count;
    add(token_kind::name, std::string(rest().substr(0, count)));
    advance(count);
  }

  void read_number() {
    const bool follows_dot = at_ > 0 && source_[at_ - 1] == '.';
    const number_literal found = read_number_literal(rest(), !follows_dot, line_);
    add(found.is_real ? token_kind::real : token_kind::integer,
        std::string(rest().substr(0, found.bytes)));
    tokens_.back().integer = found.integer;
    tokens_.back().real = found.real;
    advance(found.bytes);
  }

  void read_text() {
    const char quote = rest()[0];
    std::size_t end = 1;
    while (end < rest().size() && rest()[end] != quote) end += rest()[end] == '\\' ? 2 : 1;
    if (end >= rest().size())
      throw syntax_error(line_, "unexpected char ", quoted_char(rest()), " at ", at_);
    add(token_kind::text, unescaped(rest().substr(1, end - 1), line_));
    advance(end + 1);
  }

  [[nodiscard]] static std::string quoted_char(std::string_view text) {
    return "'" + std::string(text.substr(0, bytes_at(text, 0))) + "'";
  }

  [[nodiscard]] static char closing_of(char open) {
    return open == '(' ? ')' : open == '[' ? ']' : '}';
  }

  void read_symbol() {
    constexpr std::string_view pairs[] = {"//", "**", "==", "!=", "<=", ">="};
    constexpr std::string_view single = "+-/*%~[](){}><=.:|,;";
    std::size_t count = std::ranges::count(pairs, rest().substr(0, 2)) > 0 ? 2 : 1;
    const char c = rest()[0];
    if (count == 1 && single.find(c) == single.npos)
      throw syntax_error(line_, "unexpected char ", quoted_char(rest()), " at ", at_);
    if (c == '(' || c == '[' || c == '{') open_.push_back(c);
    if (c == ')' || c == ']' || c == '}') {
      if (open_.empty()) throw syntax_error(line_, "unexpected '", c, "'");
      if (closing_of(open_.back()) != c)
        throw syntax_error(line_, "unexpected '", c, "', expected '", closing_of(open_.back()),
                           "'");
      open_.pop_back();
    }
    add(token_kind::symbol, std::string(rest().substr(0, count)));
    advance(count);
  }

  std::string source_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  bool begins_line_ = true;
  std::string open_;  // brackets
  std::vector<token> tokens_;
};

}  // namespace prefopt::inline v0_2::detail::jinja
