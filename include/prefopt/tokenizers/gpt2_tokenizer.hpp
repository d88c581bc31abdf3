// SPDX-License-Identifier: MIT
#pragma once
// gpt2_tokenizer: GPT-2's byte-level byte-pair encoding (Radford et al. 2019, section 2.2), from
// the files of Hugging Face checkpoints. Gives the same ids as the tokenizers library; models
// data's `tokenizer`.

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/tokenizer.hpp"
#include "prefopt/tokenizers/added_tokens.hpp"
#include "prefopt/tokenizers/merge_table.hpp"
#include "prefopt/tokenizers/pre_tokenizer.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/tokenizer_parts.hpp"
#include "prefopt/tokenizers/utf8.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"

namespace prefopt::inline v0_2 {

/// Converts texts to token ids and back. Immutable: many threads may use one object at once.
class gpt2_tokenizer {
 public:
  /// Loads from a checkpoint's folder: `tokenizer.json`, or `vocab.json` with `merges.txt`; if both
  /// exist they must agree. Also reads `tokenizer_config.json`, and, unless it has an
  /// `added_tokens_decoder`, `special_tokens_map.json` and `added_tokens.json`, if they exist.
  /// Throws io_error or format_error that names the file and the problem.
  [[nodiscard]] static gpt2_tokenizer from_directory(const std::filesystem::path& directory);

  /// The same from the files' contents.
  [[nodiscard]] static gpt2_tokenizer from_files(std::vector<tokenizer_file> files);

  /// The 256 bytes in GPT-2's order and `<|endoftext|>` = 256, without merges: for models too small
  /// for a real vocabulary.
  [[nodiscard]] static gpt2_tokenizer byte_level();

  /// The ids of a text, which may be any bytes; added tokens such as `<|endoftext|>` are
  /// recognized. Throws value_error if the vocabulary has no token for one of its bytes. Cost:
  /// linear in the text, n log n in its longest word.
  [[nodiscard]] token_ids encode(std::string_view text) const;

  /// The same, but special tokens are ordinary text, as with `split_special_tokens` in
  /// transformers. Special tokens are the added tokens that are not normalized; the others are
  /// still recognized.
  [[nodiscard]] token_ids encode_split(std::string_view text) const;

  /// The range of the first special token that begins at or after byte `from`.
  [[nodiscard]] std::optional<text_range> find_special_token(std::string_view text,
                                                             std::size_t from) const;

  /// The bytes that the tokens represent: decode(encode(text)) == text. Throws value_error for an
  /// id without a token.
  [[nodiscard]] std::string decode(std::span<const token_id> ids) const;

  /// One token's text for display: valid UTF-8, with U+FFFD for bytes that are invalid on their
  /// own. Throws as decode does.
  [[nodiscard]] std::string display(token_id id) const { return replace_broken_utf8(bytes(id)); }

  /// Whether a token has this id: ids may have gaps.
  [[nodiscard]] bool has_token(token_id id) const { return tokens_.bytes(id) != nullptr; }

  /// One above the greatest id.
  [[nodiscard]] std::size_t vocabulary_size() const { return tokens_.id_end(); }

  /// Whether the vocabulary has a token that ends a text.
  [[nodiscard]] bool has_end_of_text() const { return tokens_.find(end_of_text_).has_value(); }

  /// The id of the token that ends a text: the files' eos_token, or `<|endoftext|>` if they name
  /// none. Throws value_error if it is not in the vocabulary.
  [[nodiscard]] token_id end_of_text() const {
    if (const auto id = tokens_.find(end_of_text_)) return *id;
    throw value_error(concat("gpt2_tokenizer: the vocabulary has no end-of-text token ",
                             quote_token(end_of_text_)));
  }

  /// The files that a checkpoint's folder must hold to load this tokenizer from it: those that it
  /// was loaded from, verbatim.
  [[nodiscard]] const std::vector<tokenizer_file>& files() const { return files_; }

 private:
  gpt2_tokenizer(std::vector<tokenizer_file> files, const std::filesystem::path& directory);

  /// The ids of a text; matches of `first` are cut out before anything else.
  [[nodiscard]] token_ids encode_around(std::string_view text,
                                        const added_token_matcher& first) const;

  /// Encodes a part of `whole` that holds no added token.
  void encode_plain(std::string_view text, std::string_view whole, token_ids& ids) const;

  [[nodiscard]] const std::string& bytes(token_id id) const {
    if (const std::string* found = tokens_.bytes(id)) return *found;
    throw value_error(concat("gpt2_tokenizer: no token has the id ", id,
                             "; the vocabulary ends at ", tokens_.id_end()));
  }

  static constexpr token_id no_token = -1;

  std::vector<tokenizer_file> files_;
  vocabulary tokens_;
  merge_table merges_;
  added_token_matcher first_added_;
  added_token_matcher then_added_;
  std::string end_of_text_;
  std::array<token_id, 256> byte_ids_{};
  pre_tokenizer pre_tokenizer_;
};

/// The tokenizer in a model's folder. Throws what gpt2_tokenizer::from_directory throws.
[[nodiscard]] inline gpt2_tokenizer load_tokenizer(const std::filesystem::path& folder) {
  return gpt2_tokenizer::from_directory(folder);
}

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/tokenizers/detail/gpt2_tokenizer_definitions.hpp"
#endif
