// SPDX-License-Identifier: MIT
#pragma once
// tokenizer_parts: the content of a tokenizer's files, collected before a tokenizer is built from
// it.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/io/folder_file.hpp"
#include "prefopt/tokenizers/added_tokens.hpp"
#include "prefopt/tokenizers/merge_table.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"

namespace prefopt::inline v0_2 {

/// A file that belongs to a tokenizer.
using tokenizer_file = folder_file;

/// GPT-2's token between texts, used if a tokenizer's files name no other.
inline constexpr std::string_view gpt2_end_of_text = "<|endoftext|>";

/// Maximum length of an added token in bytes. Searching for one takes up to this many steps per
/// byte of text.
inline constexpr std::size_t added_token_limit = 1024;

struct tokenizer_parts {
  vocabulary tokens;
  merge_table merges;
  std::vector<added_token> first_added;  ///< searched in the whole text ("normalized": false)
  std::vector<added_token> then_added;   ///< searched between the first ("normalized": true)
  std::unordered_set<token_id> added_ids;
  bool has_decoder = false;  ///< tokenizer_config.json lists the added tokens
  struct named_end {
    std::string text;
    std::string from;  ///< the file's name
  };
  std::optional<named_end> end_of_text;  ///< the first eos_token that a file names

  /// Makes `content` an added token and gives it an entry in the vocabulary if it has none. A token
  /// that was already added stays unchanged. Throws format_error if another token has the id, if
  /// the content has another id, or if the content is empty or longer than added_token_limit.
  void add(const std::string& content, token_id id, bool normalized, std::string_view name) {
    if (content.empty()) throw format_error(concat(name, ": the added token ", id, " has no text"));
    if (content.size() > added_token_limit) {
      throw format_error(concat(name, ": the added token ", quote_token(content), " has ",
                                content.size(), " bytes, expected at most ", added_token_limit));
    }
    if (const auto known = tokens.find(content); !known) {
      tokens.add(content, content, id, name);
    } else if (*known != id) {
      throw format_error(concat(name, ": the added token ", quote_token(content), " has the id ",
                                id, ", but in the vocabulary it is ", *known));
    } else if (*tokens.bytes(id) != content) {
      // Found as text it would be these bytes, merged it would be others: it could not be decoded.
      throw format_error(
          concat(name, ": the added token ", quote_token(content), " also spells other bytes"));
    }
    if (added_ids.insert(id).second)
      (normalized ? then_added : first_added).push_back({content, id});
  }
};

/// Describes the first difference between the ids of a tokenizer and those of the `expected` one;
/// empty if there is none.
[[nodiscard]] inline std::string describe_difference(const tokenizer_parts& expected,
                                                     const tokenizer_parts& other) {
  const auto token = [](const std::string* bytes) {
    return bytes == nullptr ? "no token" : quote_token(*bytes);
  };
  const std::size_t end = std::max(expected.tokens.id_end(), other.tokens.id_end());
  for (std::size_t i = 0; i < end; ++i) {
    const auto id = static_cast<token_id>(i);
    const std::string* ours = expected.tokens.bytes(id);
    const std::string* theirs = other.tokens.bytes(id);
    if (ours == nullptr ? theirs != nullptr : theirs == nullptr || *ours != *theirs)
      return concat("token id ", id, " is ", token(theirs), ", expected ", token(ours));
  }
  for (std::size_t i = 0; i < end; ++i) {
    const auto id = static_cast<token_id>(i);
    if (expected.added_ids.contains(id) != other.added_ids.contains(id))
      return concat("the token ", token(expected.tokens.bytes(id)),
                    expected.added_ids.contains(id) ? " is not an" : " is an", " added token");
  }
  const auto same = [](const merge_table::entry& a, const merge_table::entry& b) {
    return a.left == b.left && a.right == b.right;
  };
  const auto ours = expected.merges.in_order(), theirs = other.merges.in_order();
  const auto first = std::ranges::mismatch(ours, theirs, same).in1;
  if (first == ours.end() && ours.size() == theirs.size()) return "";
  return concat("merge ", first - ours.begin() + 1, " of ", theirs.size(),
                " is different, expected ", ours.size());
}

}  // namespace prefopt::inline v0_2
