// SPDX-License-Identifier: MIT
#pragma once
// What preference data is made of: a prompt and K responses to it, as text or as token ids. The preference pair is the
// case K = 2 with names for its two responses.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace prefopt {

using token_id = std::int32_t;
using token_ids = std::vector<token_id>;

/// A prompt and K responses to it, the best first where they are ranked.
template <class Sequence>
struct basic_example {
  Sequence prompt;
  std::vector<Sequence> responses;

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

using preference_example = basic_example<std::string>;
using preference_pair = basic_pair<std::string>;
using tokenized_example = basic_example<token_ids>;
using tokenized_pair = basic_pair<token_ids>;

/// Place of a pair's responses among the responses of its example.
inline constexpr std::int32_t chosen_role = 0;
inline constexpr std::int32_t rejected_role = 1;

template <class Sequence>
[[nodiscard]] std::size_t response_count(const basic_example<Sequence>& example) {
  return example.responses.size();
}
template <class Sequence>
[[nodiscard]] std::size_t response_count(const basic_pair<Sequence>&) {
  return 2;
}
template <class Sequence>
[[nodiscard]] const Sequence& response(const basic_example<Sequence>& example, std::size_t role) {
  return example.responses[role];
}
template <class Sequence>
[[nodiscard]] const Sequence& response(const basic_pair<Sequence>& pair, std::size_t role) {
  return role == static_cast<std::size_t>(chosen_role) ? pair.chosen : pair.rejected;
}

/// A tokenized prompt with K responses.
/// Needs: `.prompt`, `response_count(e)` and `response(e, k)` for k < response_count(e), all token ids.
template <class Example>
concept example_like = requires(const Example& example, std::size_t role) {
  { example.prompt } -> std::convertible_to<const token_ids&>;
  { response_count(example) } -> std::convertible_to<std::size_t>;
  { response(example, role) } -> std::convertible_to<const token_ids&>;
};

}  // namespace prefopt
