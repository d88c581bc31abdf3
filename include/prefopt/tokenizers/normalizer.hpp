// SPDX-License-Identifier: MIT
#pragma once
// normalizer: the "normalizer" of a tokenizer.json, which changes a text before it is split into
// words.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/tokenizers/detail/lower_case.hpp"
#include "prefopt/tokenizers/detail/trim_white_space.hpp"
#include "prefopt/tokenizers/normal_form.hpp"
#include "prefopt/tokenizers/text_pattern.hpp"

namespace prefopt::inline v0_2 {

/// A sequence of changes to a text. Immutable: many threads may use one object at once.
class normalizer {
 public:
  /// Changes nothing.
  normalizer() = default;

  /// From the value in the file: NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Strip, or a
  /// Sequence of these; null changes nothing. `where` begins the message of the format_error for
  /// anything else.
  [[nodiscard]] static normalizer read(const nlohmann::json& value, const std::string& where);

  /// Whether nothing is changed.
  [[nodiscard]] bool empty() const { return steps_.empty(); }

  /// Whether a text is put before the input.
  [[nodiscard]] bool prepends() const {
    return std::ranges::any_of(
        steps_, [](const step& one) { return std::holds_alternative<prepend>(one); });
  }

  /// Changes `text`, well-formed UTF-8. `at_start` tells whether its first character is the first
  /// of the input, and is cleared if that is removed. Throws value_error if the text grows more
  /// than 64-fold or an expression takes too many steps.
  void apply(std::string& text, bool& at_start) const {
    const std::size_t limit = 64 * text.size() + (std::size_t{1} << 16);
    for (const step& one : steps_) {
      std::visit([&](const auto& change) { apply(change, text, at_start); }, one);
      if (text.size() > limit)
        throw value_error(concat("tokenizer: the normalizer makes ", text.size(),
                                 " bytes of a text, expected at most ", limit));
    }
  }

  friend bool operator==(const normalizer&, const normalizer&) = default;

 private:
  struct lower_case {
    friend bool operator==(const lower_case&, const lower_case&) = default;
  };
  struct prepend {
    std::string text;
    friend bool operator==(const prepend&, const prepend&) = default;
  };
  struct replace {
    text_pattern pattern;
    std::string content;
    friend bool operator==(const replace&, const replace&) = default;
  };
  struct strip {
    bool left;
    bool right;
    friend bool operator==(const strip&, const strip&) = default;
  };
  using step = std::variant<normal_form, lower_case, prepend, replace, strip>;

  void add(const nlohmann::json& value, const std::string& where);

  static void apply(normal_form form, std::string& text, bool&) { text = normalized(text, form); }
  static void apply(lower_case, std::string& text, bool&) { text = detail::to_lower_case(text); }
  static void apply(const prepend& change, std::string& text, bool&) {
    if (!text.empty()) text.insert(0, change.text);
  }
  static void apply(const replace& change, std::string& text, bool& at_start) {
    std::string out;
    out.reserve(text.size());
    change.pattern.for_each(text, [&](text_range range, bool is_match) {
      if (!is_match)
        out.append(text, range.begin, range.end - range.begin);
      else if (range.begin == 0 && range.end > 0 && change.content.empty())
        at_start = false;
      if (is_match) out += change.content;
    });
    text = std::move(out);
  }
  static void apply(const strip& change, std::string& text, bool& at_start) {
    if (change.right) text.resize(detail::end_without_white_space(text));
    if (!change.left) return;
    const std::size_t begin = detail::begin_without_white_space(text);
    if (begin > 0) at_start = false;
    text.erase(0, begin);
  }

  std::vector<step> steps_;
};

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/tokenizers/detail/normalizer_definitions.hpp"
#endif
