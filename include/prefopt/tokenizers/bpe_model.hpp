// SPDX-License-Identifier: MIT
#pragma once
// bpe_model: the ids of one word: its symbols, bytes or characters, and their merges.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "prefopt/data/example.hpp"
#include "prefopt/tokenizers/bpe_options.hpp"
#include "prefopt/tokenizers/byte_pairs.hpp"
#include "prefopt/tokenizers/byte_symbols.hpp"
#include "prefopt/tokenizers/merge_table.hpp"
#include "prefopt/tokenizers/utf8.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"

namespace prefopt::inline v0_2 {

/// Byte-pair encoding with a vocabulary. Immutable: many threads may use one object at once.
class bpe_model {
 public:
  bpe_model() = default;

  /// `added` are the ids that are in the vocabulary for added tokens alone: no word becomes one of
  /// them. `words_are_bytes`: the vocabulary spells bytes, which are the symbols; otherwise the
  /// symbols are characters.
  bpe_model(const vocabulary& tokens, const std::unordered_set<token_id>& added, merge_table merges,
            const bpe_options& options, bool words_are_bytes);

  /// Appends the ids of a word. Returns the location in it of a byte or character that has no token
  /// and nothing in its place, or nothing.
  [[nodiscard]] std::optional<std::size_t> encode(std::string_view word, token_ids& ids) const {
    if (options_.ignore_merges) {
      if (const auto id = find_word(word)) {
        ids.push_back(*id);
        return std::nullopt;
      }
    }
    thread_local token_ids symbols;
    symbols.clear();
    const auto unknown =
        words_are_bytes_ ? byte_symbols(word, symbols) : character_symbols(word, symbols);
    if (!unknown) merge(symbols, ids);
    return unknown;
  }

 private:
  static constexpr token_id none = -1;

  [[nodiscard]] std::optional<token_id> find_word(std::string_view word) const {
    const auto found = words_are_bytes_ ? words_.find(to_byte_symbols(word)) : words_.find(word);
    return found == words_.end() ? std::nullopt : std::optional(found->second);
  }

  [[nodiscard]] std::optional<std::size_t> byte_symbols(std::string_view word,
                                                        token_ids& symbols) const {
    for (const char byte : word) {
      const token_id id = byte_ids_[static_cast<unsigned char>(byte)];
      if (id == none) {
        symbols.clear();
        const auto unknown = character_symbols(to_byte_symbols(word), symbols);
        // every byte is a symbol, so count the symbols before
        return unknown ? std::optional(count_characters(to_byte_symbols(word), *unknown))
                       : std::nullopt;
      }
      symbols.push_back(id);
    }
    return std::nullopt;
  }

  [[nodiscard]] static std::size_t count_characters(std::string_view text, std::size_t end) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < end; at += utf8_at(text, at).length) ++count;
    return count;
  }

  [[nodiscard]] std::optional<std::size_t> character_symbols(std::string_view word,
                                                             token_ids& symbols) const {
    bool unknown = false;  // unknown characters whose token is not yet among the symbols
    for (std::size_t at = 0; at < word.size();) {
      const std::string_view character = word.substr(at, utf8_at(word, at).length);
      if (const token_id id = character_id(utf8_code_point(character)); id != none) {
        if (unknown) symbols.push_back(unk_id_);
        unknown = false;
        symbols.push_back(id);
      } else if (!fall_back(character, symbols)) {
        if (unk_id_ == none) return at;
        if (unknown && !options_.fuse_unk) symbols.push_back(unk_id_);
        unknown = true;
      }
      at += character.size();
    }
    if (unknown) symbols.push_back(unk_id_);
    return std::nullopt;
  }

  [[nodiscard]] token_id character_id(char32_t c) const {
    if (c < common_.size()) return common_[c];
    const auto found = characters_.find(c);
    return found == characters_.end() ? none : found->second;
  }

  /// Appends the tokens of a character's bytes, if all of them exist.
  [[nodiscard]] bool fall_back(std::string_view character, token_ids& symbols) const {
    if (!options_.byte_fallback) return false;
    for (const char byte : character)
      if (byte_tokens_[static_cast<unsigned char>(byte)] == none) return false;
    for (const char byte : character)
      symbols.push_back(byte_tokens_[static_cast<unsigned char>(byte)]);
    return true;
  }

  /// Merges a word; a long one is cut where no merge can cross, which is most of the places.
  void merge(std::span<const token_id> symbols, token_ids& ids) const {
    if (symbols.size() <= detail::scanned_word || !cuts_) return merge_word(symbols, merges_, ids);
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= symbols.size(); ++i) {
      if (i < symbols.size() &&
          neighbors_.find(symbols[i - 1], symbols[i]).rank != token_merge::never)
        continue;
      merge_word(symbols.subspan(begin, i - begin), merges_, ids);
      begin = i;
    }
  }

  void find_characters(const vocabulary& tokens, const std::unordered_set<token_id>& added);
  void find_neighbors(const vocabulary& tokens);

  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  merge_table merges_;
  bpe_options options_;
  bool words_are_bytes_ = true;
  token_id unk_id_ = none;
  std::array<token_id, 256> byte_ids_{};
  std::array<token_id, 256> byte_tokens_{};  // "<0x00>" to "<0xFF>"
  std::vector<token_id> common_;             // characters below 0x10000
  std::unordered_map<char32_t, token_id> characters_;
  std::unordered_map<std::string, token_id, text_hash, std::equal_to<>> words_;
  bool cuts_ = false;      // neighbors_ is known
  merge_table neighbors_;  // symbols that a merge may join at their border
};

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/tokenizers/detail/bpe_model_definitions.hpp"
#endif
