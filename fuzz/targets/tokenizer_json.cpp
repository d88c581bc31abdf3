// SPDX-License-Identifier: MIT
// A tokenizer.json of any parts, and a text. Parts: the normalizer, the pre-tokenizer, the
// post-processor, the decoder, a list of added tokens, the model's options as an object without its
// braces, the text. The vocabulary is fixed, of characters or of bytes.

#include <string>

#include "prefopt/tokenizers.hpp"
#include "support.hpp"

using namespace prefopt;

namespace {

/// All bytes as tokens of their own, some characters, and merges.
std::string model_of(std::string_view options, bool of_bytes) {
  std::string vocab = byte_level_files()[0].content;
  vocab.pop_back();
  vocab += R"(,"ab":257,"abab":258,"\u0120a":259,"\u2581":260,"\u2581a":261,"<unk>":262,"aa":263)";
  if (!of_bytes)
    for (unsigned byte = 0; byte < 256; ++byte)
      vocab +=
          concat(",\"", detail::byte_token(static_cast<std::uint8_t>(byte)), "\":", 300 + byte);
  const char* const merges = R"("merges":["a b","ab ab","\u0120 a","\u2581 a","a a"])";
  return concat("{\"vocab\":", vocab, "},", merges, options.empty() ? "" : ",", options, "}");
}

std::string file_of(const std::array<std::string_view, 7>& parts, bool of_bytes) {
  std::string file = "{";
  const auto add = [&](const char* key, std::string_view value) {
    if (!value.empty()) file += concat('"', key, "\":", value, ',');
  };
  add("normalizer", parts[0]);
  add("pre_tokenizer", parts[1]);
  add("post_processor", parts[2]);
  add("decoder", parts[3]);
  add("added_tokens", parts[4]);
  return file + "\"model\":" + model_of(parts[5], of_bytes) + "}";
}

void check(const hf_tokenizer& tokenizer, std::string_view text) {
  token_ids ids;
  if (fuzz::refusal([&] { ids = tokenizer.encode(text); })) return;
  fuzz::must(tokenizer.encode(text) == ids, "a text has the same ids again", text);
  for (const token_id id : ids) {
    fuzz::must(tokenizer.has_token(id), "encode gives ids that have a token", text);
    fuzz::refusal([&] { (void)tokenizer.display(id); });
  }
  fuzz::refusal([&] { (void)tokenizer.decode(ids); });
  fuzz::refusal([&] { (void)tokenizer.encode_split(text); });
  const token_ids special = tokenizer.encode_with_special(text);
  fuzz::must(special.size() >= ids.size(), "special tokens are added", text);
  for (std::size_t from = 0; const auto found = tokenizer.find_special_token(text, from);)
    from = found->end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::input input(data, size);
  const auto parts = input.parts<7>();
  fuzz::refusal([&] {
    const auto tokenizer =
        hf_tokenizer::from_files({{"tokenizer.json", file_of(parts, input.has(0))}});
    for (const std::string_view text : {parts[6], parts[0], parts[1], parts[4], input.all()})
      check(tokenizer, text);
    std::string longer;
    while (!parts[6].empty() && longer.size() < 300) longer += parts[6];
    check(tokenizer, longer);
  });
  return 0;
}
