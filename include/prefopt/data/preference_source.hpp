// SPDX-License-Identifier: MIT
#pragma once
// preference_source: the input of tokenize, an example of any form as text, as ids, or as the
// record of a file that holds either; and the type that tokenize makes of it.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/preference_record.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// For each form: its example of token ids, its name in messages, and how to combine a prompt and
/// responses with the scores or the label of another example, as ids and as texts.
template <class Source>
struct form_of {};

template <class Sequence>
struct form_of<basic_pair<Sequence>> {
  using tokenized = tokenized_pair;
  static constexpr std::string_view one = "pair", many = "pairs";
  static std::string response_name(std::size_t index) {
    return index == chosen_index ? "chosen" : "rejected";
  }
  static tokenized like(const basic_pair<Sequence>&, token_ids prompt,
                        std::vector<token_ids> responses) {
    return {std::move(prompt), std::move(responses[chosen_index]),
            std::move(responses[rejected_index])};
  }
  static preference_pair of_texts(const basic_pair<Sequence>&, std::string prompt,
                                  std::vector<std::string> responses) {
    return {std::move(prompt), std::move(responses[chosen_index]),
            std::move(responses[rejected_index])};
  }
};

template <class Sequence>
struct form_of<basic_example<Sequence>> {
  using tokenized = tokenized_example;
  static constexpr std::string_view one = "list", many = "lists";
  static std::string response_name(std::size_t index) { return concat("response ", index + 1); }
  static tokenized like(const basic_example<Sequence>& example, token_ids prompt,
                        std::vector<token_ids> responses) {
    return {std::move(prompt), std::move(responses), example.scores};
  }
  static preference_example of_texts(const basic_example<Sequence>& example, std::string prompt,
                                     std::vector<std::string> responses) {
    return {std::move(prompt), std::move(responses), example.scores};
  }
};

template <class Sequence>
struct form_of<basic_unpaired<Sequence>> {
  using tokenized = tokenized_unpaired;
  static constexpr std::string_view one = "example", many = "examples";
  static std::string response_name(std::size_t index) {
    return index == 0 ? "completion" : "mismatched completion";
  }
  static tokenized like(const basic_unpaired<Sequence>& example, token_ids prompt,
                        std::vector<token_ids> responses) {
    return {std::move(prompt), std::move(responses[0]), example.label,
            responses.size() > 1 ? std::move(responses[1]) : token_ids{}};
  }
  static unpaired_preference of_texts(const basic_unpaired<Sequence>& example, std::string prompt,
                                      std::vector<std::string> responses) {
    return {std::move(prompt), std::move(responses[0]), example.label,
            responses.size() > 1 ? std::move(responses[1]) : std::string()};
  }
};

template <template <class> class Form>
struct form_of<basic_record<Form>> : form_of<Form<token_ids>> {};

[[nodiscard]] inline std::size_t line_of(const auto& source, std::size_t number) {
  if constexpr (requires { source.line; }) return source.line;
  return number;
}

/// The location of the number-th input, counted from 1.
template <class Source>
[[nodiscard]] std::string location_of(const Source& source, std::size_t number) {
  if constexpr (requires { source.file; }) return prefopt::location_of(source);
  return concat(form_of<Source>::one, ' ', number);
}

}  // namespace detail

/// A pair, a list or an unpaired example as text, as messages, as ids, or as a record.
template <class T>
concept preference_source = requires { typename detail::form_of<T>::tokenized; };

/// The example of token ids that a source becomes: tokenized_pair, tokenized_example or
/// tokenized_unpaired.
template <preference_source Source>
using tokenized_form = typename detail::form_of<Source>::tokenized;

}  // namespace prefopt::inline v0_2
