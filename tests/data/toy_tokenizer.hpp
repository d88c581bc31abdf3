// SPDX-License-Identifier: MIT
#pragma once
// The smallest tokenizer whose merges depend on what follows: the longest piece that fits, from the
// left.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/data/tokenizer.hpp"

namespace prefopt::tests {

/// Ids 0 to 255 are bytes, then come `pieces`, then the end of text, which reads "<end>". Models
/// special_token_tokenizer.
class toy_tokenizer {
 public:
  explicit toy_tokenizer(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {
    pieces_.push_back("<end>");
  }

  [[nodiscard]] token_ids encode(std::string_view text) const {
    return encode_with(text, pieces_.size());
  }

  /// "<end>" is the only special token.
  [[nodiscard]] token_ids encode_split(std::string_view text) const {
    return encode_with(text, pieces_.size() - 1);
  }

  [[nodiscard]] std::optional<text_range> find_special_token(std::string_view text,
                                                             std::size_t from) const {
    const std::size_t at = text.find(pieces_.back(), from);
    return at == text.npos ? std::nullopt
                           : std::optional(text_range{at, at + pieces_.back().size()});
  }

  [[nodiscard]] std::string decode(std::span<const token_id> ids) const {
    std::string text;
    for (const token_id id : ids)
      if (id < 256)
        text += static_cast<char>(id);
      else
        text += pieces_.at(static_cast<std::size_t>(id) - 256);
    return text;
  }

  [[nodiscard]] token_id end_of_text() const { return static_cast<token_id>(255 + pieces_.size()); }
  [[nodiscard]] std::size_t vocabulary_size() const { return 256 + pieces_.size(); }

 private:
  /// With the first `count` pieces.
  [[nodiscard]] token_ids encode_with(std::string_view text, std::size_t count) const {
    token_ids ids;
    while (!text.empty()) {
      token_id best = static_cast<unsigned char>(text.front());
      std::size_t length = 1;
      for (std::size_t p = 0; p < count; ++p) {
        if (pieces_[p].size() > length && text.starts_with(pieces_[p])) {
          best = static_cast<token_id>(256 + p);
          length = pieces_[p].size();
        }
      }
      ids.push_back(best);
      text.remove_prefix(length);
    }
    return ids;
  }

  std::vector<std::string> pieces_;
};

}  // namespace prefopt::tests
