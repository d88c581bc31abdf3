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
// that hold ids. The targets of a response are all of its tokens, or with `assistant_only` those of
// the assistant's turns; tokens behind the last one are removed. Then every example is cut to
// `max_length`. It is dropped if a response has no token left or none that the model predicts, or
// if all of two or more responses are equal.

#include <algorithm>
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
#include "prefopt/data/detail/example_encoder.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/packable_sequence.hpp"
#include "prefopt/data/preference_record.hpp"
#include "prefopt/data/preference_source.hpp"
#include "prefopt/data/tokenize_options.hpp"
#include "prefopt/data/tokenized_preferences.hpp"
#include "prefopt/data/tokenizer.hpp"
#include "prefopt/data/truncate.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Takes the place of a renderer for data without messages.
struct no_renderer {
  [[nodiscard]] std::string render(const conversation&, bool) const {
    throw value_error(
        "messages, but tokenize was called without a renderer: pass the model's chat_renderer, or "
        "dialogue_renderer{}");
  }
  [[nodiscard]] bool ends_responses() const { return true; }
};

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
      : options_(options),
        vocabulary_size_(options.vocabulary_size),
        encode_(text_tokenizer, renderer, options_, result_.report) {
    if (options.max_length < 1) throw value_error("tokenize: max_length is 0, expected at least 1");
    if constexpr (tokenizer<Tokenizer>) {
      if (vocabulary_size_ == 0) vocabulary_size_ = text_tokenizer.vocabulary_size();
    }
  }
  source_tokenizer(const source_tokenizer&) = delete;
  source_tokenizer& operator=(const source_tokenizer&) = delete;

  /// Takes the number-th input, counted from 1.
  void add(const Source& source, std::size_t number) {
    ++result_.report.total;
    const auto location = [&] { return location_of(source, number); };
    line_ = line_of(source, number);
    example_type example = ids_of(source, location);
    check_form(example, location());
    check_targets_of(example, location);
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
    for (std::size_t index = 0; index < response_count(example); ++index) {
      bool has_target = false;
      for_each_target_run({.prompt = example.prompt,
                           .response = response(example, index),
                           .targets = response_targets(example, index)},
                          [&](std::size_t, std::size_t) { has_target = true; });
      if (!has_target) return true;
    }
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
        return encode_(example, line_);
      } catch (const value_error& failure) {  // a tokenizer does not know where its text comes from
        throw format_error(concat(location(), ": ", failure.what()));
      }
    } else {
      throw format_error(concat(location(), ": the ", form::one,
                                " is text and there is no tokenizer, expected ids"));
    }
  }

  /// Throws value_error unless an example of ids names targets that its responses have, or none.
  template <class Location>
  static void check_targets_of(const example_type& example, const Location& location) {
    if (example.targets.empty()) return;
    if (example.targets.size() != response_count(example))
      throw value_error(concat(location(), ": targets for ", example.targets.size(),
                               " responses, expected them for all ", response_count(example)));
    for (std::size_t index = 0; index < response_count(example); ++index)
      check_runs(example.targets[index], response(example, index).size(), location(), ": ",
                 form::response_name(index));
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

  tokenize_options options_;
  std::size_t vocabulary_size_;
  std::size_t line_ = 0;  // of the current input
  basic_tokenized<example_type> result_;
  example_encoder<Tokenizer, Renderer> encode_;  // counts in the result's report
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
/// value_error for a max_length of 0, for a list with fewer than two responses or with scores other
/// than one finite number per response, and for targets that the responses do not have. Cost: one
/// encoding for a text's prompt and one for each of its responses; with `assistant_only`, two more
/// for each turn of a response; with `trim_after_end_of_turn`, one more for each response.
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
