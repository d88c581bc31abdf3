// SPDX-License-Identifier: MIT
#pragma once
// read_preferences: preference pairs from JSON lines, one object a line, plain or gzip. An object holds either texts
// ("prompt", "chosen", "rejected") or token ids ("prompt_ids", "chosen_ids", "rejected_ids"); where it holds both, the
// ids count. A file may mix the two kinds line by line. Other members are ignored, and so are blank lines.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/preference_record.hpp"
#include "prefopt/files/json.hpp"
#include "prefopt/files/json_object.hpp"
#include "prefopt/io/line_reader.hpp"

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

[[nodiscard]] inline std::string text_member(const json_object& object, std::string_view key) {
  if (object.at(key).is_array()) {
    throw format_error(
        join(object.name(), ": ", key, " is a list (of messages?), these are not read yet; a text was wanted"));
  }
  return object.text(key);
}

[[nodiscard]] inline token_ids token_member(const json_object& object, std::string_view key) {
  token_ids ids;
  const auto& list = object.list(key);
  ids.reserve(list.size());
  const std::string where = join(object.name(), ": ", key, ": a token id");
  for (const nlohmann::json& id : list) {
    ids.push_back(static_cast<token_id>(to_integer(id, where, 0, std::numeric_limits<token_id>::max())));
  }
  return ids;
}

}  // namespace detail

/// Splits two dialogues that begin alike into a prompt and two responses: the prompt is their common prefix in code
/// points, cut back to the end of its last "\n\nAssistant:" if it holds one, else before a trailing space.
[[nodiscard]] inline preference_pair split_common_prompt(std::string_view chosen, std::string_view rejected) {
  constexpr std::string_view turn = "\n\nAssistant:";
  std::size_t length = detail::common_prefix(chosen, rejected);
  const std::size_t last = chosen.substr(0, length).rfind(turn);
  if (last != chosen.npos) {
    length = last + turn.size();
  } else if (length > 0 && chosen[length - 1] == ' ') {
    --length;
  }
  return {std::string(chosen.substr(0, length)), std::string(chosen.substr(length)),
          std::string(rejected.substr(length))};
}

/// The pair that one JSON object spells. Throws format_error, naming the object's place and the member.
[[nodiscard]] inline preference_record parse_preference(const json_object& object) {
  if (object.has("prompt_ids") || object.has("chosen_ids") || object.has("rejected_ids")) {
    tokenized_pair pair{detail::token_member(object, "prompt_ids"), detail::token_member(object, "chosen_ids"),
                        detail::token_member(object, "rejected_ids")};
    if (pair.chosen.empty()) throw format_error(join(object.name(), ": chosen_ids is an empty list"));
    if (pair.rejected.empty()) throw format_error(join(object.name(), ": rejected_ids is an empty list"));
    return {std::move(pair)};
  }
  std::string chosen = detail::text_member(object, "chosen");
  std::string rejected = detail::text_member(object, "rejected");
  if (!object.has_value("prompt")) return {split_common_prompt(chosen, rejected)};
  return {preference_pair{detail::text_member(object, "prompt"), std::move(chosen), std::move(rejected)}};
}

/// All pairs of a .jsonl or .jsonl.gz file, each with its line. Throws io_error where it cannot be read, format_error
/// with the line's number where one is not a pair, where there is none at all, and where the file is beyond `limits`.
/// Memory: the pairs, and one line.
[[nodiscard]] inline std::vector<preference_record> read_preferences(const std::filesystem::path& path,
                                                                     line_limits limits = {}) {
  const auto file = std::make_shared<const std::string>(path.native());
  line_reader lines(path, limits);
  std::vector<preference_record> records;
  for (std::string line; lines.next(line);) {
    if (line.find_first_not_of(" \t\r\f\v") == line.npos) continue;
    const nlohmann::json json = parse_json(line, lines.place());
    preference_record record = parse_preference(json_object(json, lines.place()));
    record.line = lines.number();
    record.file = file;
    records.push_back(std::move(record));
  }
  if (records.empty()) throw format_error(join(*file, ": no pairs, a JSON object a line was wanted"));
  return records;
}

}  // namespace prefopt
