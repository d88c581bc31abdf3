// SPDX-License-Identifier: MIT
#pragma once
// tokenize: turns pairs, lists or unpaired examples of texts, messages or ids into the same of
// token ids. A renderer turns messages into text.
//
// A prompt and its response are tokenized jointly, as the model will see them, with the tokens that
// begin and end a text if the tokenizer adds any, such as bos. If a merge crosses the boundary, the
// prompt keeps those of its own tokens with which all joint tokenizations begin, and the rest
// belongs to the responses. An end-of-text token closes each response unless it is already there,
// so an empty response is that token alone; white space and further end tokens after it are
// removed. What a chat template renders stays as it is, with no token added, and so do examples
// that hold ids. Then every example is cut to `max_length`. It is dropped if a response has no
// token left or none that the model predicts, or if all of two or more responses are equal.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/conversation.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/preference_record.hpp"
#include "prefopt/data/preference_source.hpp"
#include "prefopt/data/render_example.hpp"
#include "prefopt/data/tokenized_preferences.hpp"
#include "prefopt/data/tokenizer.hpp"
#include "prefopt/data/truncate.hpp"

namespace prefopt::inline v0_2 {

struct tokenize_options {
  std::size_t max_length = 1024;  ///< tokens of a prompt and one response
  prefopt::truncation truncation = prefopt::truncation::keep_start;
  std::size_t vocabulary_size = 0;  ///< the model's; 0: the tokenizer's, or unknown without one
  /// Special tokens that a text spells out become ordinary text, as with the transformers option of
  /// the same name.
  bool split_special_tokens = false;
  /// If the chat template renders the generation prompt differently when an answer follows, the
  /// example is refused, or, if this is set, the part that differs is left out of the prompt.
  bool drop_prompt_tail = false;
  /// Nothing is dropped: an example whose responses are all equal is kept, and one with a response
  /// that has no token left to predict is an error.
  bool keep_all = false;
};

namespace detail {

/// Takes the place of a tokenizer for data that needs none.
struct no_tokenizer {};

/// Takes the place of a renderer for data without messages.
struct no_renderer {
  [[nodiscard]] std::string render(const conversation&, bool) const {
    throw value_error(
        "messages, but tokenize was called without a renderer: pass the model's chat_renderer, or "
        "dialogue_renderer{}");
  }
  [[nodiscard]] bool ends_responses() const { return true; }
};

[[nodiscard]] inline std::size_t common_beginning(const token_ids& a, const token_ids& b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

/// Whether there is nothing to prefer: all of two or more responses are equal.
template <class Sequence>
[[nodiscard]] bool responses_are_equal(const basic_unpaired<Sequence>&) {
  return false;
}
template <class Example>
[[nodiscard]] bool responses_are_equal(const Example& example) {
  for (std::size_t index = 1; index < response_count(example); ++index)
    if (response(example, index) != response(example, 0)) return false;
  return true;
}

/// `text` up to the first of the end tokens that close it; white space may separate and follow
/// them.
[[nodiscard]] inline std::string_view without_tail(std::string_view text, std::string_view end) {
  std::string_view closed = text;
  for (std::string_view left = text; !end.empty();) {
    left = left.substr(0, left.find_last_not_of(" \t\r\n\f\v") + 1);
    if (!left.ends_with(end)) break;
    closed = left;
    left.remove_suffix(end.size());
  }
  return closed;
}

/// Validates a list, which a program may have made with any content. Throws value_error.
template <class Example>
void check_form(const Example&, std::string_view) {}
template <class Sequence>
void check_form(const basic_example<Sequence>& list, std::string_view location) {
  if (list.responses.size() < 2)
    throw value_error(
        concat(location, ": ", list.responses.size(), " responses, expected two or more"));
  if (!list.scores.empty() && list.scores.size() != list.responses.size())
    throw value_error(concat(location, ": ", list.scores.size(), " scores for ",
                             list.responses.size(), " responses"));
  for (const double score : list.scores)
    if (!std::isfinite(score))
      throw value_error(concat(location, ": a score of ", score, ", expected a finite number"));
}

/// Reads sources one by one and counts what happens to them.
template <preference_source Source, class Tokenizer, conversation_renderer Renderer>
class source_tokenizer {
 public:
  using form = form_of<Source>;
  using example_type = tokenized_form<Source>;

  source_tokenizer(const Tokenizer& text_tokenizer, const Renderer& renderer,
                   const tokenize_options& options)
      : tokenizer_(text_tokenizer),
        renderer_(renderer),
        options_(options),
        vocabulary_size_(options.vocabulary_size) {
    if constexpr (tokenizer<Tokenizer>) frame_ = frame_of(text_tokenizer);
    if (options.max_length < 1) throw value_error("tokenize: max_length is 0, expected at least 1");
    if constexpr (tokenizer<Tokenizer>) {
      if (vocabulary_size_ == 0) vocabulary_size_ = tokenizer_.vocabulary_size();
    }
    if (options.split_special_tokens && tokenizer<Tokenizer> && !special_token_tokenizer<Tokenizer>)
      throw value_error(
          "tokenize: split_special_tokens is set, but the tokenizer has no encode_split");
  }

  /// Takes the number-th input, counted from 1.
  void add(const Source& source, std::size_t number) {
    ++result_.report.total;
    const auto location = [&] { return location_of(source, number); };
    line_ = line_of(source, number);
    example_type example = ids_of(source, location);
    check_form(example, location());
    check_ids(example.prompt, "prompt", location);
    for (std::size_t index = 0; index < response_count(example); ++index)
      check_ids(response(example, index), form::response_name(index), location);
    const bool cut = truncate(example, options_.max_length, options_.truncation);
    if (options_.keep_all && (has_empty_response(example) || has_no_target(example)))
      throw format_error(concat(location(), ": a response has no token to predict, with at most ",
                                options_.max_length, " tokens for a prompt and its response"));
    if (has_empty_response(example)) {
      ++result_.report.dropped_empty;
    } else if (responses_are_equal(example) && !options_.keep_all) {
      ++result_.report.dropped_equal;
    } else if (has_no_target(example)) {
      ++result_.report.dropped_no_target;
    } else {
      ++result_.report.kept;
      if (cut) ++result_.report.truncated;
      result_.examples.push_back(std::move(example));
      result_.lines.push_back(line_);
    }
  }

  [[nodiscard]] basic_tokenized<example_type> finish() && { return std::move(result_); }

 private:
  [[nodiscard]] static bool has_empty_response(const example_type& example) {
    for (std::size_t index = 0; index < response_count(example); ++index)
      if (response(example, index).empty()) return true;
    return false;
  }

  /// A first token follows nothing, so nothing predicts it.
  [[nodiscard]] static bool has_no_target(const example_type& example) {
    for (std::size_t index = 0; index < response_count(example); ++index)
      if (example.prompt.size() + response(example, index).size() < 2) return true;
    return false;
  }

  template <class Example, class Location>
  example_type ids_of(const Example& example, const Location& location) {
    if constexpr (std::same_as<Example, example_type>) {
      return example;
    } else if constexpr (requires { example.example; }) {
      return std::visit([&](const auto& held) { return ids_of(held, location); }, example.example);
    } else if constexpr (tokenizer<Tokenizer>) {
      try {
        if constexpr (std::same_as<std::remove_cvref_t<decltype(example.prompt)>, conversation>)
          return encode_messages(example);
        else
          return encode(example);
      } catch (const value_error& failure) {  // a tokenizer does not know where its text comes from
        throw format_error(concat(location(), ": ", failure.what()));
      }
    } else {
      throw format_error(concat(location(), ": the ", form::one,
                                " is text and there is no tokenizer, expected ids"));
    }
  }

  template <class Messages>
  example_type encode_messages(const Messages& example)
    requires tokenizer<Tokenizer>
  {
    if (!renderer_.ends_responses()) return encode(render_example(example, renderer_));
    if (options_.split_special_tokens)
      throw value_error(
          "special tokens of messages cannot be split: the chat template writes some");
    const std::string prompt = render_prompt(example.prompt, renderer_);
    const token_ids own = tokenizer_.encode(prompt);
    count_special_tokens(example.prompt);
    std::size_t boundary = own.size();
    std::vector<token_ids> joint;  // prompt and response
    bool tail_differs = false;
    for (std::size_t index = 0; index < response_count(example); ++index) {
      const std::string whole = render_whole(example.prompt, response(example, index), renderer_);
      if (!whole.starts_with(prompt)) {
        if (!options_.drop_prompt_tail) check_beginning(prompt, whole);
        // Only the generation prompt may be left out, not the words of the prompt.
        const std::string words = renderer_.render(example.prompt, false);
        if (!prompt.starts_with(words)) check_beginning(prompt, whole);
        check_beginning(words, whole);
        tail_differs = true;
      }
      joint.push_back(tokenizer_.encode(whole));
      count_special_tokens(response(example, index));
      boundary = std::min(boundary, common_beginning(own, joint.back()));
    }
    if (tail_differs)
      ++result_.report.prompt_tails;
    else if (boundary < own.size())
      ++result_.report.boundary_merges;
    return parted(example, own, boundary, std::move(joint));
  }

  template <class Text>
  example_type encode(const Text& text)
    requires tokenizer<Tokenizer>
  {
    const std::array<token_id, 1> end{tokenizer_.end_of_text()};
    const std::string spelled_end =
        options_.split_special_tokens ? std::string() : tokenizer_.decode(end);
    const token_ids own = ids_of_text(text.prompt);
    count_special_tokens(text.prompt, 0, {});
    std::vector<token_ids> joint;  // prompt and response
    std::size_t boundary = own.size();
    bool has_tail = false;
    for (std::size_t index = 0; index < response_count(text); ++index) {
      const std::string_view answer = without_tail(response(text, index), spelled_end);
      has_tail = has_tail || answer.size() < response(text, index).size();
      const std::string whole = concat(text.prompt, answer);
      joint.push_back(ids_of_text(whole));
      count_special_tokens(whole, text.prompt.size(), spelled_end);
      boundary = std::min(boundary, common_beginning(own, joint.back()));
    }
    if (has_tail) ++result_.report.behind_end;
    if (boundary < own.size()) ++result_.report.boundary_merges;
    for (std::size_t index = 0; index < joint.size(); ++index)
      close(joint[index], boundary, response(text, index));
    return parted(text, own, boundary, std::move(joint));
  }

  /// The example whose prompt is the first `boundary` tokens of `own` and of all joint ones.
  template <class Example>
  static example_type parted(const Example& example, const token_ids& own, std::size_t boundary,
                             std::vector<token_ids> joint) {
    const auto length = static_cast<std::ptrdiff_t>(boundary);
    for (token_ids& one : joint) one.erase(one.begin(), one.begin() + length);
    return form_of<Example>::like(example, {own.begin(), own.begin() + length}, std::move(joint));
  }

  [[nodiscard]] token_ids ids_of_text(std::string_view text) const {
    if constexpr (special_token_tokenizer<Tokenizer>)
      if (options_.split_special_tokens) return framed(frame_, tokenizer_.encode_split(text));
    return framed(frame_, tokenizer_.encode(text));
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
        if (result_.report.special_texts++ == 0) {
          result_.report.special_token = token;
          result_.report.special_line = line_;
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

  template <class Location>
  void check_ids(const token_ids& ids, std::string_view field, const Location& location) const {
    for (const token_id id : ids) {
      if (id >= 0 && (vocabulary_size_ == 0 || std::cmp_less(id, vocabulary_size_))) continue;
      const std::string expected =
          vocabulary_size_ == 0 ? "at least 0" : concat("0 to ", vocabulary_size_ - 1);
      throw format_error(
          concat(location(), ": ", field, " has token id ", id, ", expected ", expected));
    }
  }

  const Tokenizer& tokenizer_;
  const Renderer& renderer_;
  tokenize_options options_;
  std::size_t vocabulary_size_;
  text_frame frame_;      // of plain texts
  std::size_t line_ = 0;  // of the current input
  basic_tokenized<example_type> result_;
};

template <class Tokenizer, class Sources, class Renderer>
[[nodiscard]] auto tokenize_with(const Tokenizer& text_tokenizer, const Sources& sources,
                                 const Renderer& renderer, const tokenize_options& options) {
  using source_type = std::ranges::range_value_t<Sources>;
  using form = form_of<source_type>;
  source_tokenizer<source_type, Tokenizer, Renderer> reader(text_tokenizer, renderer, options);
  std::size_t number = 0;
  std::string from = "tokenize";
  for (const source_type& source : sources) {
    if constexpr (requires { source.file; }) {
      if (source.file) from = *source.file;
    }
    reader.add(source, ++number);
  }
  auto result = std::move(reader).finish();
  if (result.examples.empty()) {
    throw format_error(concat(from, ": ", describe(result.report, form::many),
                              "; expected at least one usable ", form::one));
  }
  return result;
}

}  // namespace detail

/// Tokenizes a range of preference_source (records, texts, messages or ids of one form) into
/// basic_tokenized of that form. Throws format_error, naming the location, for an id outside the
/// vocabulary, for a text or messages that make the tokenizer or the renderer throw value_error,
/// for an example that keep_all cannot keep, and with the counts if no usable example is left;
/// value_error for a max_length of 0 and for a list with fewer than two responses or with scores
/// other than one finite number per response. Cost: one encoding for a text's prompt and one for
/// each of its responses.
template <std::ranges::input_range Sources, tokenizer Tokenizer, conversation_renderer Renderer>
  requires preference_source<std::ranges::range_value_t<Sources>>
[[nodiscard]] auto tokenize(const Sources& sources, const Tokenizer& text_tokenizer,
                            const Renderer& renderer, const tokenize_options& options = {})
    -> basic_tokenized<tokenized_form<std::ranges::range_value_t<Sources>>> {
  return detail::tokenize_with(text_tokenizer, sources, renderer, options);
}

/// The same for data without messages; throws format_error, naming the location, for them.
template <std::ranges::input_range Sources, tokenizer Tokenizer>
  requires preference_source<std::ranges::range_value_t<Sources>>
[[nodiscard]] auto tokenize(const Sources& sources, const Tokenizer& text_tokenizer,
                            const tokenize_options& options = {})
    -> basic_tokenized<tokenized_form<std::ranges::range_value_t<Sources>>> {
  return detail::tokenize_with(text_tokenizer, sources, detail::no_renderer{}, options);
}

/// The same for data that holds ids; throws format_error, naming the location, for text.
template <std::ranges::input_range Sources>
  requires preference_source<std::ranges::range_value_t<Sources>>
[[nodiscard]] auto tokenize(const Sources& sources, const tokenize_options& options = {})
    -> basic_tokenized<tokenized_form<std::ranges::range_value_t<Sources>>> {
  return detail::tokenize_with(detail::no_tokenizer{}, sources, detail::no_renderer{}, options);
}

}  // namespace prefopt::inline v0_2
