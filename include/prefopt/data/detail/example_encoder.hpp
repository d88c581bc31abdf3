// SPDX-License-Identifier: MIT
#pragma once
// Encodes one example of texts or messages.

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/conversation.hpp"
#include "prefopt/data/detail/answer_ranges.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/preference_source.hpp"
#include "prefopt/data/target_runs.hpp"
#include "prefopt/data/text_range.hpp"
#include "prefopt/data/tokenize_options.hpp"
#include "prefopt/data/tokenized_preferences.hpp"
#include "prefopt/data/tokenizer.hpp"

namespace prefopt::inline v0_2::detail {

/// `text` up to the first of the end tokens that close it; white space may separate and follow
/// them.
[[nodiscard]] inline std::string_view without_tail(std::string_view text, std::string_view end) {
  std::string_view closed = text;
  for (std::string_view left = text; !end.empty();) {
    left = left.substr(0, left.find_last_not_of(white_space) + 1);
    if (!left.ends_with(end)) break;
    closed = left;
    left.remove_suffix(end.size());
  }
  return closed;
}

/// The messages of an example as texts.
struct rendered_messages {
  std::string prompt;
  std::vector<std::string> wholes;  ///< of the prompt and each response
  std::size_t words = 0;            ///< bytes of the prompt that all of these begin with
  /// for each response, the parts of its text that are scored
  std::vector<std::vector<text_range>> scored = {};
};

/// Takes the place of a tokenizer for data that needs none.
struct no_tokenizer {};

/// Counts in a report what it meets.
template <class Tokenizer, class Renderer>
class example_encoder {
 public:
  example_encoder(const Tokenizer& text_tokenizer, const Renderer& renderer,
                  const tokenize_options& options, tokenize_report& report)
      : tokenizer_(text_tokenizer),
        renderer_(renderer),
        options_(options),
        report_(report),
        frame_(frame_of(text_tokenizer)) {
    if (options.split_special_tokens && !special_token_tokenizer<Tokenizer>)
      throw value_error(
          "tokenize: split_special_tokens is set, but the tokenizer has no encode_split");
    if (options.trim_after_end_of_turn && !special_token_tokenizer<Tokenizer>)
      throw value_error(
          "tokenize: trim_after_end_of_turn is set, but the tokenizer has no find_special_token");
  }

  /// Throws what the tokenizer and the renderer throw. `line`: of the example, for the report.
  template <class Example>
  [[nodiscard]] auto operator()(const Example& example, std::size_t line) {
    line_ = line;
    if constexpr (std::same_as<std::remove_cvref_t<decltype(example.prompt)>, conversation>)
      return of_messages(example);
    else
      return of_texts(example, {});
  }

 private:
  template <class Messages>
  [[nodiscard]] auto of_messages(const Messages& example) {
    if (renderer_.ends_responses() && options_.split_special_tokens)
      throw value_error(
          "special tokens of messages cannot be split: the chat template writes some");
    const rendered_messages texts = rendered(example);
    if (renderer_.ends_responses()) return of_rendered(example, texts);
    if (texts.words < texts.prompt.size()) ++report_.prompt_tails;
    std::vector<std::string> responses;
    for (const std::string& whole : texts.wholes) responses.push_back(whole.substr(texts.words));
    return of_texts(form_of<Messages>::of_texts(example, texts.prompt.substr(0, texts.words),
                                                std::move(responses)),
                    texts.scored);
  }

  template <class Messages>
  [[nodiscard]] rendered_messages rendered(const Messages& example) {
    rendered_messages texts{.prompt = render_prompt(example.prompt, renderer_), .wholes = {}};
    texts.words = texts.prompt.size();
    std::vector<conversation> answers;
    for (std::size_t index = 0; index < response_count(example); ++index) {
      const conversation& answer = answers.emplace_back(
          checked(response(example, index), form_of<Messages>::response_name(index)));
      std::string whole = renderer_.render(joined(example.prompt, answer), false);
      if (!whole.starts_with(texts.prompt)) {
        if (!options_.drop_prompt_tail) check_beginning(texts.prompt, whole);
        // Only the generation prompt may be left out, not the words of the prompt.
        const std::string words = renderer_.render(example.prompt, false);
        if (!texts.prompt.starts_with(words)) check_beginning(texts.prompt, whole);
        check_beginning(words, whole);
        texts.words = std::min(texts.words, words.size());
      }
      texts.wholes.push_back(std::move(whole));
    }
    bool is_left_out = false;
    for (std::size_t index = 0; index < answers.size(); ++index) {
      texts.scored.push_back(
          scored_of(example.prompt, answers[index], texts.wholes[index], texts.words));
      is_left_out =
          is_left_out || answers[index].messages.size() < response(example, index).messages.size();
    }
    if (is_left_out) ++report_.left_out;
    return texts;
  }

  /// The response up to its last message of the assistant's: nothing scores what follows.
  [[nodiscard]] conversation checked(conversation answer, const std::string& name) const {
    try {
      options_.assistant_only ? check_turns(answer) : check_is_all_assistants(answer);
    } catch (const value_error& cause) {
      throw value_error(concat(name, ": ", cause.what()));
    }
    while (answer.messages.back().role != "assistant") answer.messages.pop_back();
    return answer;
  }

  [[nodiscard]] std::vector<text_range> scored_of(const conversation& prompt,
                                                  const conversation& answer,
                                                  std::string_view whole, std::size_t words) {
    std::vector<text_range> ranges{{0, whole.size()}};
    if (options_.assistant_only)
      ranges = answer_ranges(prompt, answer, whole, words, renderer_, tokenizer_);
    if constexpr (special_token_tokenizer<Tokenizer>) {
      if (options_.trim_after_end_of_turn && renderer_.ends_responses())
        for (text_range& range : ranges) {
          const text_range trimmed = without_space_after_end(whole, range, tokenizer_);
          if (trimmed != range && range.end > words) ++report_.trimmed_turns;
          range = trimmed;
        }
    }
    return ranges;
  }

  /// The renderer writes all tokens that begin and end texts.
  template <class Messages>
  [[nodiscard]] auto of_rendered(const Messages& example, const rendered_messages& texts) {
    const token_ids own = tokenizer_.encode(texts.prompt);
    count_special_tokens(example.prompt);
    std::size_t boundary = own.size();
    std::vector<token_ids> joint;  // prompt and response
    for (std::size_t index = 0; index < response_count(example); ++index) {
      joint.push_back(tokenizer_.encode(texts.wholes[index]));
      count_special_tokens(response(example, index));
      boundary = std::min(boundary, common_beginning(own, joint.back()));
    }
    if (texts.words < texts.prompt.size())
      ++report_.prompt_tails;
    else if (boundary < own.size())
      ++report_.boundary_merges;
    std::vector<target_runs> runs =
        runs_of(texts.wholes, texts.words, texts.scored, joint, boundary,
                [&](std::string_view text) { return tokenizer_.encode(text); });
    return parted(example, own, boundary, std::move(joint), std::move(runs));
  }

  /// `scored`: for each response, the parts of the text of prompt and response that are scored;
  /// empty: all of every response.
  template <class Text>
  [[nodiscard]] auto of_texts(const Text& text,
                              const std::vector<std::vector<text_range>>& scored) {
    const std::array<token_id, 1> end{tokenizer_.end_of_text()};
    const std::string spelled_end =
        options_.split_special_tokens ? std::string() : tokenizer_.decode(end);
    const token_ids own = framed(frame_, bare_ids(text.prompt));
    count_special_tokens(text.prompt, 0, {});
    std::vector<std::string> wholes;
    std::vector<token_ids> joint;  // prompt and response
    std::size_t boundary = own.size();
    bool has_tail = false;
    for (std::size_t index = 0; index < response_count(text); ++index) {
      const std::string_view answer = without_tail(response(text, index), spelled_end);
      has_tail = has_tail || answer.size() < response(text, index).size();
      wholes.push_back(concat(text.prompt, answer));
      joint.push_back(framed(frame_, bare_ids(wholes.back())));
      count_special_tokens(wholes.back(), text.prompt.size(), spelled_end);
      boundary = std::min(boundary, common_beginning(own, joint.back()));
    }
    if (has_tail) ++report_.behind_end;
    if (boundary < own.size()) ++report_.boundary_merges;
    for (std::size_t index = 0; index < joint.size(); ++index)
      close(joint[index], boundary, response(text, index));
    std::vector<target_runs> runs =
        runs_of(wholes, text.prompt.size(), scored, joint, boundary, [&](std::string_view part) {
          return framed(frame_, bare_ids(part), /*is_continued=*/true);
        });
    return parted(text, own, boundary, std::move(joint), std::move(runs));
  }

  /// Each response's targets, or nothing if all tokens of all responses are. Tokens behind the last
  /// target of a response are removed from `joint`: nothing reads them.
  template <class Encode>
  [[nodiscard]] std::vector<target_runs> runs_of(std::span<const std::string> wholes,
                                                 std::size_t from,
                                                 std::span<const std::vector<text_range>> scored,
                                                 std::vector<token_ids>& joint,
                                                 std::size_t boundary, const Encode& encode) {
    std::vector<target_runs> all;
    bool is_whole = true, has_spanning_token = false;
    for (std::size_t index = 0; index < scored.size(); ++index) {
      auto [runs, is_spanned] = targets_of(wholes[index], scored[index], joint[index], boundary,
                                           from, tokenizer_, encode);
      has_spanning_token = has_spanning_token || is_spanned;
      if (!runs.empty()) joint[index].resize(boundary + runs.back().end);
      is_whole = is_whole && count_of(runs) == joint[index].size() - boundary;
      all.push_back(std::move(runs));
    }
    if (has_spanning_token) ++report_.turn_merges;
    if (is_whole) all.clear();
    return all;
  }

  /// The example whose prompt is the first `boundary` tokens of `own` and of all joint ones.
  template <class Example>
  [[nodiscard]] static auto parted(const Example& example, const token_ids& own,
                                   std::size_t boundary, std::vector<token_ids> joint,
                                   std::vector<target_runs> runs) {
    const auto length = static_cast<std::ptrdiff_t>(boundary);
    for (token_ids& one : joint) one.erase(one.begin(), one.begin() + length);
    auto made =
        form_of<Example>::like(example, {own.begin(), own.begin() + length}, std::move(joint));
    made.targets = std::move(runs);
    return made;
  }

  [[nodiscard]] token_ids bare_ids(std::string_view text) const {
    if constexpr (special_token_tokenizer<Tokenizer>)
      if (options_.split_special_tokens) return tokenizer_.encode_split(text);
    return tokenizer_.encode(text);
  }

  void count_special_tokens(const conversation& messages) {
    for (const chat_message& message : messages.messages)
      count_special_tokens(message.content, 0, {});
  }

  /// Looks after byte `from` and ignores `last` if it closes the text, as an end token does.
  void count_special_tokens(std::string_view text, std::size_t from, std::string_view last) {
    if constexpr (special_token_tokenizer<Tokenizer>) {
      if (options_.split_special_tokens) return;
      for (auto found = tokenizer_.find_special_token(text, 0); found;
           found = tokenizer_.find_special_token(text, found->end)) {
        const std::string_view token = text.substr(found->begin, found->end - found->begin);
        if (found->end <= from || (found->end == text.size() && token == last)) continue;
        if (report_.special_texts++ == 0) {
          report_.special_token = token;
          report_.special_line = line_;
        }
        return;
      }
    }
  }

  /// Closes the joint tokens of a prompt and a response with the end-of-text token. An empty
  /// response always gets one, even if a merge assigned it the prompt's last token and that is one.
  void close(token_ids& joint, std::size_t boundary, std::string_view response_text) const {
    const token_id end = tokenizer_.end_of_text();
    if (response_text.empty() || joint.size() == boundary || joint.back() != end)
      joint.push_back(end);
  }

  const Tokenizer& tokenizer_;
  const Renderer& renderer_;
  const tokenize_options& options_;
  tokenize_report& report_;
  text_frame frame_;  // of plain texts
  std::size_t line_ = 0;
};

template <class Renderer>
class example_encoder<no_tokenizer, Renderer> {
 public:
  example_encoder(no_tokenizer, const Renderer&, const tokenize_options&, tokenize_report&) {}
};

}  // namespace prefopt::inline v0_2::detail
