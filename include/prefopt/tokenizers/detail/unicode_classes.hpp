// SPDX-License-Identifier: MIT
#pragma once
// Classes of characters for expressions, as the tokenizers library and its expression engine have
// them (Unicode 16). PCRE2's own tables may be older (10.42: Unicode 14), so each class lists the
// code points that were added since.

#include <array>
#include <string>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail {

/// A general category or a script ("sc:Han") and its code points that Unicode 15, 15.1 or 16
/// added, as ranges for a bracket expression.
struct class_addition {
  std::string_view name;
  std::string_view ranges;
};

inline constexpr std::array<class_addition, 20> class_additions{{
    {"Lu", R"(\x{1C89}\x{A7CB}-\x{A7CC}\x{A7DA}\x{A7DC}\x{10D50}-\x{10D65})"},
    {"Ll", R"(\x{1C8A}\x{A7CD}\x{A7DB}\x{10D70}-\x{10D85}\x{1DF25}-\x{1DF2A})"},
    {"Lm", R"(\x{10D4E}\x{10D6F}\x{16D40}-\x{16D42}\x{16D6B}-\x{16D6C})"
           R"(\x{1E030}-\x{1E06D}\x{1E4EB})"},
    {"Lo", R"(\x{105C0}-\x{105F3}\x{10D4A}-\x{10D4D}\x{10D4F}\x{10EC2}-\x{10EC4})"
           R"(\x{1123F}-\x{11240}\x{11380}-\x{11389}\x{1138B}\x{1138E})"
           R"(\x{11390}-\x{113B5}\x{113B7}\x{113D1}\x{113D3}\x{11BC0}-\x{11BE0})"
           R"(\x{11F02}\x{11F04}-\x{11F10}\x{11F12}-\x{11F33}\x{1342F})"
           R"(\x{13441}-\x{13446}\x{13460}-\x{143FA}\x{16100}-\x{1611D})"
           R"(\x{16D43}-\x{16D6A}\x{18CFF}\x{1B132}\x{1B155}\x{1E4D0}-\x{1E4EA})"
           R"(\x{1E5D0}-\x{1E5ED}\x{1E5F0}\x{2B739}\x{2EBF0}-\x{2EE5D})"
           R"(\x{31350}-\x{323AF})"},
    {"Mn", R"(\x{897}\x{ECE}\x{10D69}-\x{10D6D}\x{10EFC}-\x{10EFF}\x{11241})"
           R"(\x{113BB}-\x{113C0}\x{113CE}\x{113D0}\x{113D2}\x{113E1}-\x{113E2})"
           R"(\x{11F00}-\x{11F01}\x{11F36}-\x{11F3A}\x{11F40}\x{11F42}\x{11F5A})"
           R"(\x{13440}\x{13447}-\x{13455}\x{1611E}-\x{16129}\x{1612D}-\x{1612F})"
           R"(\x{1E08F}\x{1E4EC}-\x{1E4EF}\x{1E5EE}-\x{1E5EF})"},
    {"Mc", R"(\x{CF3}\x{113B8}-\x{113BA}\x{113C2}\x{113C5}\x{113C7}-\x{113CA})"
           R"(\x{113CC}-\x{113CD}\x{113CF}\x{1171E}\x{11F03}\x{11F34}-\x{11F35})"
           R"(\x{11F3E}-\x{11F3F}\x{11F41}\x{1612A}-\x{1612C})"},
    {"Nd", R"(\x{10D40}-\x{10D49}\x{116D0}-\x{116E3}\x{11BF0}-\x{11BF9})"
           R"(\x{11F50}-\x{11F59}\x{16130}-\x{16139}\x{16D70}-\x{16D79})"
           R"(\x{1CCF0}-\x{1CCF9}\x{1E4F0}-\x{1E4F9}\x{1E5F1}-\x{1E5FA})"},
    {"No", R"(\x{1D2C0}-\x{1D2D3})"},
    {"Pd", R"(\x{10D6E})"},
    {"Po", R"(\x{1B4E}-\x{1B4F}\x{1B7F}\x{113D4}-\x{113D5}\x{113D7}-\x{113D8})"
           R"(\x{11B00}-\x{11B09}\x{11BE1}\x{11F43}-\x{11F4F}\x{16D6D}-\x{16D6F})"
           R"(\x{1E5FF})"},
    {"Sm", R"(\x{10D8E}-\x{10D8F})"},
    {"So", R"(\x{2427}-\x{2429}\x{2FFC}-\x{2FFF}\x{31E4}-\x{31E5}\x{31EF})"
           R"(\x{1CC00}-\x{1CCEF}\x{1CD00}-\x{1CEB3}\x{1F6DC}\x{1F774}-\x{1F776})"
           R"(\x{1F77B}-\x{1F77F}\x{1F7D9}\x{1F8B2}-\x{1F8BB}\x{1F8C0}-\x{1F8C1})"
           R"(\x{1FA75}-\x{1FA77}\x{1FA87}-\x{1FA89}\x{1FA8F}\x{1FAAD}-\x{1FAAF})"
           R"(\x{1FABB}-\x{1FABF}\x{1FAC6}\x{1FACE}-\x{1FACF}\x{1FADA}-\x{1FADC})"
           R"(\x{1FADF}\x{1FAE8}-\x{1FAE9}\x{1FAF7}-\x{1FAF8}\x{1FBCB}-\x{1FBEF})"},
    {"Cf", R"(\x{13439}-\x{1343F})"},
    {"sc:Arabic", R"(\x{897}\x{10EC2}-\x{10EC4}\x{10EFC}-\x{10EFF})"},
    {"sc:Cyrillic", R"(\x{1C89}-\x{1C8A}\x{1E030}-\x{1E06D}\x{1E08F})"},
    {"sc:Devanagari", R"(\x{11B00}-\x{11B09})"},
    {"sc:Han", R"(\x{2B739}\x{2EBF0}-\x{2EE5D}\x{31350}-\x{323AF})"},
    {"sc:Hiragana", R"(\x{1B132})"},
    {"sc:Katakana", R"(\x{1B155})"},
    {"sc:Latin", R"(\x{A7CB}-\x{A7CD}\x{A7DA}-\x{A7DC}\x{1DF25}-\x{1DF2A})"},
}};

/// The general categories of the engine: a letter names all that begin with it.
inline constexpr std::array<std::string_view, 34> general_categories{
    "L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc", "Me", "N", "Nd",
    "Nl", "No", "P",  "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm",
    "Sc", "Sk", "So", "Z",  "Zs", "Zl", "Zp", "Cc", "Cf", "Co"};

/// The scripts that expressions may name; the ones that tokenizers use.
inline constexpr std::array<std::string_view, 11> known_scripts{
    "Arabic", "Cyrillic", "Devanagari", "Greek", "Han", "Hangul",
    "Hebrew", "Hiragana", "Katakana",   "Latin", "Thai"};

/// The characters of a general category ("L", "Lu") or a script ("sc:Han"), for use inside a
/// bracket expression.
[[nodiscard]] inline std::string class_items(std::string_view name) {
  std::string items = "\\p{" + std::string(name) + "}";
  for (const class_addition& addition : class_additions) {
    const bool belongs = name.starts_with("sc:") || addition.name.starts_with("sc:")
                             ? addition.name == name
                             : addition.name.starts_with(name);
    if (belongs) items += addition.ranges;
  }
  return items;
}

/// The 25 code points with the property White_Space.
inline constexpr std::string_view white_space_items =
    R"(\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";

/// Characters of words, \w: `with_numbers` as the expression engine has them, which counts the
/// superscripts and fractions of Latin-1; else as the property, with the two joiners.
[[nodiscard]] inline std::string word_items(bool with_numbers) {
  return class_items("L") + class_items("M") + class_items("Nd") + class_items("Nl") +
         class_items("Pc") + R"(\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169})" +
         R"(\x{1F170}-\x{1F189})" +
         (with_numbers ? R"(\xB2\xB3\xB9\xBC-\xBE)" : R"(\x{200C}\x{200D})");
}

/// Numerals of the pre-tokenizer Digits (Unicode 17).
[[nodiscard]] inline std::string digit_items() {
  return class_items("N") + R"(\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6})";
}

/// An expression for one character that the pre-tokenizer Punctuation splits at: ASCII's, symbols
/// included, and the punctuation of Unicode 8.
[[nodiscard]] inline std::string punctuation_expression() {
  constexpr std::string_view later =
      R"(\x{61D}\x{9FD}\x{A76}\x{C77}\x{C84}\x{1B4E}-\x{1B4F}\x{1B7D}-\x{1B7F})"
      R"(\x{2E43}-\x{2E4F}\x{2E52}-\x{2E5D}\x{10D6E}\x{10EAD}\x{10F55}-\x{10F59})"
      R"(\x{10F86}-\x{10F89}\x{113D4}-\x{113D5}\x{113D7}-\x{113D8})"
      R"(\x{1144B}-\x{1144F}\x{1145A}-\x{1145B}\x{1145D}\x{11660}-\x{1166C})"
      R"(\x{116B9}\x{1183B}\x{11944}-\x{11946}\x{119E2}\x{11A3F}-\x{11A46})"
      R"(\x{11A9A}-\x{11A9C}\x{11A9E}-\x{11AA2}\x{11B00}-\x{11B09}\x{11BE1})"
      R"(\x{11C41}-\x{11C45}\x{11C70}-\x{11C71}\x{11EF7}-\x{11EF8})"
      R"(\x{11F43}-\x{11F4F}\x{11FFF}\x{12FF1}-\x{12FF2}\x{16D6D}-\x{16D6F})"
      R"(\x{16E97}-\x{16E9A}\x{16FE2}\x{1E5FF}\x{1E95E}-\x{1E95F})";
  return "(?:[!-/:-@\\[-`{-~\\x{166D}\\x{111C9}]|(?![" + std::string(later) + "])[" +
         class_items("P") + "])";
}

}  // namespace prefopt::inline v0_2::detail
