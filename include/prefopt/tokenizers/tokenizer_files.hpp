// SPDX-License-Identifier: MIT
#pragma once
// Combines the files of a tokenizer. A vocabulary with its merges may be in tokenizer.json, in
// vocab.json and merges.txt, or in both, and then they must agree: adding tokens and saving with
// transformers 5 into an older folder leaves both there.

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

#include "prefopt/tokenizers/tokenizer_parts.hpp"

namespace prefopt::inline v0_2 {

/// Whether the files include a vocabulary with its merges.
[[nodiscard]] inline bool holds_tokenizer(const std::vector<tokenizer_file>& files) {
  const auto has = [&](std::string_view name) {
    return std::ranges::find(files, name, &tokenizer_file::name) != files.end();
  };
  return has("tokenizer.json") || (has("vocab.json") && has("merges.txt"));
}

/// The combined content of the files. `directory` is for messages. Throws format_error, naming the
/// file, if one is malformed or they contradict each other, and io_error if they do not include a
/// vocabulary with its merges.
[[nodiscard]] tokenizer_parts read_tokenizer_parts(const std::vector<tokenizer_file>& files,
                                                   const std::filesystem::path& directory);

/// The vocab.json and merges.txt of a vocabulary of single bytes: the 256 in GPT-2's order, then
/// `<|endoftext|>`.
[[nodiscard]] std::vector<tokenizer_file> byte_level_files();

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/tokenizers/detail/tokenizer_files_definitions.hpp"
#endif
