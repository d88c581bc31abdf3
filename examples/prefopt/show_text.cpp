// SPDX-License-Identifier: MIT

#include "show_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <prefopt/core/error.hpp>

namespace program {
namespace {

constexpr std::string_view end_of_colour = "\x1b[0m", dim = "\x1b[2m", bold = "\x1b[1m";
/// Of targets, in turn, so that tokens can be told apart.
constexpr std::string_view target_colours[] = {"\x1b[30;42m", "\x1b[30;46m"};

/// A token's text. A line break is shown and made; other control characters are shown as their
/// Unicode pictures or U+FFFD, since a terminal would obey them.
std::string visible(std::string_view piece) {
  std::string text;
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const auto byte = static_cast<unsigned char>(piece[i]);
    const bool is_c1 = byte == 0xc2 && i + 1 < piece.size() &&
                       static_cast<unsigned char>(piece[i + 1]) < 0xa0;  // U+0080 to U+009F
    if (byte == '\n')
      text += "↵\n";
    else if (byte < 0x20)
      text += {'\xe2', '\x90', static_cast<char>(0x80 + byte)};
    else if (byte == 0x7f)
      text += "\u2421";
    else if (is_c1)
      text += "\uFFFD", ++i;
    else
      text += piece[i];
  }
  return text;
}

/// A token as the terminal shows it.
struct shown_token {
  std::string text;
  bool is_target;
};

std::vector<shown_token> shown_tokens(const prefopt::token_ids& ids,
                                      std::optional<std::span<const prefopt::token_run>> targets,
                                      bool scored, const run_data& data) {
  std::vector<shown_token> all;
  for (const prefopt::token_id id : ids) {
    const bool has_text = data.tokenizer && data.tokenizer->has_token(id);
    all.push_back({has_text ? visible(data.tokenizer->display(id)) : prefopt::concat('[', id, ']'),
                   scored && !targets});
  }
  if (targets)
    for (const prefopt::token_run& run : *targets)
      for (std::size_t t = run.begin; t < run.end; ++t) all[t].is_target = true;
  return all;
}

/// Adds a text line by line: a colour that crosses a line's end would fill the line.
void add_coloured(std::string& text, std::string_view colour, std::string_view left) {
  for (std::size_t at; (at = left.find('\n')) != left.npos; left.remove_prefix(at + 1))
    text += prefopt::concat(colour, left.substr(0, at), end_of_colour, '\n');
  if (!left.empty()) text += prefopt::concat(colour, left, end_of_colour);
}

std::string in_colours(const std::vector<shown_token>& tokens) {
  std::string text, context;
  std::size_t targets = 0;
  for (const shown_token& token : tokens) {
    if (!token.is_target) {
      context += token.text;
      continue;
    }
    add_coloured(text, dim, std::exchange(context, {}));
    add_coloured(text, target_colours[targets++ % 2], token.text);
  }
  add_coloured(text, dim, context);
  return text;
}

std::string with_brackets(const std::vector<shown_token>& tokens) {
  std::string text;
  bool within = false;
  for (const shown_token& token : tokens) {
    if (token.is_target != within) text += within ? "⟧" : "⟦";
    within = token.is_target;
    text += token.text;
  }
  return within ? text + "⟧" : text;
}

std::string ids_of(const prefopt::token_ids& ids) {
  std::string text;
  for (const prefopt::token_id id : ids) text += prefopt::concat(text.empty() ? "" : " ", id);
  return text;
}

/// The smallest length that at least this share of lengths does not exceed.
std::size_t quantile(std::span<const std::size_t> sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::string row_of(const char* what, std::vector<std::size_t> lengths) {
  std::ranges::sort(lengths);
  double sum = 0;
  for (const std::size_t length : lengths) sum += static_cast<double>(length);
  char text[160];
  std::snprintf(text, sizeof text, "%-10s %8zu %8.1f %8zu %8zu %8zu %8zu\n", what, lengths.front(),
                sum / static_cast<double>(lengths.size()), quantile(lengths, 0.5),
                quantile(lengths, 0.9), quantile(lengths, 0.99), lengths.back());
  return text;
}

/// At most a dozen bars of a round width.
std::string histogram(std::span<const std::size_t> lengths) {
  const auto [shortest, longest] = std::ranges::minmax(lengths);
  std::size_t width = 1;
  for (std::size_t power = 1; longest / width - shortest / width >= 12; power *= 10)
    for (const std::size_t factor : {1U, 2U, 5U})
      if (longest / width - shortest / width >= 12) width = factor * power;
  const std::size_t first = shortest / width;
  std::vector<std::size_t> counts(longest / width - first + 1);
  for (const std::size_t length : lengths) ++counts[length / width - first];
  const std::size_t most = std::ranges::max(counts);
  std::string text;
  for (std::size_t bar = 0; bar < counts.size(); ++bar) {
    const std::size_t begin = (first + bar) * width;
    char line[64];
    std::snprintf(line, sizeof line, "%8zu to %8zu %8zu", begin, begin + width - 1, counts[bar]);
    text += line;
    if (counts[bar] != 0) text += ' ' + std::string((counts[bar] * 40 + most - 1) / most, '#');
    text += '\n';
  }
  return text;
}

/// Powers of two up to the first that cuts nothing, and the limit that applies.
std::vector<std::size_t> limits_for(std::size_t longest, std::size_t limit) {
  std::vector<std::size_t> limits{limit};
  for (std::size_t one = 64;; one *= 2) {
    limits.push_back(one);
    if (one >= longest) break;
  }
  std::ranges::sort(limits);
  limits.erase(std::unique(limits.begin(), limits.end()), limits.end());
  return limits;
}

}  // namespace

std::string text_of(const prefopt::tokenized_example& example, std::size_t number,
                    const run_data& data, bool coloured) {
  std::string text;
  const auto add = [&](const std::string& name, const prefopt::token_ids& ids,
                       std::optional<std::span<const prefopt::token_run>> targets, bool scored) {
    const std::size_t count = targets ? prefopt::count_of(*targets) : scored ? ids.size() : 0;
    const std::string head = prefopt::concat(
        "example ", number, " (line ", data.train.lines[number - 1], "), ", name, ": ", ids.size(),
        ids.size() == 1 ? " token" : " tokens",
        scored ? prefopt::concat(", ", count, count == 1 ? " target" : " targets") : "");
    text += coloured ? prefopt::concat(bold, head, end_of_colour, '\n') : head + '\n';
    const auto tokens = shown_tokens(ids, targets, scored, data);
    const std::string body = coloured ? in_colours(tokens) : with_brackets(tokens);
    text += prefopt::concat(body, body.ends_with('\n') ? "" : "\n", "ids: ", ids_of(ids), "\n");
  };
  add("prompt", example.prompt, std::nullopt, false);
  const std::vector<std::string> keys = keys_of(data.train.form, example);
  for (std::size_t r = 0; r < example.responses.size(); ++r)
    add(keys[r], example.responses[r], response_targets(example, r), true);
  return text + '\n';
}

std::string lengths_of(const data_set& data, std::size_t limit) {
  std::vector<std::size_t> prompts, responses, targets, examples;
  for (const auto& example : data.examples) {
    std::size_t longest = 0;
    for (std::size_t r = 0; r < example.responses.size(); ++r) {
      const std::size_t size = example.responses[r].size();
      responses.push_back(size);
      targets.push_back(target_count(example, r));
      longest = std::max(longest, size);
    }
    prompts.push_back(example.prompt.size());
    examples.push_back(example.prompt.size() + longest);
  }
  std::string text = "tokens          min     mean   median      90%      99%      max\n";
  text += row_of("prompt", prompts) + row_of("response", responses);
  if (targets != responses) text += row_of("  targets", targets);
  text += row_of("example", examples);
  text += "\n              tokens examples\n" + histogram(examples);
  text += "\n--max-length     cut  share\n";
  for (const std::size_t one : limits_for(std::ranges::max(examples), limit)) {
    const auto cut = static_cast<std::size_t>(
        std::ranges::count_if(examples, [&](std::size_t length) { return length > one; }));
    char line[80];
    std::snprintf(line, sizeof line, "%12zu%8zu %5.1f%%%s\n", one, cut,
                  100 * static_cast<double>(cut) / static_cast<double>(examples.size()),
                  one == limit ? "  (this one applies)" : "");
    text += line;
  }
  return text;
}

}  // namespace program
