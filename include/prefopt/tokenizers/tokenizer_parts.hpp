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
#include "prefopt/tokenizers/bpe_options.hpp"
#include "prefopt/tokenizers/merge_table.hpp"
#include "prefopt/tokenizers/normalizer.hpp"
#include "prefopt/tokenizers/post_processor.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/token_decoder.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"
#include "prefopt/tokenizers/word_splitter.hpp"

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
  bpe_options model;
  prefopt::normalizer normalizer;
  word_splitter splitter = word_splitter::gpt2();
  post_processor processor;
  token_decoder decoder;
  std::vector<added_token> first_added;  ///< searched in the whole text ("normalized": false)
  std::vector<added_token> then_added;   ///< searched between the first ("normalized": true)
  std::unordered_set<token_id> added_ids;
  std::unordered_set<token_id> only_added;  ///< those that the model's vocabulary lacks
  bool has_decoder = false;                 ///< tokenizer_config.json lists the added tokens
  bool is_whole = false;                    ///< tokenizer.json describes the tokenizer
  struct named {
    std::string text;
    std::string from;  ///< the file's name
  };
  std::optional<named> bos, end_of_text, pad, unk;  ///< the first of each that a file names
  std::optional<bool> add_bos_token, add_eos_token;
  std::vector<token_id> eos_ids;  ///< of generation_config.json

  /// Whether each token is bytes, so that a text is their concatenation: the decoder is ByteLevel,
  /// or there is none and the pre-tokenizer is.
  [[nodiscard]] bool decodes_bytes() const {
    return decoder.is_byte_level() || (decoder.empty() && splitter.is_byte_level());
  }

  /// Makes a token an added token and gives it an entry in the vocabulary if it has none. A token
  /// that was already added stays unchanged. Throws format_error if another token has the id, if
  /// the content has another id, if the content is empty or longer than added_token_limit, or, with
  /// `states_flags`, if it was added with other flags.
  void add(const added_token& token, bool normalized, std::string_view name,
           bool states_flags = false);
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
  if (first != ours.end() || ours.size() != theirs.size())
    return concat("merge ", first - ours.begin() + 1, " of ", theirs.size(),
                  " is different, expected ", ours.size());
  if (!(expected.model == other.model)) return "the model's options are different";
  if (!(expected.normalizer == other.normalizer)) return "the normalizer is different";
  if (!(expected.splitter == other.splitter)) return "the pre-tokenizer is different";
  const auto by_id = [](std::vector<added_token> tokens) {
    std::ranges::sort(tokens, {}, &added_token::id);
    return tokens;
  };
  if (by_id(expected.first_added) != by_id(other.first_added) ||
      by_id(expected.then_added) != by_id(other.then_added))
    return "the flags of the added tokens are different";
  return "";
}

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/tokenizers/detail/tokenizer_parts_definitions.hpp"
#endif
