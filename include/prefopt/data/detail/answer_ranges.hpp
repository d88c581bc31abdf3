// SPDX-License-Identifier: MIT
#pragma once
// Which parts of a rendered conversation are scored, and which tokens these parts are.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/conversation.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/target_runs.hpp"
#include "prefopt/data/text_range.hpp"
#include "prefopt/data/tokenizer.hpp"

namespace prefopt::inline v0_2::detail {

[[nodiscard]] inline std::size_t common_beginning(const token_ids& a, const token_ids& b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

/// `text` without the special token that ends it, or nothing if none does.
template <tokenizer Tokenizer>
[[nodiscard]] std::optional<std::string_view> without_last_special(std::string_view text,
                                                                   const Tokenizer& tokenizer) {
  if constexpr (special_token_tokenizer<Tokenizer>)
    for (auto found = tokenizer.find_special_token(text, 0); found;
         found = tokenizer.find_special_token(text, found->end))
      if (found->end == text.size()) return text.substr(0, found->begin);
  return std::nullopt;
}

/// The size of `some`, the text of the first messages of a conversation, where it begins `whole`,
/// that of all. Special tokens that close a conversation are no part of it. Throws value_error if
/// `some` begins differently.
template <tokenizer Tokenizer>
[[nodiscard]] std::size_t size_within(std::string_view some, std::string_view whole,
                                      const Tokenizer& tokenizer) {
  for (std::optional open = some; open; open = without_last_special(*open, tokenizer))
    if (whole.starts_with(*open)) return open->size();
  throw value_error(
      concat("the chat template renders a turn differently when others follow: ",
             describe_difference(some, whole, "them"),
             "; which tokens are the assistant's is clear only from a template that marks them by "
             "{% generation %} and {% endgeneration %}"));
}

/// The parts of `whole`, the text of a prompt and a response, that the assistant wrote, with what
/// closes them; the response begins at byte `begin`. They are what the renderer marks, or else from
/// where an answer is asked for to where the next message begins. Throws value_error if the
/// renderer does neither.
template <conversation_renderer Renderer, tokenizer Tokenizer>
[[nodiscard]] std::vector<text_range> answer_ranges(const conversation& prompt,
                                                    const conversation& response,
                                                    std::string_view whole, std::size_t begin,
                                                    const Renderer& renderer,
                                                    const Tokenizer& tokenizer) {
  if constexpr (marking_renderer<Renderer>) {
    const marked_text marked = renderer.render_marked(joined(prompt, response));
    if (!marked.answers.empty()) return marked.answers;
  }
  std::vector<text_range> ranges;
  conversation so_far = prompt;
  const auto size_of = [&](bool add_generation_prompt) {
    return size_within(renderer.render(so_far, add_generation_prompt), whole, tokenizer);
  };
  for (std::size_t i = 0; i < response.messages.size(); ++i) {
    const bool is_answer = response.messages[i].role == "assistant";
    if (is_answer && i > 0) begin = size_of(true);
    so_far.messages.push_back(response.messages[i]);
    if (!is_answer) continue;
    const bool is_last = i + 1 == response.messages.size();
    ranges.push_back({begin, is_last ? whole.size() : size_of(false)});
  }
  return ranges;
}

/// The range without the white space behind its last special token; all of it if anything else is
/// there.
template <special_token_tokenizer Tokenizer>
[[nodiscard]] text_range without_space_after_end(std::string_view whole, text_range range,
                                                 const Tokenizer& tokenizer) {
  std::optional<std::size_t> end;
  for (auto found = tokenizer.find_special_token(whole, range.begin);
       found && found->end <= range.end; found = tokenizer.find_special_token(whole, found->end))
    end = found->end;
  if (!end) return range;
  const std::string_view behind = whole.substr(*end, range.end - *end);
  if (behind.find_first_not_of(" \t\r\n\f\v") == behind.npos) range.end = *end;
  return range;
}

/// A response's targets, and whether a token spans the beginning or the end of one of the parts.
struct found_targets {
  target_runs runs;
  bool has_spanning_token = false;
};

/// The tokens of a response that hold the parts `ranges` of `whole`, the text of prompt and
/// response; a token that spans an edge belongs to the part. `joint`: the ids of that text, of
/// which the response's begin at `boundary`, and its text at byte `from`; a part that begins before
/// is the response from its first token on. `encode(text)`: the ids of a beginning of `whole`.
template <class Encode>
[[nodiscard]] found_targets targets_of(std::string_view whole, std::span<const text_range> ranges,
                                       const token_ids& joint, std::size_t boundary,
                                       std::size_t from, const Encode& encode) {
  found_targets found;
  const auto tokens_before = [&](std::size_t byte) {
    const token_ids ids = encode(whole.substr(0, byte));
    const std::size_t same = common_beginning(ids, joint);
    found.has_spanning_token = found.has_spanning_token || same < ids.size();
    return std::pair{same, same < ids.size()};
  };
  for (const text_range& range : ranges) {
    if (range.end <= from) continue;
    std::size_t begin = boundary, end = joint.size();
    if (range.begin >= from) begin = std::max(begin, tokens_before(range.begin).first);
    if (range.end < whole.size()) {
      const auto [same, is_spanned] = tokens_before(range.end);
      end = std::min(end, same + (is_spanned ? 1 : 0));
    }
    begin -= boundary;
    end -= std::min(end, boundary);
    target_runs& runs = found.runs;
    if (!runs.empty()) begin = std::max(begin, runs.back().end);
    if (begin >= end) continue;
    if (!runs.empty() && runs.back().end == begin)
      runs.back().end = end;
    else
      runs.push_back({begin, end});
  }
  return found;
}

}  // namespace prefopt::inline v0_2::detail
