// SPDX-License-Identifier: MIT
#pragma once
// pre_tokenizer: splits a text into the words in which byte pairs are merged, as GPT-2 does:
// contractions; letters, numerals and everything else, each with the space before them; and white
// space, whose last space goes to the next word. Radford et al. 2019,
// https://github.com/openai/gpt-2, encoder.py; PCRE2 matches the expression.
//
// Letters, numerals and white space are defined here as in the tokenizers library (Unicode 16):
// PCRE2's own \s includes U+180E, and its tables may be older, so the classes list what PCRE2 10.42
// (Unicode 14) does not know.

// Width 0 leaves the choice to the names' suffixes, so that a program can also use PCRE2 at another
// width.
#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 0
#endif

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <pcre2.h>

#include "prefopt/core/error.hpp"
#include "prefopt/tokenizers/utf8.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// The 25 code points with the property White_Space, for use inside a bracket expression.
inline constexpr std::string_view white_space_class =
    R"(\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";

/// Letters; the ranges are those added in Unicode 15 and 16.
inline constexpr std::string_view letter_class =
    R"(\p{L}\x{1C89}\x{1C8A}\x{A7CB}-\x{A7CD}\x{A7DA}-\x{A7DC}\x{105C0}-\x{105F3}\x{10D4A}-\x{10D65})"
    R"(\x{10D6F}-\x{10D85}\x{10EC2}-\x{10EC4}\x{1123F}\x{11240}\x{11380}-\x{11389}\x{1138B}\x{1138E})"
    R"(\x{11390}-\x{113B5}\x{113B7}\x{113D1}\x{113D3}\x{11BC0}-\x{11BE0}\x{11F02}\x{11F04}-\x{11F10})"
    R"(\x{11F12}-\x{11F33}\x{1342F}\x{13441}-\x{13446}\x{13460}-\x{143FA}\x{16100}-\x{1611D})"
    R"(\x{16D40}-\x{16D6C}\x{18CFF}\x{1B132}\x{1B155}\x{1DF25}-\x{1DF2A}\x{1E030}-\x{1E06D})"
    R"(\x{1E4D0}-\x{1E4EB}\x{1E5D0}-\x{1E5ED}\x{1E5F0}\x{2B739}\x{2EBF0}-\x{2EE5D}\x{31350}-\x{323AF})";

/// Numerals; the ranges are those added in Unicode 15 and 16.
inline constexpr std::string_view numeral_class =
    R"(\p{N}\x{10D40}-\x{10D49}\x{116D0}-\x{116E3}\x{11BF0}-\x{11BF9}\x{11F50}-\x{11F59}\x{16130}-\x{16139})"
    R"(\x{16D70}-\x{16D79}\x{1CCF0}-\x{1CCF9}\x{1D2C0}-\x{1D2D3}\x{1E4F0}-\x{1E4F9}\x{1E5F1}-\x{1E5FA})";

/// GPT-2's expression: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+.
/// The possessive ++ match the same but keep PCRE2 from backtracking.
[[nodiscard]] inline std::string gpt2_word_expression() {
  return concat("'(?:[smtd]|re|ve|ll)| ?[", letter_class, "]++| ?[", numeral_class, "]++| ?[^",
                white_space_class, letter_class, numeral_class, "]++|[", white_space_class,
                "]+(?![^", white_space_class, "])|[", white_space_class, "]++");
}

struct pcre2_deleter {
  void operator()(pcre2_code_8* code) const { pcre2_code_free_8(code); }
  void operator()(pcre2_match_data_8* data) const { pcre2_match_data_free_8(data); }
};

}  // namespace detail

/// Splits texts into words as GPT-2 does. Cheap to copy; many threads may use one object at once.
class pre_tokenizer {
 public:
  /// Throws prefopt::error if PCRE2 was built without Unicode.
  pre_tokenizer() {
    const std::string expression = detail::gpt2_word_expression();
    int failure = 0;
    std::size_t offset = 0;
    expression_.reset(
        pcre2_compile_8(reinterpret_cast<PCRE2_SPTR8>(expression.data()), expression.size(),
                        PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &failure, &offset, nullptr),
        detail::pcre2_deleter{});
    if (!expression_)
      throw error(concat("pre_tokenizer: PCRE2 error ", failure, " at byte ", offset));
    // without JIT, PCRE2 interprets
    (void)pcre2_jit_compile_8(expression_.get(), PCRE2_JIT_COMPLETE);
  }

  /// Calls `visit(std::string_view word)` for every word, in order; joined, the words are `text`.
  /// Bytes that are not UTF-8 end the preceding word, and a run of them is a separate word. Cost:
  /// linear in the text.
  template <class Visitor>
  void for_each_word(std::string_view text, Visitor&& visit) const {
    const std::unique_ptr<pcre2_match_data_8, detail::pcre2_deleter> match(
        pcre2_match_data_create_8(1, nullptr));
    if (!match) throw error("pre_tokenizer: PCRE2 could not get memory");
    for (std::size_t begin = 0; begin < text.size();) {
      const auto [length, valid] = even_stretch(text, begin);
      const std::string_view stretch = text.substr(begin, length);
      for (std::size_t at = 0; at < stretch.size();) {
        const std::size_t end = valid ? word_end(stretch, at, match.get()) : stretch.size();
        visit(stretch.substr(at, end - at));
        at = end;
      }
      begin += length;
    }
  }

 private:
  /// The longest run of bytes from `begin` that are all well-formed or all broken.
  [[nodiscard]] static utf8_step even_stretch(std::string_view text, std::size_t begin) {
    auto [end, valid] = utf8_at(text, begin);
    end += begin;
    while (end < text.size()) {
      const utf8_step step = utf8_at(text, end);
      if (step.valid != valid) break;
      end += step.length;
    }
    return {end - begin, valid};
  }

  /// The end of the word that begins at `at`. Every character begins a word, so there is always a
  /// match.
  [[nodiscard]] std::size_t word_end(std::string_view text, std::size_t at,
                                     pcre2_match_data_8* match) const {
    const auto run = [&](unsigned options) {
      return pcre2_match_8(expression_.get(), reinterpret_cast<PCRE2_SPTR8>(text.data()),
                           text.size(), at, PCRE2_NO_UTF_CHECK | options, match, nullptr);
    };
    int outcome = run(0);
    if (outcome == PCRE2_ERROR_JIT_STACKLIMIT) outcome = run(PCRE2_NO_JIT);
    if (outcome < 0) throw error(concat("pre_tokenizer: PCRE2 error ", outcome, " at byte ", at));
    return pcre2_get_ovector_pointer_8(match)[1];
  }

  std::shared_ptr<pcre2_code_8> expression_;
};

}  // namespace prefopt::inline v0_2
