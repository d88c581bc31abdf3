// SPDX-License-Identifier: MIT
#pragma once
// tokenize: preference pairs as text or ids in, pairs of token ids out.
//
// A prompt and its response are tokenized jointly, as a model meets them. Where a merge crosses the boundary, the
// prompt's tokens are those of its own with which both joint tokenizations begin, and the rest belongs to the
// responses. An end-of-text token closes each response unless it is there already, so an empty response is that token
// alone. Pairs that hold ids are taken as they are, with no token added. Then every pair is cut to `max_length`, and
// dropped if a side has no response token left or both responses are equal.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/preference_record.hpp"
#include "prefopt/data/tokenized_preferences.hpp"
#include "prefopt/data/tokenizer.hpp"
#include "prefopt/data/truncate.hpp"

namespace prefopt {

struct tokenize_options {
  std::size_t max_length = 1024;  ///< tokens of a prompt and one response
  prefopt::truncation truncation = prefopt::truncation::keep_start;
  std::size_t vocabulary_size = 0;  ///< the model's; 0: the tokenizer's, or unknown without one
};

/// A preference pair as text, as ids, or as the record of a file that holds either.
template <class T>
concept preference_source =
    std::same_as<T, preference_record> || std::same_as<T, preference_pair> || std::same_as<T, tokenized_pair>;

namespace detail {

/// Stands where a tokenizer would, for data that needs none.
struct no_tokenizer {};

[[nodiscard]] inline std::string place_of(const preference_record& record, std::size_t) {
  return prefopt::place_of(record);
}
template <class Sequence>
[[nodiscard]] std::string place_of(const basic_pair<Sequence>&, std::size_t number) {
  return join("pair ", number);
}

[[nodiscard]] inline std::size_t line_of(const preference_record& record, std::size_t) { return record.line; }
template <class Sequence>
[[nodiscard]] std::size_t line_of(const basic_pair<Sequence>&, std::size_t number) {
  return number;
}

[[nodiscard]] inline std::size_t common_beginning(const token_ids& a, const token_ids& b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

/// Reads pairs one by one and counts what happens to them.
template <class Tokenizer>
class pair_tokenizer {
 public:
  pair_tokenizer(const Tokenizer& text_tokenizer, const tokenize_options& options)
      : tokenizer_(text_tokenizer), options_(options), vocabulary_size_(options.vocabulary_size) {
    if (options.max_length < 1) throw value_error("tokenize: max_length is 0, wanted at least 1");
    if constexpr (tokenizer<Tokenizer>) {
      if (vocabulary_size_ == 0) vocabulary_size_ = tokenizer_.vocabulary_size();
    }
  }

  /// Takes the number-th input, counted from 1.
  template <preference_source Source>
  void add(const Source& source, std::size_t number) {
    ++result_.report.total;
    tokenized_pair pair = ids_of(source, source, number);
    check_ids(pair.prompt, "prompt", source, number);
    check_ids(pair.chosen, "chosen", source, number);
    check_ids(pair.rejected, "rejected", source, number);
    const bool cut = truncate(pair, options_.max_length, options_.truncation);
    if (pair.chosen.empty() || pair.rejected.empty()) {
      ++result_.report.dropped_empty;
    } else if (pair.chosen == pair.rejected) {
      ++result_.report.dropped_equal;
    } else {
      ++result_.report.kept;
      if (cut) ++result_.report.truncated;
      result_.pairs.push_back(std::move(pair));
      result_.lines.push_back(line_of(source, number));
    }
  }

  [[nodiscard]] tokenized_preferences finish() && { return std::move(result_); }

 private:
  template <class Source>
  tokenized_pair ids_of(const preference_record& record, const Source& source, std::size_t number) {
    return std::visit([&](const auto& pair) { return ids_of(pair, source, number); }, record.pair);
  }

  template <class Source>
  tokenized_pair ids_of(const tokenized_pair& pair, const Source&, std::size_t) {
    return pair;
  }

  template <class Source>
  tokenized_pair ids_of(const preference_pair& text, const Source& source, std::size_t number) {
    if constexpr (tokenizer<Tokenizer>) {
      try {
        return encode(text);
      } catch (const value_error& failure) {  // a tokenizer does not know where its text comes from
        throw format_error(join(place_of(source, number), ": ", failure.what()));
      }
    } else {
      throw format_error(join(place_of(source, number), ": the pair is text and there is no tokenizer, wanted ids"));
    }
  }

  tokenized_pair encode(const preference_pair& text) requires tokenizer<Tokenizer> {
    const token_ids own = tokenizer_.encode(text.prompt);
    const token_ids chosen = tokenizer_.encode(text.prompt + text.chosen);
    const token_ids rejected = tokenizer_.encode(text.prompt + text.rejected);
    const std::size_t boundary = std::min(common_beginning(own, chosen), common_beginning(own, rejected));
    if (boundary < own.size()) ++result_.report.boundary_merges;
    const auto prompt_end = own.begin() + static_cast<std::ptrdiff_t>(boundary);
    return {token_ids(own.begin(), prompt_end), closed(chosen, boundary, text.chosen),
            closed(rejected, boundary, text.rejected)};
  }

  /// The response's tokens with their end-of-text token. An empty response has none of its own, even if the prompt's
  /// last token is one and has come to it.
  token_ids closed(const token_ids& joint, std::size_t boundary, std::string_view text) const {
    token_ids ids(joint.begin() + static_cast<std::ptrdiff_t>(boundary), joint.end());
    const token_id end = tokenizer_.end_of_text();
    if (text.empty() || ids.empty() || ids.back() != end) ids.push_back(end);
    return ids;
  }

  template <class Source>
  void check_ids(const token_ids& ids, std::string_view field, const Source& source, std::size_t number) const {
    for (const token_id id : ids) {
      if (id >= 0 && (vocabulary_size_ == 0 || std::cmp_less(id, vocabulary_size_))) continue;
      const std::string wanted = vocabulary_size_ == 0 ? "none below 0" : join("0 to ", vocabulary_size_ - 1);
      throw format_error(join(place_of(source, number), ": ", field, " has token id ", id, ", wanted ", wanted));
    }
  }

  const Tokenizer& tokenizer_;
  tokenize_options options_;
  std::size_t vocabulary_size_;
  tokenized_preferences result_;
};

template <class Tokenizer, class Sources>
[[nodiscard]] tokenized_preferences tokenize_with(const Tokenizer& text_tokenizer, const Sources& sources,
                                                  const tokenize_options& options) {
  pair_tokenizer<Tokenizer> pairs(text_tokenizer, options);
  std::size_t number = 0;
  std::string from = "tokenize";
  for (const auto& source : sources) {
    if constexpr (std::same_as<std::ranges::range_value_t<Sources>, preference_record>) {
      if (source.file) from = *source.file;
    }
    pairs.add(source, ++number);
  }
  tokenized_preferences result = std::move(pairs).finish();
  if (result.pairs.empty()) {
    throw format_error(join(from, ": ", describe(result.report), "; wanted at least one usable pair"));
  }
  return result;
}

}  // namespace detail

/// Tokenizes a range of preference_record, preference_pair or tokenized_pair. Throws format_error, which names the
/// place, for an id outside the vocabulary and for a text that makes the tokenizer throw value_error, and one with the
/// counts if no usable pair is left; value_error for a max_length of 0. Cost: three encodings a text pair.
template <std::ranges::input_range Sources, tokenizer Tokenizer>
requires preference_source<std::ranges::range_value_t<Sources>>
[[nodiscard]] tokenized_preferences tokenize(const Sources& sources, const Tokenizer& text_tokenizer,
                                             const tokenize_options& options = {}) {
  return detail::tokenize_with(text_tokenizer, sources, options);
}

/// The same for data that holds ids; throws format_error, which names the place, for text.
template <std::ranges::input_range Sources>
requires preference_source<std::ranges::range_value_t<Sources>>
[[nodiscard]] tokenized_preferences tokenize(const Sources& sources, const tokenize_options& options = {}) {
  return detail::tokenize_with(detail::no_tokenizer{}, sources, options);
}

}  // namespace prefopt
