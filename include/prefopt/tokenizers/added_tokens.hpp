// SPDX-License-Identifier: MIT
#pragma once
// added_token_matcher: finds tokens outside the merges (<|endoftext|>) in a text: the leftmost
// first, and among those that begin together the longest.

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/data/example.hpp"
#include "prefopt/data/tokenizer.hpp"
#include "prefopt/tokenizers/detail/pcre2_code.hpp"
#include "prefopt/tokenizers/detail/trim_white_space.hpp"
#include "prefopt/tokenizers/detail/unicode_classes.hpp"
#include "prefopt/tokenizers/utf8.hpp"

namespace prefopt::inline v0_2 {

/// A token that is found in the text before it is split into words.
struct added_token {
  std::string content;  ///< its bytes in the text, not empty
  token_id id;
  bool special = false;      ///< ordinary text if special tokens are split
  bool single_word = false;  ///< found only if no character of a word is next to it
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< takes the white space after it

  friend bool operator==(const added_token&, const added_token&) = default;
};

/// Added tokens, prepared for searching.
class added_token_matcher {
 public:
  struct match {
    std::size_t begin;
    std::size_t end;
    token_id id;
    const added_token* token;
  };

  added_token_matcher() = default;

  /// The contents must be distinct and not empty.
  explicit added_token_matcher(std::vector<added_token> tokens) : tokens_(std::move(tokens)) {
    std::ranges::sort(tokens_, {}, &added_token::content);
    for (const added_token& token : tokens_) {
      begins_[static_cast<unsigned char>(token.content[0])] = true;
      if (token.single_word && !word_character_)
        word_character_.emplace("[" + detail::word_items(false) + "]", "added_tokens");
    }
  }

  /// The first match that begins at or after `from`. Cost: linear in the text, times the longest
  /// token's length if the text consists of its prefixes.
  [[nodiscard]] std::optional<match> find(std::string_view text, std::size_t from) const {
    if (tokens_.empty()) return std::nullopt;
    for (std::size_t at = from; at < text.size(); ++at) {
      if (!begins_[static_cast<unsigned char>(text[at])]) continue;
      if (const added_token* token = longest_at(text.substr(at)))
        return match{at, at + token->content.size(), token->id, token};
    }
    return std::nullopt;
  }

  /// Calls `found(const added_token&)` for the tokens in `text`, as their flags say, and
  /// `between(std::string_view)` for the text around them, in order. With `skip_special`, special
  /// tokens are text, and so is what they hide. Cost as find.
  template <class Between, class Found>
  void cut(std::string_view text, bool skip_special, Between&& between, Found&& found) const {
    std::size_t done = 0;
    text_range spaces;  // the last run of them that a token took
    for (std::size_t from = 0; const auto next = find(text, from);) {
      const added_token& token = *next->token;
      from = next->end;
      if ((skip_special && token.special) || (token.single_word && touches_word(text, *next)))
        continue;
      std::size_t begin = next->begin, end = next->end;
      if (token.lstrip && done < begin)
        begin = done + detail::end_without_white_space(text.substr(done, begin - done));
      if (token.rstrip) {
        if (end < spaces.begin || end > spaces.end)
          spaces = {end, end + detail::begin_without_white_space(text.substr(end))};
        end = spaces.end;
      }
      if (done < begin) between(text.substr(done, begin - done));
      found(token);
      done = end;
    }
    if (done < text.size()) between(text.substr(done));
  }

 private:
  /// The longest token that is a prefix of `text`. Narrows the sorted tokens to those that match it
  /// byte by byte.
  [[nodiscard]] const added_token* longest_at(std::string_view text) const {
    const added_token* longest = nullptr;
    auto first = tokens_.begin();
    auto last = tokens_.end();
    for (std::size_t depth = 0; first != last; ++depth) {
      // a token sorts before those that it is a prefix of
      if (first->content.size() == depth) longest = &*first++;
      if (depth == text.size()) break;
      const auto byte_at = [depth](const added_token& token) {
        return static_cast<unsigned char>(token.content[depth]);
      };
      const auto agreeing = std::ranges::equal_range(
          first, last, static_cast<unsigned char>(text[depth]), {}, byte_at);
      first = agreeing.begin();
      last = agreeing.end();
    }
    return longest;
  }

  [[nodiscard]] bool touches_word(std::string_view text, const match& at) const {
    const auto is_word = [&](std::size_t begin, std::size_t end) {
      return utf8_at(text, begin).valid &&
             word_character_->find(text.substr(begin, end - begin), 0).has_value();
    };
    if (at.begin > 0 && is_word(detail::previous_character(text, at.begin), at.begin)) return true;
    return at.end < text.size() && is_word(at.end, at.end + utf8_at(text, at.end).length);
  }

  std::vector<added_token> tokens_;
  std::optional<detail::pcre2_code> word_character_;  // if a token must be a single word
  std::array<bool, 256> begins_{};
};

}  // namespace prefopt::inline v0_2
