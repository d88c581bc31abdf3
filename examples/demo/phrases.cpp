// SPDX-License-Identifier: MIT

#include "demo/phrases.hpp"

#include <algorithm>
#include <vector>

#include "demo/standing.hpp"

namespace demo {
namespace {

constexpr std::string_view sentence_ends = ".!?";

/// The pieces of a text between separators, without the empty ones.
std::vector<std::string_view> pieces(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find_first_of(separators), text.size());
    if (length > 0) found.push_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return found;
}

/// Each sentence with its closing mark, without the spaces before it. Text after the last mark
/// counts as one too.
std::vector<std::string_view> sentences_of(std::string_view text) {
  std::vector<std::string_view> found;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
    if (text.empty()) return found;
    const std::size_t end = text.find_first_of(sentence_ends);
    const std::size_t length = end == text.npos ? text.size() : end + 1;
    found.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
}

std::vector<std::string_view> words_of(std::string_view text) { return pieces(text, " \n.,!?"); }

double share(std::size_t part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

phrases::phrases(std::span<const prefopt::tokenized_pair> pairs,
                 const prefopt::gpt2_tokenizer& tokenizer) {
  const auto add = [&](const prefopt::token_ids& response, int count) {
    const std::string text = text_of(response, tokenizer);
    for (const std::string_view word : words_of(text)) words_.emplace(word);
    for (const std::string_view sentence : sentences_of(text))
      sentences_[std::string(sentence)] += count;
  };
  for (const auto& pair : pairs) {
    add(pair.chosen, 1);
    add(pair.rejected, -1);
  }
}

text_quality phrases::measure(std::span<const std::string> texts) const {
  std::size_t words = 0, known_words = 0, sentences = 0, known = 0, preferred = 0;
  for (const std::string& text : texts) {
    const auto its_words = words_of(text);
    const auto its_sentences = sentences_of(text);
    words += std::max<std::size_t>(its_words.size(), 1);
    sentences += std::max<std::size_t>(its_sentences.size(), 1);
    for (const std::string_view word : its_words) known_words += words_.contains(word) ? 1U : 0U;
    for (const std::string_view sentence : its_sentences) {
      const auto found = sentences_.find(sentence);
      if (found == sentences_.end()) continue;
      ++known;
      if (found->second > 0) ++preferred;
    }
  }
  if (texts.empty()) return {};
  return {share(known_words, words), share(known, sentences), share(preferred, sentences)};
}

}  // namespace demo
