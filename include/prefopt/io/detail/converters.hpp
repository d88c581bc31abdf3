// SPDX-License-Identifier: MIT
#pragma once
// Commands that convert a model's folder to what is read here, for messages.

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>

#include "prefopt/core/error.hpp"
#include "prefopt/io/read_file.hpp"

namespace prefopt::inline v0_2::detail {

/// A path as a Python string within single quotes of a shell; "DIR" for one that would need
/// escapes.
[[nodiscard]] inline std::string in_quotes(const std::string& path) {
  const bool is_plain = std::ranges::all_of(path, [](unsigned char c) {
    return c >= ' ' && c != '"' && c != '\'' && c != '\\' && c != 0x7f;
  });
  return is_plain ? concat('"', path, '"') : "\"DIR\"";
}

/// The class of transformers that opens a folder's model.
[[nodiscard]] inline std::string auto_class(const std::filesystem::path& folder) {
  try {
    const std::string config = read_file(folder / "config.json", std::size_t{1} << 24);
    if (config.find("ForSequenceClassification") != config.npos)
      return "AutoModelForSequenceClassification";
  } catch (const error&) {
    // without a config, only the command's text is at stake
  }
  return "AutoModelForCausalLM";
}

/// Writes the model as safetensors, and its tokenizer as tokenizer.json, to another folder: links
/// in this one may lead into a download cache.
[[nodiscard]] inline std::string model_converter(const std::filesystem::path& folder) {
  const auto plain = folder.has_filename() ? folder : folder.parent_path();
  const bool is_cached = plain.parent_path().filename() == "snapshots";
  const std::string from = in_quotes(plain.native());
  const std::string to = is_cached ? "\"FOLDER\"" : in_quotes(plain.native() + "-safetensors");
  return concat("python3 -c 'from transformers import ", auto_class(folder),
                " as M, AutoTokenizer as T; M.from_pretrained(", from,
                ", torch_dtype=\"auto\").save_pretrained(", to, "); T.from_pretrained(", from,
                ").save_pretrained(", to, ")'");
}

/// Writes the tokenizer as tokenizer.json: to the same folder, unless links may lead into a cache.
[[nodiscard]] inline std::string tokenizer_converter(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const char* name : {"tokenizer.model", "tokenizer_config.json", "config.json"})
    if (std::filesystem::is_symlink(folder / name, ignored)) return model_converter(folder);
  const std::string name = in_quotes(folder.native());
  return concat("python3 -c 'from transformers import AutoTokenizer as T; T.from_pretrained(", name,
                ").save_pretrained(", name, ")'");
}

}  // namespace prefopt::inline v0_2::detail
