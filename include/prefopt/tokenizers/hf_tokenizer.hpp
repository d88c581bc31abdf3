// SPDX-License-Identifier: MIT
#pragma once
// hf_tokenizer: byte-pair encoding as the files of a Hugging Face folder describe it: a
// tokenizer.json, or GPT-2's vocab.json and merges.txt. Gives the same ids as the tokenizers
// library; models data's `tokenizer`.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/tokenizer.hpp"
#include "prefopt/tokenizers/added_tokens.hpp"
#include "prefopt/tokenizers/bpe_model.hpp"
#include "prefopt/tokenizers/normalizer.hpp"
#include "prefopt/tokenizers/post_processor.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/special_tokens.hpp"
#include "prefopt/tokenizers/token_decoder.hpp"
#include "prefopt/tokenizers/tokenizer_parts.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"
#include "prefopt/tokenizers/word_splitter.hpp"

namespace prefopt::inline v0_2 {

/// Converts texts to token ids and back. Immutable and cheap to copy: many threads may use one
/// object at once.
class hf_tokenizer {
 public:
  /// Loads from a checkpoint's folder: `tokenizer.json`, or `vocab.json` with `merges.txt`; if both
  /// exist they must agree. Also reads `tokenizer_config.json`, `generation_config.json`, and,
  /// unless the first has an `added_tokens_decoder`, `special_tokens_map.json` and
  /// `added_tokens.json`, if they exist. Throws io_error or format_error that names the file and
  /// the problem.
  [[nodiscard]] static hf_tokenizer from_directory(const std::filesystem::path& directory);

  /// The same from the files' contents.
  [[nodiscard]] static hf_tokenizer from_files(std::vector<tokenizer_file> files);

  /// The 256 bytes in GPT-2's order and `<|endoftext|>` = 256, without merges: for models too small
  /// for a real vocabulary.
  [[nodiscard]] static hf_tokenizer byte_level();

  /// The ids of a text; added tokens such as `<|endoftext|>` are recognized. This is how a rendered
  /// chat template is encoded, which spells its special tokens out. A byte-level tokenizer takes
  /// any bytes; broken UTF-8 passes the normalizer unchanged, and a run of it is one word. Others
  /// take UTF-8 only. Throws value_error if the vocabulary has neither a token nor a substitute for
  /// one of the bytes or characters, for broken UTF-8 as above, and for a text that a part of the
  /// tokenizer cannot process in bounded time or memory. Cost: linear in the text, n log n in its
  /// longest word.
  [[nodiscard]] token_ids encode(std::string_view text) const;

  /// The same with the special tokens that the post-processor adds, for example the one that begins
  /// a text: for plain text. A text that already spells that token gets a second one.
  [[nodiscard]] token_ids encode_with_special(std::string_view text) const;

  /// The same as encode, but special tokens are ordinary text, as with `split_special_tokens` in
  /// transformers. Other added tokens are still recognized.
  [[nodiscard]] token_ids encode_split(std::string_view text) const;

  /// The range of the first special token that begins at or after byte `from`.
  [[nodiscard]] std::optional<text_range> find_special_token(std::string_view text,
                                                             std::size_t from) const;

  /// The text that the tokens represent, special ones included. Byte-level tokenizers give all
  /// bytes back, decode(encode(text)) == text, unless they normalize or add a space. Throws
  /// value_error for an id without a token.
  [[nodiscard]] std::string decode(std::span<const token_id> ids) const;

  /// One token's text for display: valid UTF-8, with U+FFFD for bytes that are invalid on their
  /// own. Throws as decode does.
  [[nodiscard]] std::string display(token_id id) const;

  /// Whether a token has this id: ids may have gaps.
  [[nodiscard]] bool has_token(token_id id) const { return it_->tokens.bytes(id) != nullptr; }

  /// One above the greatest id.
  [[nodiscard]] std::size_t vocabulary_size() const { return it_->tokens.id_end(); }

  /// Whether the vocabulary has a token that ends a text.
  [[nodiscard]] bool has_end_of_text() const {
    return it_->tokens.find(it_->end_of_text).has_value();
  }

  /// The id of the token that ends a text: the files' eos_token, or `<|endoftext|>` if they name
  /// none. Throws value_error if it is not in the vocabulary.
  [[nodiscard]] token_id end_of_text() const {
    if (const auto id = it_->tokens.find(it_->end_of_text)) return *id;
    throw value_error(concat("tokenizer: the vocabulary has no end-of-text token ",
                             quote_token(it_->end_of_text)));
  }

  /// The tokens that the files name for a role.
  [[nodiscard]] const special_tokens& roles() const { return it_->roles; }

  /// Whether any bytes have ids: the tokens are bytes, not characters.
  [[nodiscard]] bool is_byte_level() const { return it_->splitter.is_byte_level(); }

  /// The files that a checkpoint's folder must hold to load this tokenizer from it: those that it
  /// was loaded from, verbatim.
  [[nodiscard]] const std::vector<tokenizer_file>& files() const { return it_->files; }

 private:
  struct state {
    std::vector<tokenizer_file> files;
    vocabulary tokens;
    prefopt::normalizer normalizer;
    word_splitter splitter;
    bpe_model model;
    post_processor processor;
    token_decoder decoder;
    bool decodes_bytes;
    std::unordered_map<token_id, std::string> normalized_text;  // of added tokens that it changes
    added_token_matcher first_added;
    added_token_matcher then_added;
    added_token_matcher special;
    std::string end_of_text;
    special_tokens roles;
  };

  /// A text while it is encoded.
  struct encoding {
    std::string_view text;
    bool skip_special;
    token_ids ids;
  };

  hf_tokenizer(std::vector<tokenizer_file> files, const std::filesystem::path& directory);

  [[nodiscard]] token_ids encode_all(std::string_view text, bool skip_special) const;

  /// A part of the text between added tokens that are not normalized.
  void encode_part(std::string_view part, encoding& to) const;

  /// The same, well-formed UTF-8.
  void encode_valid(std::string_view part, encoding& to) const;

  void encode_word(std::string_view word, encoding& to) const;

  /// What a token is for the decoder.
  [[nodiscard]] const std::string& bytes(token_id id) const {
    if (const auto added = it_->normalized_text.find(id); added != it_->normalized_text.end())
      return added->second;
    if (const std::string* found = it_->tokens.bytes(id)) return *found;
    throw value_error(concat("tokenizer: no token has the id ", id, "; the vocabulary ends at ",
                             vocabulary_size()));
  }

  std::shared_ptr<const state> it_;
};

/// The tokenizer in a model's folder. Throws what hf_tokenizer::from_directory throws.
[[nodiscard]] inline hf_tokenizer load_tokenizer(const std::filesystem::path& folder) {
  return hf_tokenizer::from_directory(folder);
}

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/tokenizers/detail/hf_tokenizer_definitions.hpp"
#endif
