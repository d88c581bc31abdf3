// SPDX-License-Identifier: MIT
#pragma once
// expression_translator: an expression in the syntax of Oniguruma, which tokenizer.json uses, in
// PCRE2's. Refuses by name what the two understand differently and tokenizers do not use.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/tokenizers/detail/expression_reader.hpp"
#include "prefopt/tokenizers/detail/unicode_classes.hpp"

namespace prefopt::inline v0_2::detail {

/// Reads one expression from left to right and writes its translation.
class expression_translator : expression_reader {
 public:
  /// `where` begins every message.
  expression_translator(std::string_view expression, std::string_view where)
      : expression_reader(expression, where) {}

  /// Throws format_error for what is not supported.
  [[nodiscard]] std::string run() && {
    while (at_ < in_.size()) step();
    if (groups_.size() > 1) throw refuse("( without )", in_.size());
    return std::move(out_);
  }

 private:
  struct group {
    bool ignores_case = false;
    bool empty = true;  // nothing of it was read yet
  };

  void step() {
    const char c = in_[at_];
    const bool first = std::exchange(groups_.back().empty, false);
    if (c == '(') return open(first);
    if (!is_letter(c)) last_letter_ = 0;
    if (c == ')') return close();
    if (c == '[') return put_item(read_bracket(groups_.back().ignores_case).spelled());
    if (c == '\\') return escape();
    if (c == '*' || c == '+' || c == '?') return quantifier();
    if (c == '{') return counted();
    ++at_;
    if (c == '|')
      out_ += c;
    else if (c == '.')
      out_ += '.';
    else if (c == '^')
      out_ += "(?m:^)";
    else if (c == '$')
      out_ += R"((?:(?=\n)|(?<!\n)\z))";  // no empty line after the last line feed
    else
      literal(c, at_ - 1);
    quantified_ = c == '|' || c == '^' || c == '$';
  }

  void open(bool first) {
    const std::size_t begin = at_;
    group inner{groups_.back().ignores_case, true};
    last_letter_ = 0;
    quantified_ = true;  // a quantifier cannot follow
    for (const std::string_view plain : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (!next_is(plain)) continue;
      at_ += plain.size();
      out_ += plain;
      return groups_.push_back(inner);
    }
    if (!next_is("(?")) {
      ++at_;
      out_ += "(?:";  // no expression refers back to it
      return groups_.push_back(inner);
    }
    at_ += 2;
    std::string flags;
    for (bool on = true; at_ < in_.size() && in_[at_] != ':' && in_[at_] != ')'; ++at_) {
      const char flag = in_[at_];
      if (flag == '-' && on)
        on = false;
      else if (flag == 'i')
        inner.ignores_case = on;
      else if (flag != 'm')
        throw refuse("the group (?", begin);
      flags += flag == 'm' ? 's' : flag;  // m: a dot matches a line feed, too
    }
    if (at_ == in_.size()) throw refuse("the group (?", begin);
    out_ += "(?" + flags + in_[at_];
    if (in_[at_++] == ':') return groups_.push_back(inner);
    // Further right, it would begin a group that includes the alternatives behind it.
    if (!first) throw refuse("an option after the beginning of its group", begin);
    groups_.back() = inner;
  }

  void close() {
    if (groups_.size() == 1) throw refuse(")", at_);
    groups_.pop_back();
    groups_.back().empty = false;
    out_ += in_[at_++];
    quantified_ = false;
  }

  void put_item(const std::string& item) {
    out_ += item;
    quantified_ = false;
  }

  void quantifier() {
    if (quantified_) throw refuse("a quantifier after no character or group", at_);
    out_ += in_[at_++];
    if (at_ < in_.size() && (in_[at_] == '?' || in_[at_] == '+')) out_ += in_[at_++];
    quantified_ = true;
  }

  /// {n}, {n,}, {n,m}, {,m}; any other { is a character.
  void counted() {
    const std::size_t end = in_.find('}', at_);
    const std::string_view body = end == in_.npos ? "" : in_.substr(at_ + 1, end - at_ - 1);
    const std::size_t comma = std::min(body.find(','), body.size());
    const auto all_digits = [](std::string_view text) {
      return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    };
    const std::string_view least = body.substr(0, comma);
    const std::string_view most = body.substr(std::min(comma + 1, body.size()));
    if (!all_digits(least) || !all_digits(most) || (least.empty() && most.empty())) {
      literal('{', at_++);
      quantified_ = false;
      return;
    }
    if (quantified_) throw refuse("a quantifier after no character or group", at_);
    out_ += concat('{', least.empty() ? "0" : least, comma < body.size() ? "," : "", most, '}');
    at_ = end + 1;
    quantified_ = true;
    if (at_ < in_.size() && in_[at_] == '?' && comma < body.size()) out_ += in_[at_++];
    if (at_ < in_.size() && std::string_view("?+*").find(in_[at_]) != std::string_view::npos)
      throw refuse("a quantifier after {}", at_);
  }

  [[nodiscard]] static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  void literal(char c, std::size_t at) {
    if (groups_.back().ignores_case) {
      if (static_cast<unsigned char>(c) >= 0x80)
        throw refuse("(?i) with a character beyond ASCII", at);
      // these pairs also match one character: U+00DF, U+FB00 and others
      const auto low = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      for (const std::string_view pair : {"ss", "ff", "fi", "fl", "st"})
        if (last_letter_ == pair[0] && low == pair[1])
          throw refuse("(?i) with ss, st, ff, fi or fl", at);
      last_letter_ = is_letter(c) ? low : '\0';
    }
    if (static_cast<unsigned char>(c) < 0x80 && std::ispunct(static_cast<unsigned char>(c)) != 0)
      out_ += '\\';
    out_ += c;
  }

  void escape() {
    const std::size_t begin = at_;
    if (const auto set = read_class_escape(groups_.back().ignores_case))
      return put_item(set->spelled());
    const char c = at_ + 1 < in_.size() ? in_[at_ + 1] : '\0';
    if (c == 'A' || c == 'z' || c == 'Z') {
      out_ += in_.substr(at_, 2);
      at_ += 2;
      quantified_ = true;
    } else if (c == 'b' || c == 'B') {
      const std::string in = "[" + word_items(true) + "]";
      out_ += c == 'b' ? concat("(?:(?<=", in, ")(?!", in, ")|(?<!", in, ")(?=", in, "))")
                       : concat("(?:(?<=", in, ")(?=", in, ")|(?<!", in, ")(?!", in, "))");
      at_ += 2;
      quantified_ = true;
    } else {
      const char32_t code = read_character();
      if (code >= 0x80 && groups_.back().ignores_case)
        throw refuse("(?i) with a character beyond ASCII", begin);
      if (code < 0x80)
        literal(static_cast<char>(code), begin);
      else
        out_ += hex(code);
      quantified_ = false;
    }
  }

  std::string out_;
  std::vector<group> groups_{1};
  bool quantified_ = true;  // no quantifier may follow
  char last_letter_ = 0;    // of a text in (?i), in lower case
};

}  // namespace prefopt::inline v0_2::detail
