// SPDX-License-Identifier: MIT
#pragma once
// token_decoder: the "decoder" of a tokenizer.json, which turns tokens back into a text.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/tokenizers/byte_symbols.hpp"
#include "prefopt/tokenizers/detail/byte_tokens.hpp"
#include "prefopt/tokenizers/text_pattern.hpp"
#include "prefopt/tokenizers/utf8.hpp"

namespace prefopt::inline v0_2 {

/// A sequence of changes to a list of tokens. Immutable: many threads may use one object at once.
class token_decoder {
 public:
  /// Joins the tokens with spaces, as the tokenizers library does without a decoder.
  token_decoder() = default;

  /// From the value in the file: ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace, or a
  /// Sequence of these; null is the default. `where` begins the message of the format_error for
  /// anything else.
  [[nodiscard]] static token_decoder read(const nlohmann::json& value, const std::string& where);

  /// Whether it is ByteLevel alone: then each token is bytes, and the text is their concatenation.
  [[nodiscard]] bool is_byte_level() const {
    return steps_.size() == 1 && std::holds_alternative<byte_level>(steps_[0]);
  }

  /// Whether the file has no decoder.
  [[nodiscard]] bool empty() const { return is_default_; }

  /// The text of the tokens, as they are spelled in the vocabulary. Throws value_error if it grows
  /// more than 64-fold.
  [[nodiscard]] std::string decode(std::vector<std::string> tokens) const {
    const auto size = [&] {
      std::size_t sum = 0;
      for (const std::string& token : tokens) sum += token.size();
      return sum;
    };
    const std::size_t limit = 64 * size() + (std::size_t{1} << 16);
    for (const step& one : steps_) {
      std::visit([&](const auto& change) { apply(change, tokens); }, one);
      if (size() > limit)
        throw value_error(concat("tokenizer: the decoder makes more than ", limit, " bytes"));
    }
    std::string text;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (is_default_ && i > 0) text += ' ';
      text += tokens[i];
    }
    return text;
  }

  /// The bytes that one token represents amid a text; they may be part of a character.
  [[nodiscard]] std::string piece(std::string token) const {
    std::vector<std::string> one{std::move(token)};
    for (const step& each : steps_) {
      if (std::holds_alternative<byte_fallback>(each)) {
        if (const auto byte = detail::byte_of_token(one[0])) one[0] = static_cast<char>(*byte);
      } else if (const auto* spaces = std::get_if<metaspace>(&each)) {
        one[0] = spaces->with_spaces(one[0]);
      } else if (std::holds_alternative<byte_level>(each)) {
        one[0] = from_byte_symbols(one[0]).value_or(one[0]);
      } else if (const auto* change = std::get_if<replace>(&each)) {
        apply(*change, one);
      }  // strip concerns the ends of a text
    }
    return std::move(one[0]);
  }

 private:
  struct byte_level {};
  struct replace {
    text_pattern pattern;
    std::string content;
  };
  struct byte_fallback {};
  struct fuse {};
  struct strip {
    std::string content;
    std::size_t start;
    std::size_t stop;
  };
  struct metaspace {
    std::string replacement;
    bool drops_first;  ///< the replacements in the first token are dropped

    [[nodiscard]] std::string with_spaces(std::string_view token, bool drops = false) const {
      std::string out;
      for (std::size_t at = 0; at < token.size();) {
        const bool found = token.substr(at).starts_with(replacement);
        if (!found)
          out += token[at++];
        else
          at += replacement.size();
        if (found && !drops) out += ' ';
      }
      return out;
    }
  };
  using step = std::variant<byte_level, replace, byte_fallback, fuse, strip, metaspace>;

  void add(const nlohmann::json& value, const std::string& where);

  static void join(std::vector<std::string>& tokens) {
    std::string all;
    for (const std::string& token : tokens) all += token;
    tokens.assign(1, std::move(all));
  }

  static void apply(byte_level, std::vector<std::string>& tokens) {
    for (std::string& token : tokens) token = from_byte_symbols(token).value_or(token);
    join(tokens);
    tokens[0] = replace_broken_utf8(tokens[0]);
  }

  static void apply(const replace& change, std::vector<std::string>& tokens) {
    for (std::string& token : tokens) {
      std::string out;
      change.pattern.for_each(token, [&](text_range range, bool is_match) {
        if (is_match)
          out += change.content;
        else
          out.append(token, range.begin, range.end - range.begin);
      });
      token = std::move(out);
    }
  }

  /// A run of byte tokens becomes their characters, or U+FFFD for each if they are not UTF-8.
  static void apply(byte_fallback, std::vector<std::string>& tokens) {
    std::vector<std::string> out;
    std::string bytes;
    const auto flush = [&] {
      if (bytes.empty()) return;
      if (replace_broken_utf8(bytes) == bytes)
        out.push_back(bytes);
      else
        out.insert(out.end(), bytes.size(), "\uFFFD");
      bytes.clear();
    };
    for (std::string& token : tokens) {
      if (const auto byte = detail::byte_of_token(token)) {
        bytes += static_cast<char>(*byte);
      } else {
        flush();
        out.push_back(std::move(token));
      }
    }
    flush();
    tokens = std::move(out);
  }

  static void apply(fuse, std::vector<std::string>& tokens) { join(tokens); }

  static void apply(const strip& change, std::vector<std::string>& tokens) {
    for (std::string& token : tokens) {
      std::string_view left = token;
      for (std::size_t i = 0; i < change.start && left.starts_with(change.content); ++i)
        left.remove_prefix(change.content.size());
      for (std::size_t i = 0; i < change.stop && left.ends_with(change.content); ++i)
        left.remove_suffix(change.content.size());
      token = std::string(left);
    }
  }

  static void apply(const metaspace& change, std::vector<std::string>& tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i)
      tokens[i] = change.with_spaces(tokens[i], i == 0 && change.drops_first);
  }

  std::vector<step> steps_;
  bool is_default_ = true;
};

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/tokenizers/detail/token_decoder_definitions.hpp"
#endif
