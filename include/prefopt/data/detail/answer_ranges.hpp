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

inline constexpr std::string_view white_space = " \t\r\n\f\v";

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

[[noreturn]] inline void throw_turn_differs(std::string_view some, std::string_view whole) {
  throw value_error(
      concat("the chat template renders a turn differently when others follow: ",
             describe_difference(some, whole, "them"),
             "; which tokens are the assistant's is clear only from a template that marks them by "
             "{% generation %} and {% endgeneration %}"));
}

/// The size of `some`, the text of the first messages of a conversation, where it begins `whole`,
/// that of all. Special tokens that close a conversation are no part of it if another one closes
/// its last turn. Throws value_error if `some` begins differently.
template <tokenizer Tokenizer>
[[nodiscard]] std::size_t size_within(std::string_view some, std::string_view whole,
                                      const Tokenizer& tokenizer) {
  if (whole.starts_with(some)) return some.size();
  for (auto open = without_last_special(some, tokenizer); open;
       open = without_last_special(*open, tokenizer)) {
    const std::string_view closed = open->substr(0, open->find_last_not_of(white_space) + 1);
    if (whole.starts_with(*open) && without_last_special(closed, tokenizer)) return open->size();
  }
  throw_turn_differs(some, whole);
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
    const std::string text = renderer.render(so_far, add_generation_prompt);
    if (add_generation_prompt && !whole.starts_with(text)) throw_turn_differs(text, whole);
    return size_within(text, whole, tokenizer);
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
  if (behind.find_first_not_of(white_space) == behind.npos) range.end = *end;
  return range;
}

/// An edge between two parts of a text among its tokens: `before` tokens lie before the edge, and
/// `after` is one more if the next one spans it.
struct token_edge {
  std::size_t before = 0, after = 0;
};

/// The edge after the text of `some`, the ids of a beginning of the text of `all`.
template <tokenizer Tokenizer>
[[nodiscard]] token_edge edge_of(const token_ids& all, const token_ids& some,
                                 const Tokenizer& tokenizer) {
  const std::size_t same = common_beginning(some, all);
  if (same == some.size()) return {same, same};
  // The tokens differ from there on, which may be some tokens before the edge.
  const auto bytes_of = [&](const token_ids& ids, std::size_t count) {
    return tokenizer.decode(std::span(ids).first(count)).size();
  };
  const std::size_t edge = bytes_of(some, some.size()) - bytes_of(some, same) + bytes_of(all, same);
  token_edge found{same, same};
  while (found.before < all.size() && bytes_of(all, found.before + 1) <= edge) ++found.before;
  const bool is_spanned = found.before < all.size() && bytes_of(all, found.before) < edge;
  found.after = found.before + (is_spanned ? 1 : 0);
  return found;
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
template <tokenizer Tokenizer, class Encode>
[[nodiscard]] found_targets targets_of(std::string_view whole, std::span<const text_range> ranges,
                                       const token_ids& joint, std::size_t boundary,
                                       std::size_t from, const Tokenizer& tokenizer,
                                       const Encode& encode) {
  found_targets found;
  const auto edge_at = [&](std::size_t byte) {
    const token_edge edge = edge_of(joint, encode(whole.substr(0, byte)), tokenizer);
    found.has_spanning_token = found.has_spanning_token || edge.before != edge.after;
    return edge;
  };
  for (const text_range& range : ranges) {
    const bool is_last = range.end >= whole.size();  // with the tokens that close the whole
    if (range.end <= from && !is_last) continue;
    std::size_t begin = boundary, end = joint.size();
    if (range.begin >= from) begin = std::max(begin, edge_at(range.begin).before);
    if (!is_last) end = std::min(end, edge_at(range.end).after);
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
