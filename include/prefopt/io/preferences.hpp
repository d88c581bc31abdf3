// SPDX-License-Identifier: MIT
#pragma once
// read_preferences: preference pairs from JSON lines, one object a line, plain or gzip. An object holds either texts
// ("prompt", "chosen", "rejected"), the same as message lists, or token ids ("prompt_ids", "chosen_ids",
// "rejected_ids"); where it holds both, the ids count. A file may mix the kinds line by line. Other members are
// ignored, and so are blank lines.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/preference_record.hpp"
#include "prefopt/files/json_object.hpp"
#include "prefopt/io/dialogue_members.hpp"
#include "prefopt/io/json_lines.hpp"
#include "prefopt/io/line_reader.hpp"
#include "prefopt/io/messages.hpp"

namespace prefopt {

namespace detail {

/// Bytes that two UTF-8 texts have in common at their beginning, in whole code points.
[[nodiscard]] inline std::size_t common_prefix(std::string_view a, std::string_view b) {
  auto length = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  const auto inside = [](std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u;
  };
  while (length > 0 && (inside(a, length) || inside(b, length))) --length;
  return length;
}

}  // namespace detail

/// Splits two dialogues that begin alike into a prompt and two responses: the prompt is their common prefix in code
/// points, cut back to the end of its last "\n\nAssistant:" if it holds one, else before a trailing space.
[[nodiscard]] inline preference_pair split_common_prompt(std::string_view chosen, std::string_view rejected) {
  std::size_t length = detail::common_prefix(chosen, rejected);
  const std::size_t last = chosen.substr(0, length).rfind(assistant_turn);
  if (last != chosen.npos) {
    length = last + assistant_turn.size();
  } else if (length > 0 && chosen[length - 1] == ' ') {
    --length;
  }
  return {std::string(chosen.substr(0, length)), std::string(chosen.substr(length)),
          std::string(rejected.substr(length))};
}

/// The same for message lists: the prompt is the messages that both have in common, up to an assistant's turn of each
/// that is not. Throws value_error where there is no such turn.
[[nodiscard]] inline preference_pair split_common_prompt(std::span<const chat_message> chosen,
                                                         std::span<const chat_message> rejected) {
  auto length = static_cast<std::size_t>(std::ranges::mismatch(chosen, rejected).in1 - chosen.begin());
  const auto answers = [&](std::size_t at) {
    return at < chosen.size() && at < rejected.size() && chosen[at].role == chat_role::assistant &&
           rejected[at].role == chat_role::assistant;
  };
  while (length > 0 && !(answers(length) && chosen[length - 1].role != chat_role::assistant)) --length;
  if (length == 0)
    throw value_error("chosen and rejected have no beginning in common that an assistant's message follows in both");
  return {render_prompt(chosen.first(length)), render_response(chosen.subspan(length)),
          render_response(rejected.subspan(length))};
}

/// The pair that one JSON object spells. Throws format_error, naming the object's place and the member.
[[nodiscard]] inline preference_record parse_preference(const json_object& object) {
  if (object.has("prompt_ids") || object.has("chosen_ids") || object.has("rejected_ids")) {
    return {tokenized_pair{detail::token_member(object, "prompt_ids"), detail::response_ids(object, "chosen_ids"),
                           detail::response_ids(object, "rejected_ids")}};
  }
  if (object.has_value("prompt")) {
    const auto [prompt, of_messages] = detail::read_prompt(object);
    return {preference_pair{prompt, detail::response_member(object, "chosen", of_messages),
                            detail::response_member(object, "rejected", of_messages)}};
  }
  if (!object.at("chosen").is_array()) return {split_common_prompt(object.text("chosen"), object.text("rejected"))};
  const auto messages = [&](std::string_view key) {
    return parse_messages(object.list(key), join(object.name(), ": ", key));
  };
  try {
    return {split_common_prompt(messages("chosen"), messages("rejected"))};
  } catch (const value_error& cause) {
    throw format_error(join(object.name(), ": ", cause.what()));
  }
}

/// All pairs of a .jsonl or .jsonl.gz file, each with its line. Throws io_error where it cannot be read, format_error
/// with the line's number where one is not a pair, where there is none at all, and where the file is beyond `limits`.
/// Memory: the pairs, and one line.
[[nodiscard]] inline std::vector<preference_record> read_preferences(const std::filesystem::path& path,
                                                                     line_limits limits = {}) {
  return read_json_lines(path, "pairs", limits, parse_preference);
}

}  // namespace prefopt
