// SPDX-License-Identifier: MIT
#pragma once
// read_unpaired_preferences: prompts with one response each that somebody found desirable or not, from JSON lines:
// {"prompt", "completion"} as texts or message lists or {"prompt_ids", "completion_ids"} as token ids, and "label",
// true for desirable.

#include <filesystem>
#include <string>
#include <vector>

#include "prefopt/data/preference_record.hpp"
#include "prefopt/files/json_object.hpp"
#include "prefopt/io/dialogue_members.hpp"
#include "prefopt/io/json_lines.hpp"
#include "prefopt/io/line_reader.hpp"

namespace prefopt {

/// The example that one JSON object spells. Throws format_error, naming the object's place and the member.
[[nodiscard]] inline unpaired_record parse_unpaired_preference(const json_object& object) {
  if (object.has("prompt_ids") || object.has("completion_ids"))
    return {tokenized_unpaired{detail::token_member(object, "prompt_ids"),
                               detail::response_ids(object, "completion_ids"), object.boolean("label")}};
  const auto [prompt, of_messages] = detail::read_prompt(object);
  return {
      unpaired_preference{prompt, detail::response_member(object, "completion", of_messages), object.boolean("label")}};
}

/// All examples of a .jsonl or .jsonl.gz file, each with its line. Throws as read_preferences does.
[[nodiscard]] inline std::vector<unpaired_record> read_unpaired_preferences(const std::filesystem::path& path,
                                                                            line_limits limits = {}) {
  return read_json_lines(path, "examples", limits, parse_unpaired_preference);
}

}  // namespace prefopt
