// SPDX-License-Identifier: MIT
#pragma once
// expression_reader: the characters and classes of an expression in Oniguruma's syntax.

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/tokenizers/detail/expression_class.hpp"
#include "prefopt/tokenizers/detail/unicode_classes.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/utf8.hpp"

namespace prefopt::inline v0_2::detail {

/// A location in an expression. `ignores_case`: the location is within (?i). Every function throws
/// format_error for what is not supported.
class expression_reader {
 protected:
  expression_reader(std::string_view expression, std::string_view where)
      : in_(expression), where_(where) {}

  [[nodiscard]] format_error refuse(std::string_view what, std::size_t at) const {
    return format_error(
        concat(where_, ": ", quote_token(in_), ": ", what, " at byte ", at, " is not supported"));
  }

  [[nodiscard]] bool next_is(std::string_view text) const {
    return in_.substr(at_).starts_with(text);
  }

  /// \s, \p{L} and the like, or nothing if another escape begins here.
  [[nodiscard]] std::optional<expression_class> read_class_escape(bool ignores_case) {
    const char c = at_ + 1 < in_.size() ? in_[at_ + 1] : '\0';
    std::string items;
    bool complement = c >= 'A' && c <= 'Z';
    switch (std::tolower(static_cast<unsigned char>(c))) {
      case 's':
        items = white_space_items;
        break;
      case 'd':
        items = class_items("Nd");
        break;
      case 'w':
        items = word_items(true);
        break;
      case 'h':
        items = "0-9A-Fa-f";
        break;
      case 'p':
        items = read_property(complement, ignores_case);
        break;
      default:
        return std::nullopt;
    }
    if (c != 'p' && c != 'P') at_ += 2;
    expression_class set;
    (complement ? set.complements.emplace_back() : set.items) = std::move(items);
    return set;
  }

  [[nodiscard]] std::string read_property(bool& complement, bool ignores_case) {
    const std::size_t begin = at_;
    const std::size_t end = in_.find('}', at_);
    if (in_.substr(at_ + 2, 1) != "{" || end == in_.npos) throw refuse("\\p without {}", begin);
    std::string_view name = in_.substr(at_ + 3, end - at_ - 3);
    at_ = end + 1;
    if (name.starts_with('^')) {
      name.remove_prefix(1);
      complement = !complement;
    }
    const bool cased = name == "Lu" || name == "Ll" || name == "Lt";
    if (cased && ignores_case) throw refuse(concat("(?i) with \\p{", name, "}"), begin);
    if (std::ranges::find(general_categories, name) != general_categories.end())
      return class_items(name);
    if (std::ranges::find(known_scripts, name) != known_scripts.end())
      return class_items(concat("sc:", name));
    throw refuse(concat("\\p{", name, "}"), begin);
  }

  /// The code point of an escaped character.
  [[nodiscard]] char32_t read_character() {
    constexpr std::string_view names = "ntrfvae";
    constexpr std::string_view meanings = "\n\t\r\f\v\a\x1B";
    const std::size_t begin = at_;
    if (at_ + 1 == in_.size()) throw refuse("\\", begin);
    const char c = in_[at_ + 1];
    at_ += 2;
    if (const auto which = names.find(c); which != names.npos)
      return static_cast<unsigned char>(meanings[which]);
    if (c == 'x' || c == 'u') {
      std::string_view digits = in_.substr(at_, c == 'x' ? 2 : 4);
      at_ += digits.size();
      if (c == 'x' && digits.starts_with('{')) {
        const std::size_t end = std::min(in_.find('}', begin), in_.size());
        digits = in_.substr(begin + 3, end - begin - 3);
        at_ = std::min(end + 1, in_.size());
      }
      std::uint32_t code = 0;
      const auto [stop, failure] =
          std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
      const bool valid = failure == std::errc() && stop == digits.data() + digits.size() &&
                         code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
      // a byte of UTF-8, not a character
      if (!valid || (c == 'x' && digits.size() == 2 && code >= 0x80 && in_[begin + 2] != '{'))
        throw refuse(concat('\\', c), begin);
      return code;
    }
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) throw refuse(concat('\\', c), begin);
    if (static_cast<unsigned char>(c) < 0x80) return static_cast<unsigned char>(c);
    --at_;
    return read_code_point();
  }

  [[nodiscard]] char32_t read_code_point() {
    const auto [length, valid] = utf8_at(in_, at_);
    if (!valid) throw refuse("a broken character", at_);
    const std::string_view bytes = in_.substr(at_, length);
    at_ += length;
    return utf8_code_point(bytes);
  }

  [[nodiscard]] static std::string hex(char32_t code) {
    std::array<char, 8> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                   static_cast<std::uint32_t>(code), 16);
    return concat("\\x{", std::string_view(digits.data(), end.ptr), '}');
  }

  /// A bracket expression.
  [[nodiscard]] expression_class read_bracket(bool ignores_case) {
    const std::size_t begin = at_++;
    expression_class set;
    if (next_is("^")) {
      set.negated = true;
      ++at_;
    }
    for (bool first = true; first || !next_is("]"); first = false) {
      if (at_ >= in_.size()) throw refuse("[ without ]", begin);
      if (next_is("[") || next_is("&&")) throw refuse("a set in a set", at_);
      if (next_is("\\")) {
        if (auto inner = read_class_escape(ignores_case)) {
          set.items += inner->items;
          for (std::string& each : inner->complements) set.complements.push_back(std::move(each));
          if (next_is("-") && in_.substr(at_, 2) != "-]") throw refuse("a range of classes", at_);
          continue;
        }
      }
      read_range(set, ignores_case);
    }
    ++at_;
    return set;
  }

  /// One character of a bracket expression, or two with a hyphen between.
  void read_range(expression_class& set, bool ignores_case) {
    const std::size_t begin = at_;
    const auto one = [&] {
      if (!next_is("\\")) return read_code_point();
      if (in_.substr(at_, 2) == "\\b") {
        at_ += 2;
        return U'\b';
      }
      return read_character();
    };
    const char32_t least = one();
    char32_t most = least;
    if (next_is("-") && at_ + 1 < in_.size() && in_[at_ + 1] != ']') {
      ++at_;
      if (next_is("[") || next_is("&&")) throw refuse("a set in a set", at_);
      if (next_is("\\") && at_ + 1 < in_.size() &&
          std::string_view("sdwhpSDWHP").find(in_[at_ + 1]) != std::string_view::npos)
        throw refuse("a range of classes", begin);
      most = one();
      if (most < least) throw refuse("an empty range", begin);
    }
    if (ignores_case && most >= 0x80) throw refuse("(?i) with a character beyond ASCII", begin);
    set.items += hex(least);
    if (most > least) set.items += "-" + hex(most);
  }

  std::string_view in_;
  std::string_view where_;
  std::size_t at_ = 0;
};

}  // namespace prefopt::inline v0_2::detail
