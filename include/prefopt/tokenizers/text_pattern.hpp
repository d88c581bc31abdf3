// SPDX-License-Identifier: MIT
#pragma once
// text_pattern: what a part of a tokenizer.json looks for in a text, {"String": ...} or
// {"Regex": ...}.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/data/tokenizer.hpp"
#include "prefopt/tokenizers/detail/expression_translator.hpp"
#include "prefopt/tokenizers/detail/pcre2_code.hpp"
#include "prefopt/tokenizers/utf8.hpp"

namespace prefopt::inline v0_2 {

/// A text or an expression to find. Cheap to copy if it is an expression; many threads may use one
/// object at once.
class text_pattern {
 public:
  /// Finds `text` itself. Throws format_error if it is empty; `where` begins the message.
  [[nodiscard]] static text_pattern of_text(std::string_view text, std::string_view where) {
    if (text.empty()) throw format_error(concat(where, ": an empty pattern is not supported"));
    return text_pattern(text, std::nullopt);
  }

  /// Finds an expression in Oniguruma's syntax. Throws format_error, naming the construct, for one
  /// that is malformed, longer than 64 KiB, or not supported.
  [[nodiscard]] static text_pattern of_expression(std::string_view expression,
                                                  std::string_view where) {
    if (expression.size() > std::size_t{1} << 16)
      throw format_error(concat(where, ": an expression of ", expression.size(),
                                " bytes, expected at most 65536"));
    return text_pattern(
        expression,
        detail::pcre2_code(detail::expression_translator(expression, where).run(), where));
  }

  /// Finds an expression that is already in PCRE2's syntax.
  [[nodiscard]] static text_pattern of_pcre2(std::string_view expression) {
    return text_pattern(expression, detail::pcre2_code(expression, "tokenizer"));
  }

  /// Calls `visit(text_range, bool is_match)` for the matches in `text`, which must be well-formed
  /// UTF-8, and for what is between them, in order; joined, the ranges are the text. A match may be
  /// empty; an empty text has none. Throws value_error if an expression takes too many steps.
  template <class Visitor>
  void for_each(std::string_view text, Visitor&& visit) const {
    if (text.empty()) return;
    std::size_t done = 0;
    bool after_match = false;
    for (std::size_t from = 0; from <= text.size();) {
      const std::optional<text_range> match = find(text, from);
      if (!match) break;
      // An empty match directly after a match does not count.
      if (match->begin == match->end && after_match && match->end == done) {
        from = match->end + character_length(text, match->end);
        continue;
      }
      if (done < match->begin) visit(text_range{done, match->begin}, false);
      visit(*match, true);
      done = from = match->end;
      after_match = true;
    }
    if (done < text.size()) visit(text_range{done, text.size()}, false);
  }

  /// Whether two patterns find the same.
  friend bool operator==(const text_pattern& a, const text_pattern& b) {
    return a.source_ == b.source_ && a.code_.has_value() == b.code_.has_value();
  }

 private:
  text_pattern(std::string_view source, std::optional<detail::pcre2_code> code)
      : source_(source), code_(std::move(code)) {}

  [[nodiscard]] std::optional<text_range> find(std::string_view text, std::size_t from) const {
    if (code_) return code_->find(text, from);
    const std::size_t at = text.find(source_, from);
    if (at == text.npos) return std::nullopt;
    return text_range{at, at + source_.size()};
  }

  [[nodiscard]] static std::size_t character_length(std::string_view text, std::size_t at) {
    return at < text.size() ? utf8_at(text, at).length : 1;
  }

  std::string source_;
  std::optional<detail::pcre2_code> code_;
};

}  // namespace prefopt::inline v0_2
