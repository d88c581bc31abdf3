// SPDX-License-Identifier: MIT
#pragma once
// The files of a tokenizer: which of a folder belong to it, and what they say together. Where vocab.json and merges.txt
// are there they decide, and a tokenizer.json beside them is only carried along.

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/files/json.hpp"
#include "prefopt/files/json_object.hpp"
#include "prefopt/files/read_file.hpp"
#include "prefopt/text/byte_symbols.hpp"
#include "prefopt/text/merges.hpp"
#include "prefopt/text/tokenizer_config.hpp"
#include "prefopt/text/tokenizer_json.hpp"
#include "prefopt/text/tokenizer_parts.hpp"

namespace prefopt {

/// The files of `directory` that belong to a tokenizer, whole. Throws io_error naming a file that cannot be read; one
/// that is not there is left out.
[[nodiscard]] inline std::vector<tokenizer_file> read_tokenizer_files(const std::filesystem::path& directory) {
  constexpr std::array names{
      "vocab.json",       "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
      "added_tokens.json"};
  constexpr std::size_t most_bytes = std::size_t{1} << 28;
  std::vector<tokenizer_file> files;
  for (const char* name : names) {
    std::error_code ignored;  // of a folder that cannot be looked into, reading tells more
    if (std::filesystem::symlink_status(directory / name, ignored).type() == std::filesystem::file_type::not_found)
      continue;
    files.push_back({name, read_file(directory / name, most_bytes)});
  }
  return files;
}

/// What the files say. `directory` is for messages. Throws format_error, naming the file, where one is broken or they
/// contradict each other, and io_error where they do not hold a vocabulary with its merges.
[[nodiscard]] inline tokenizer_parts read_tokenizer_parts(const std::vector<tokenizer_file>& files,
                                                          const std::filesystem::path& directory) {
  const auto path_of = [&](std::string_view name) { return (directory / name).native(); };
  const auto find = [&](std::string_view name) -> const std::string* {
    const auto file = std::ranges::find(files, name, &tokenizer_file::name);
    return file == files.end() ? nullptr : &file->content;
  };
  const std::string* vocab = find("vocab.json");
  const std::string* merges = find("merges.txt");
  const std::string* whole = find("tokenizer.json");
  tokenizer_parts parts;
  if (vocab && merges) {
    const nlohmann::json json = parse_json(*vocab, path_of("vocab.json"));
    parts.tokens = vocabulary(json_object(json, path_of("vocab.json")));
    parts.merges = read_merges_text(*merges, path_of("merges.txt"), parts.tokens);
  } else if (whole) {
    parts = read_tokenizer_json(*whole, path_of("tokenizer.json"));
  } else {
    throw io_error(
        join(directory.native(), ": holds no tokenizer: vocab.json with merges.txt, or tokenizer.json, were wanted"));
  }
  // tokenizer_config.json goes first: it alone says which tokens are special, and its eos_token counts.
  if (const auto* text = find("tokenizer_config.json")) {
    read_tokenizer_config(parts, *text, path_of("tokenizer_config.json"));
  }
  if (const auto* text = find("added_tokens.json")) read_added_tokens(parts, *text, path_of("added_tokens.json"));
  if (const auto* text = find("special_tokens_map.json")) {
    read_special_tokens_map(parts, *text, path_of("special_tokens_map.json"));
  }
  const std::string usual(gpt2_end_of_text);
  if (const auto id = parts.tokens.find(usual)) parts.add(usual, *id, false, path_of("vocab.json"));
  return parts;
}

/// The vocab.json and merges.txt of a vocabulary of single bytes: the 256 in GPT-2's order, then `<|endoftext|>`.
[[nodiscard]] inline std::vector<tokenizer_file> byte_level_files() {
  nlohmann::ordered_json vocab = nlohmann::ordered_json::object();
  for (const auto byte : gpt2_byte_order()) {
    vocab[to_byte_symbols(std::string(1, static_cast<char>(byte)))] = vocab.size();
  }
  vocab[std::string(gpt2_end_of_text)] = vocab.size();
  return {{"vocab.json", vocab.dump()}, {"merges.txt", "#version: 0.2\n"}};
}

}  // namespace prefopt
