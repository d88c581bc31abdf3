// SPDX-License-Identifier: MIT
#pragma once
// The definitions for the files of a tokenizer together.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/io/folder_file.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/model_folder.hpp"
#include "prefopt/tokenizers/byte_symbols.hpp"
#include "prefopt/tokenizers/merge_table.hpp"
#include "prefopt/tokenizers/merges.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/tokenizer_config.hpp"
#include "prefopt/tokenizers/tokenizer_files.hpp"
#include "prefopt/tokenizers/tokenizer_json.hpp"
#include "prefopt/tokenizers/tokenizer_parts.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Only the user can know which of two files is right.
[[nodiscard]] inline format_error files_disagree(std::string_view what, std::string_view other) {
  return format_error(concat(what, ", but ", other,
                             "; the files describe two tokenizers: remove the outdated one"));
}

/// Throws format_error unless a vocab.json holds the tokens of the tokenizer.json next to it, with
/// the same ids. Added tokens may be missing from it.
inline void check_same_vocabulary(const vocabulary& tokens, const std::string& name,
                                  const tokenizer_parts& whole, const std::string& whole_name) {
  const auto lowest = [](const vocabulary& all,
                         auto is_wrong) -> std::optional<std::pair<token_id, std::string>> {
    std::optional<std::pair<token_id, std::string>> found;
    for (const auto& [text, id] : all.ids())
      if ((!found || id < found->first) && is_wrong(text, id)) found.emplace(id, text);
    return found;
  };
  if (const auto token = lowest(
          tokens, [&](const auto& text, token_id id) { return whole.tokens.find(text) != id; })) {
    const auto& [id, text] = *token;
    const auto other = whole.tokens.find(text);
    throw files_disagree(concat(name, ": the id of ", quote_token(text), " is ", id),
                         other ? concat("in ", whole_name, " it is ", *other)
                               : concat(whole_name, " has no such token"));
  }
  if (const auto token = lowest(whole.tokens, [&](const auto& text, token_id id) {
        return !whole.added_ids.contains(id) && !tokens.find(text);
      })) {
    throw files_disagree(concat(whole_name, ": model: vocab: the id of ",
                                quote_token(token->second), " is ", token->first),
                         concat(name, " has no such token"));
  }
}

/// Throws format_error unless a merges.txt holds the merges of the tokenizer.json next to it, in
/// the same order.
inline void check_same_merges(const merge_table& merges, const std::string& name,
                              const tokenizer_parts& whole, const std::string& whole_name) {
  const std::vector<merge_table::entry> ours = merges.in_order();
  const std::vector<merge_table::entry> theirs = whole.merges.in_order();
  const auto spell = [&](const std::vector<merge_table::entry>& entries, std::size_t i) {
    if (i >= entries.size()) return std::string("missing");
    const auto text = [&](token_id id) {
      const auto& ids = whole.tokens.ids();
      const auto token =
          std::ranges::find_if(ids, [id](const auto& each) { return each.second == id; });
      return token->first;
    };
    return quote_token(concat(text(entries[i].left), ' ', text(entries[i].right)));
  };
  for (std::size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    if (i < ours.size() && i < theirs.size() && ours[i].left == theirs[i].left &&
        ours[i].right == theirs[i].right)
      continue;
    throw files_disagree(concat(name, ": merge ", i + 1, " is ", spell(ours, i)),
                         concat("in ", whole_name, " it is ", spell(theirs, i)));
  }
}

}  // namespace detail

PREFOPT_INLINE tokenizer_parts read_tokenizer_parts(const std::vector<tokenizer_file>& files,
                                                    const std::filesystem::path& directory) {
  const auto path_of = [&](std::string_view name) { return (directory / name).native(); };
  const auto find = [&](std::string_view name) -> const std::string* {
    const auto file = std::ranges::find(files, name, &tokenizer_file::name);
    return file == files.end() ? nullptr : &file->content;
  };
  const std::string* vocab = find("vocab.json");
  const std::string* merges = find("merges.txt");
  const std::string* whole = find("tokenizer.json");
  if (!holds_tokenizer(files)) {
    throw io_error(
        concat(directory.native(),
               ": holds no tokenizer: expected vocab.json with merges.txt, or tokenizer.json",
               detail::describe_other_tokenizer(directory)));
  }
  tokenizer_parts parts;
  if (whole) parts = read_tokenizer_json(*whole, path_of("tokenizer.json"));
  if (vocab) {
    const nlohmann::json json = parse_json(*vocab, path_of("vocab.json"));
    vocabulary tokens(json_object(json, path_of("vocab.json")), parts.decodes_bytes());
    if (whole) {
      detail::check_same_vocabulary(tokens, path_of("vocab.json"), parts,
                                    path_of("tokenizer.json"));
    } else {
      parts.tokens = std::move(tokens);
    }
  }
  if (merges) {
    merge_table table = read_merges_text(*merges, path_of("merges.txt"), parts.tokens);
    if (whole)
      detail::check_same_merges(table, path_of("merges.txt"), parts, path_of("tokenizer.json"));
    else
      parts.merges = std::move(table);
  }
  // tokenizer_config.json comes first: only it says which tokens are special.
  if (const auto* text = find("tokenizer_config.json"))
    read_tokenizer_config(parts, *text, path_of("tokenizer_config.json"));
  // If it lists the added tokens, transformers reads neither of the other two, which may be out of
  // date.
  if (!parts.has_decoder) {
    if (const auto* text = find("added_tokens.json"))
      read_added_tokens(parts, *text, path_of("added_tokens.json"));
    if (const auto* text = find("special_tokens_map.json"))
      read_special_tokens_map(parts, *text, path_of("special_tokens_map.json"));
  }
  const std::string usual(gpt2_end_of_text);
  if (const auto id = parts.tokens.find(usual); id && !whole)
    parts.add({.content = usual, .id = *id, .special = true}, false, path_of("vocab.json"));
  if (const auto* text = find("generation_config.json"))
    read_generation_config(parts, *text, path_of("generation_config.json"));
  return parts;
}

PREFOPT_INLINE std::vector<tokenizer_file> byte_level_files() {
  nlohmann::ordered_json vocab = nlohmann::ordered_json::object();
  for (const auto byte : gpt2_byte_order())
    vocab[to_byte_symbols(std::string(1, static_cast<char>(byte)))] = vocab.size();
  vocab[std::string(gpt2_end_of_text)] = vocab.size();
  return {{"vocab.json", vocab.dump()}, {"merges.txt", "#version: 0.2\n"}};
}

}  // namespace prefopt::inline v0_2
