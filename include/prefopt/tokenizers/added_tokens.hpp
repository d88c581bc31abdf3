// SPDX-License-Identifier: MIT
#pragma once
// added_token_matcher: finds tokens outside the byte pairs (<|endoftext|>) in a text: the leftmost
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

namespace prefopt::inline v0_2 {

/// A token that is found in the text before it is split into words.
struct added_token {
  std::string content;  ///< its bytes in the text, not empty
  token_id id;
};

/// Added tokens, prepared for searching.
class added_token_matcher {
 public:
  struct match {
    std::size_t begin;
    std::size_t end;
    token_id id;
  };

  added_token_matcher() = default;

  /// The contents must be distinct and not empty.
  explicit added_token_matcher(std::vector<added_token> tokens) : tokens_(std::move(tokens)) {
    std::ranges::sort(tokens_, {}, &added_token::content);
    for (const added_token& token : tokens_)
      begins_[static_cast<unsigned char>(token.content[0])] = true;
  }

  /// The first match that begins at or after `from`. Cost: linear in the text, times the longest
  /// token's length if the text consists of its prefixes.
  [[nodiscard]] std::optional<match> find(std::string_view text, std::size_t from) const {
    if (tokens_.empty()) return std::nullopt;
    for (std::size_t at = from; at < text.size(); ++at) {
      if (!begins_[static_cast<unsigned char>(text[at])]) continue;
      if (const added_token* token = longest_at(text.substr(at)))
        return match{at, at + token->content.size(), token->id};
    }
    return std::nullopt;
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

  std::vector<added_token> tokens_;
  std::array<bool, 256> begins_{};
};

}  // namespace prefopt::inline v0_2
