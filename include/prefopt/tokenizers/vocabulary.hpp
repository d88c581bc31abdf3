// SPDX-License-Identifier: MIT
#pragma once
// vocabulary: token texts as spelled in the files, their ids, and the bytes that they represent.
// Ids may have gaps, as in Hugging Face's files, so memory is proportional to the number
// of tokens, not to the greatest id.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/tokenizers/quote_token.hpp"

namespace prefopt::inline v0_2 {

/// Tokens by text and by id.
class vocabulary {
 public:
  vocabulary() = default;

  /// From `{"text": id, ...}`, the format of vocab.json. Throws format_error for an id that is not
  /// an integer from 0 to 2^31 - 1 or that two tokens share. `spells_bytes`: the texts are byte
  /// symbols, as GPT-2's; otherwise they are the tokens themselves.
  explicit vocabulary(const json_object& object, bool spells_bytes = true);

  /// Adds a token: its spelling in files and the bytes that it represents. Throws format_error if
  /// the text or the id is already used.
  void add(const std::string& text, std::string bytes, token_id id, std::string_view name) {
    if (!bytes_of_.try_emplace(id, std::move(bytes)).second) {
      throw format_error(concat(name, ": two tokens have the id ", id, "; ", quote_token(text),
                                " is one of them"));
    }
    if (!id_of_.try_emplace(text, id).second)
      throw format_error(concat(name, ": the token ", quote_token(text), " has two ids"));
    end_ = std::max(end_, static_cast<std::size_t>(id) + 1);
  }

  /// The id of a token by its spelling.
  [[nodiscard]] std::optional<token_id> find(std::string_view text) const {
    const auto found = id_of_.find(text);
    return found == id_of_.end() ? std::nullopt : std::optional(found->second);
  }

  /// The bytes that a token represents, or null if no token has this id.
  [[nodiscard]] const std::string* bytes(token_id id) const {
    const auto found = bytes_of_.find(id);
    return found == bytes_of_.end() ? nullptr : &found->second;
  }

  /// All tokens, by spelling.
  [[nodiscard]] const auto& ids() const { return id_of_; }

  /// One above the greatest id.
  [[nodiscard]] std::size_t id_end() const { return end_; }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  std::unordered_map<std::string, token_id, text_hash, std::equal_to<>> id_of_;
  std::unordered_map<token_id, std::string> bytes_of_;
  std::size_t end_ = 0;
};

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/tokenizers/detail/vocabulary_definitions.hpp"
#endif
