// SPDX-License-Identifier: MIT
#pragma once
// render_example: the same example as texts instead of messages.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/data/conversation.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/preference_source.hpp"

namespace prefopt::inline v0_2 {

/// A pair, a list or an unpaired example of texts from one of conversations: a response's text
/// continues the prompt's. Throws what render_prompt and render_whole throw, and value_error if a
/// whole text does not begin with the prompt's.
template <class Example, conversation_renderer Renderer>
[[nodiscard]] auto render_example(const Example& example, const Renderer& renderer) {
  std::string prompt = render_prompt(example.prompt, renderer);
  std::vector<std::string> responses;
  for (std::size_t index = 0; index < response_count(example); ++index) {
    const std::string whole = render_whole(example.prompt, response(example, index), renderer);
    detail::check_beginning(prompt, whole);
    responses.push_back(whole.substr(prompt.size()));
  }
  return detail::form_of<Example>::of_texts(example, std::move(prompt), std::move(responses));
}

}  // namespace prefopt::inline v0_2
