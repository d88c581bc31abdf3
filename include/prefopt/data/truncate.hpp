// SPDX-License-Identifier: MIT
#pragma once
// truncate: cuts an example to a model's context.

#include <algorithm>
#include <cstddef>

#include "prefopt/data/example.hpp"
#include "prefopt/data/target_runs.hpp"

namespace prefopt::inline v0_2 {

/// What remains of a sequence that is too long. `keep_start`: each sequence loses its end.
/// `keep_end`: the prompt loses its start, the same for all responses, down to one token if
/// necessary; a sequence that is still too long loses its end.
enum class truncation { keep_start, keep_end };

namespace detail {

template <class Change>
void change_responses(tokenized_pair& pair, const Change& change) {
  change(pair.chosen);
  change(pair.rejected);
}
template <class Change>
void change_responses(tokenized_unpaired& example, const Change& change) {
  change(example.completion);
  change(example.mismatched);
}
template <class Change>
void change_responses(tokenized_example& example, const Change& change) {
  for (token_ids& response : example.responses) change(response);
}

}  // namespace detail

/// Cuts prompt + response to `max_length` tokens for every response of a tokenized_pair,
/// tokenized_example or tokenized_unpaired; returns whether anything was cut. A response may end up
/// without a token or a target; tokens behind its last target are cut, too.
template <template <class> class Form>
bool truncate(Form<token_ids>& example, std::size_t max_length, truncation which) {
  std::size_t longest = 0;
  for (std::size_t index = 0; index < response_count(example); ++index)
    longest = std::max(longest, response(example, index).size());
  token_ids& prompt = example.prompt;
  if (prompt.size() + longest <= max_length) return false;
  if (which == truncation::keep_end) {
    const std::size_t room = std::max<std::size_t>(max_length - std::min(longest, max_length), 1);
    const std::size_t cut = prompt.size() - std::min(prompt.size(), room);
    prompt.erase(prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(cut));
  }
  prompt.resize(std::min(prompt.size(), max_length));
  const std::size_t left = max_length - prompt.size();
  detail::change_responses(example,
                           [&](token_ids& ids) { ids.resize(std::min(ids.size(), left)); });
  for (target_runs& runs : example.targets) cut_runs(runs, left);
  // Nothing reads the tokens behind a response's last target.
  std::size_t index = 0;
  detail::change_responses(example, [&](token_ids& ids) {
    if (index < example.targets.size() && !example.targets[index].empty())
      ids.resize(example.targets[index].back().end);
    ++index;
  });
  return true;
}

}  // namespace prefopt::inline v0_2
