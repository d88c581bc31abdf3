// SPDX-License-Identifier: MIT
#pragma once
// Preference data: a prompt and K responses to it, as text or as token ids. A preference pair is
// the case K = 2 with named responses; an unpaired example has one response and a label.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/target_runs.hpp"

namespace prefopt::inline v0_2 {

using token_id = std::int32_t;
using token_ids = std::vector<token_id>;

/// A prompt and K responses to it in any order, each with a score (higher is better); without
/// scores, the best comes first.
template <class Sequence>
struct basic_example {
  Sequence prompt;
  std::vector<Sequence> responses;
  std::vector<double> scores = {};  ///< one per response, or none: then 1, 0, -1, ...

  friend bool operator==(const basic_example&, const basic_example&) = default;
};

/// A prompt, the preferred response and the worse one.
template <class Sequence>
struct basic_pair {
  Sequence prompt;
  Sequence chosen;
  Sequence rejected;

  friend bool operator==(const basic_pair&, const basic_pair&) = default;
};

/// A prompt and one response to it, labeled as desirable or not (Ethayarajh et al. 2024,
/// arXiv:2402.01306).
template <class Sequence>
struct basic_unpaired {
  Sequence prompt;
  Sequence completion;
  bool label = true;  ///< desirable
  /// A completion of another prompt, for losses that measure how far the policy has moved; or
  /// empty.
  Sequence mismatched = {};

  friend bool operator==(const basic_unpaired&, const basic_unpaired&) = default;
};

/// The same of token ids, of which some may be no targets.
template <>
struct basic_example<token_ids> {
  token_ids prompt;
  std::vector<token_ids> responses;
  std::vector<double> scores = {};
  std::vector<target_runs> targets = {};  ///< of each response; none: all tokens of all responses

  friend bool operator==(const basic_example&, const basic_example&) = default;
};
template <>
struct basic_pair<token_ids> {
  token_ids prompt;
  token_ids chosen;
  token_ids rejected;
  std::vector<target_runs> targets = {};  ///< of each response; none: all tokens of both

  friend bool operator==(const basic_pair&, const basic_pair&) = default;
};
template <>
struct basic_unpaired<token_ids> {
  token_ids prompt;
  token_ids completion;
  bool label = true;
  token_ids mismatched = {};
  /// of completion and mismatched, if there is one; none: all tokens of both
  std::vector<target_runs> targets = {};

  friend bool operator==(const basic_unpaired&, const basic_unpaired&) = default;
};

using preference_example = basic_example<std::string>;
using preference_pair = basic_pair<std::string>;
using unpaired_preference = basic_unpaired<std::string>;
using tokenized_example = basic_example<token_ids>;
using tokenized_pair = basic_pair<token_ids>;
using tokenized_unpaired = basic_unpaired<token_ids>;

/// The indices of a pair's responses among the responses of its example.
inline constexpr std::int32_t chosen_index = 0;
inline constexpr std::int32_t rejected_index = 1;

template <class Sequence>
[[nodiscard]] std::size_t response_count(const basic_example<Sequence>& example) {
  return example.responses.size();
}
template <class Sequence>
[[nodiscard]] std::size_t response_count(const basic_pair<Sequence>&) {
  return 2;
}
template <class Sequence>
[[nodiscard]] std::size_t response_count(const basic_unpaired<Sequence>& example) {
  return example.mismatched.empty() ? 1 : 2;
}

template <class Sequence>
[[nodiscard]] const Sequence& response(const basic_example<Sequence>& example, std::size_t index) {
  return example.responses[index];
}
template <class Sequence>
[[nodiscard]] const Sequence& response(const basic_pair<Sequence>& pair, std::size_t index) {
  return index == static_cast<std::size_t>(chosen_index) ? pair.chosen : pair.rejected;
}
template <class Sequence>
[[nodiscard]] const Sequence& response(const basic_unpaired<Sequence>& example, std::size_t index) {
  return index == 0 ? example.completion : example.mismatched;
}

/// The score of a response that answers another prompt: not a number.
inline constexpr double no_score = std::numeric_limits<double>::quiet_NaN();

/// How good a response is; above 0 means desirable, for losses that need a yes or no.
template <class Sequence>
[[nodiscard]] double response_score(const basic_example<Sequence>& example, std::size_t index) {
  return example.scores.empty() ? 1 - static_cast<double>(index) : example.scores[index];
}
template <class Sequence>
[[nodiscard]] double response_score(const basic_pair<Sequence>&, std::size_t index) {
  return index == static_cast<std::size_t>(chosen_index) ? 1 : 0;
}
template <class Sequence>
[[nodiscard]] double response_score(const basic_unpaired<Sequence>& example, std::size_t index) {
  return index != 0 ? no_score : example.label ? 1 : 0;
}

/// The targets among a response's tokens; nothing if all are. Reads the example's `targets` if it
/// has that member. Throws value_error if it holds runs for fewer responses.
template <class Example>
[[nodiscard]] std::optional<std::span<const token_run>> response_targets(const Example& example,
                                                                         std::size_t index) {
  if constexpr (requires { std::span<const target_runs>(example.targets); }) {
    if (example.targets.empty()) return std::nullopt;
    if (index >= example.targets.size())
      throw value_error(concat("targets for ", example.targets.size(),
                               " responses, expected them for ", index + 1, " or more, or none"));
    return example.targets[index];
  } else {
    return std::nullopt;
  }
}

/// How many tokens of a response are targets.
template <class Example>
[[nodiscard]] std::size_t target_count(const Example& example, std::size_t index) {
  const auto runs = response_targets(example, index);
  return runs ? count_of(*runs) : response(example, index).size();
}

/// A tokenized prompt with K responses.
/// Needs: `.prompt`, `response_count(e)`, `response(e, k)` and `response_score(e, k)` for k <
/// response_count(e); prompt and responses are token ids. May have `.targets`, as basic_pair has.
template <class Example>
concept example_like = requires(const Example& example, std::size_t index) {
  { example.prompt } -> std::convertible_to<const token_ids&>;
  { response_count(example) } -> std::convertible_to<std::size_t>;
  { response(example, index) } -> std::convertible_to<const token_ids&>;
  { response_score(example, index) } -> std::convertible_to<double>;
};

/// The same prompt, responses and scores in the form that can hold any of them.
template <example_like Example>
[[nodiscard]] tokenized_example as_example(const Example& example) {
  tokenized_example same{.prompt = example.prompt, .responses = {}};
  for (std::size_t index = 0; index < response_count(example); ++index) {
    same.responses.push_back(response(example, index));
    same.scores.push_back(response_score(example, index));
    if (const auto runs = response_targets(example, index))
      same.targets.emplace_back(runs->begin(), runs->end());
  }
  return same;
}

/// The same for an example that is no longer needed; its ids are moved.
template <class Sequence>
[[nodiscard]] basic_example<Sequence> as_example(basic_example<Sequence>&& list) {
  std::vector<double> scores;  // those of a list without scores follow from there being none
  for (std::size_t index = 0; index < list.responses.size(); ++index)
    scores.push_back(response_score(list, index));
  list.scores = std::move(scores);
  return std::move(list);
}
[[nodiscard]] inline tokenized_example as_example(tokenized_pair&& pair) {
  tokenized_example same{.prompt = std::move(pair.prompt),
                         .responses = {},
                         .scores = {1, 0},
                         .targets = std::move(pair.targets)};
  same.responses.reserve(2);
  same.responses.push_back(std::move(pair.chosen));
  same.responses.push_back(std::move(pair.rejected));
  return same;
}
[[nodiscard]] inline tokenized_example as_example(tokenized_unpaired&& example) {
  tokenized_example same{
      .prompt = std::move(example.prompt), .responses = {}, .targets = std::move(example.targets)};
  for (std::size_t index = 0; index < response_count(example); ++index)
    same.scores.push_back(response_score(example, index));
  const bool has_mismatched = !example.mismatched.empty();
  same.responses.push_back(std::move(example.completion));
  if (has_mismatched) same.responses.push_back(std::move(example.mismatched));
  return same;
}

/// A data set from which steps can take their examples.
template <class Examples>
concept example_range =
    std::ranges::random_access_range<Examples> && std::ranges::sized_range<Examples> &&
    example_like<std::ranges::range_value_t<Examples>>;

}  // namespace prefopt::inline v0_2
