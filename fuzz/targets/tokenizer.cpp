// SPDX-License-Identifier: MIT
// A tokenizer's files, and a text: decode(encode(text)) == text if they describe GPT-2's. Parts:
// vocab.json (or the whole tokenizer.json), merges.txt, tokenizer_config.json,
// special_tokens_map.json, added_tokens.json, the text.

#include "prefopt/tokenizers.hpp"
#include "support.hpp"

using namespace prefopt;

namespace {

void comes_back(const gpt2_tokenizer& tokenizer, std::string_view text, bool exactly = true) {
  token_ids ids;
  const auto refused = fuzz::refusal([&] { ids = tokenizer.encode(text); });
  if (refused) return;  // no token for one of its bytes
  if (exactly)
    fuzz::must(tokenizer.decode(ids) == text, "decode(encode(text)) is the text", text);
  else
    fuzz::refusal([&] { (void)tokenizer.decode(ids); });
  for (const token_id id : ids) {
    fuzz::must(tokenizer.has_token(id), "encode gives ids that have a token", text);
    (void)tokenizer.display(id);
  }
}

/// Whether no part changes a text: GPT-2's parts, and no token that takes white space with it.
bool is_exact(const std::vector<tokenizer_file>& files) {
  const tokenizer_parts parts = read_tokenizer_parts(files, {});
  bool strips = false;
  for (const auto* list : {&parts.first_added, &parts.then_added})
    for (const added_token& token : *list) strips = strips || token.lstrip || token.rstrip;
  return !strips && parts.normalizer.empty() && parts.splitter == word_splitter::gpt2() &&
         parts.decodes_bytes() && !parts.model.byte_fallback && parts.model.unk_token.empty();
}

/// A vocabulary of all bytes, plus what the part adds.
std::string all_bytes_and(std::string_view part) {
  static const std::string bytes = byte_level_files()[0].content;
  const std::string front = bytes.substr(0, bytes.size() - 1);
  return front + (part.starts_with('{') ? "," + std::string(part.substr(1)) : "}");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const gpt2_tokenizer bytes = gpt2_tokenizer::byte_level();
  const fuzz::input input(data, size);
  const auto parts = input.parts<6>();
  const std::string_view vocabulary = parts[0], merges = parts[1], config = parts[2],
                         special = parts[3], added = parts[4], text = parts[5];
  comes_back(bytes, input.all());
  fuzz::refusal([&] {
    std::vector<tokenizer_file> files;
    const auto add = [&](const char* name, std::string_view content) {
      files.push_back({name, std::string(content)});
    };
    if (input.has(0)) {
      add("tokenizer.json", vocabulary);
    } else {
      files.push_back(
          {"vocab.json", input.has(4) ? all_bytes_and(vocabulary) : std::string(vocabulary)});
      add("merges.txt", merges);
    }
    if (input.has(1)) add("tokenizer_config.json", config);
    if (input.has(2)) add("special_tokens_map.json", special);
    if (input.has(3)) add("added_tokens.json", added);
    if (input.has(5)) add("generation_config.json", special);
    const bool exactly = is_exact(files);
    const auto tokenizer = gpt2_tokenizer::from_files(std::move(files));
    for (const auto part : {text, input.all(), vocabulary, merges, added})
      comes_back(tokenizer, part, exactly);
    std::string longer;
    while (!text.empty() && longer.size() < 200) longer += text;
    comes_back(tokenizer, longer, exactly);
    if (tokenizer.has_end_of_text())
      (void)tokenizer.decode(std::vector<token_id>{tokenizer.end_of_text()});
    fuzz::refusal([&] { (void)tokenizer.decode(std::vector<token_id>{-1}); });
  });
  return 0;
}
