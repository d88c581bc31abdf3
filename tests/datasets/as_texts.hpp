// SPDX-License-Identifier: MIT
#pragma once
// An example of conversations as texts, as a dialogue without a chat template.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/data/dialogue_renderer.hpp"
#include "prefopt/data/preference_source.hpp"

namespace prefopt::tests {

/// A response's text continues the prompt's.
template <class Example>
auto as_texts(const Example& example) {
  const dialogue_renderer renderer;
  std::string prompt = render_prompt(example.prompt, renderer);
  std::vector<std::string> responses;
  for (std::size_t index = 0; index < response_count(example); ++index) {
    conversation whole = example.prompt;
    for (const chat_message& message : response(example, index).messages)
      whole.messages.push_back(message);
    responses.push_back(renderer.render(whole, false).substr(prompt.size()));
  }
  return detail::form_of<Example>::of_texts(example, std::move(prompt), std::move(responses));
}

}  // namespace prefopt::tests
