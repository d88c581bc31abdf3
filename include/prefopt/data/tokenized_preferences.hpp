// SPDX-License-Identifier: MIT
#pragma once
// tokenized_preferences: a data set that is ready to be packed, and what happened to the records it
// was made from.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2 {

/// Counts of examples, unless stated otherwise.
struct tokenize_report {
  std::size_t total = 0;          ///< read
  std::size_t kept = 0;           ///< left to train on
  std::size_t dropped_empty = 0;  ///< dropped: a response had no token left
  std::size_t dropped_equal = 0;  ///< dropped: all of two or more responses were equal
  /// dropped: a response without a target: one token without a prompt, which nothing predicts, or
  /// targets that were all cut off
  std::size_t dropped_no_target = 0;
  std::size_t boundary_merges = 0;  ///< of all: a merge crossed from the prompt into a response
  /// of all: the end of the prompt, which the template renders differently before an answer, left
  /// out
  std::size_t prompt_tails = 0;
  /// of all: a token spans the beginning or the end of a turn; it is taken for the assistant's
  std::size_t turn_merges = 0;
  std::size_t left_out = 0;  ///< of all: messages after the assistant's last one left out
  /// responses' turns, not examples: white space behind the token that ends them is no target
  std::size_t trimmed_turns = 0;
  std::size_t truncated = 0;  ///< of those kept: cut to the maximum length
  /// of all: white space or end tokens after an end token removed
  std::size_t behind_end = 0;
  /// prompts and responses, not examples: a special token spelled out inside
  std::size_t special_texts = 0;
  std::string special_token = {};  ///< the first of those tokens
  std::size_t special_line = 0;    ///< where it is

  friend bool operator==(const tokenize_report&, const tokenize_report&) = default;
};

/// The counts as text, for a console or a message; zero counts are omitted.
[[nodiscard]] inline std::string describe(const tokenize_report& report,
                                          std::string_view examples = "pairs") {
  std::string text = concat(report.kept, " of ", report.total, ' ', examples);
  const auto add = [&](std::size_t count, const char* what) {
    if (count != 0) text += concat(", ", count, ' ', what);
  };
  add(report.dropped_empty, "dropped without a response token");
  add(report.dropped_equal, "dropped with equal responses");
  add(report.dropped_no_target, "dropped without a token to predict");
  add(report.truncated, "truncated");
  add(report.boundary_merges, "with a token that spans the end of the prompt");
  add(report.prompt_tails,
      "without the end of a prompt that the chat template renders differently");
  add(report.turn_merges, "with a token that spans the edge of an assistant's turn");
  add(report.left_out, "without the messages after the assistant's last one");
  add(report.behind_end, "cut after an end token");
  if (report.trimmed_turns != 0)
    text += concat(", ", report.trimmed_turns, report.trimmed_turns == 1 ? " turn" : " turns",
                   " without the white space behind the end token");
  if (report.special_texts != 0)
    text += concat(", ", report.special_texts,
                   report.special_texts == 1 ? " text that spells" : " texts that spell",
                   " a special token");
  return text;
}

/// Examples as token ids, with their origins. A contiguous range of examples.
template <class Example>
struct basic_tokenized {
  std::vector<Example> examples;
  /// for each example: its line in the file or its position in the input, from 1
  std::vector<std::size_t> lines;
  tokenize_report report;

  [[nodiscard]] std::size_t size() const { return examples.size(); }
  [[nodiscard]] const Example* data() const { return examples.data(); }
  [[nodiscard]] const Example& operator[](std::size_t i) const { return examples[i]; }
  [[nodiscard]] auto begin() const { return examples.begin(); }
  [[nodiscard]] auto end() const { return examples.end(); }
};

using tokenized_preferences = basic_tokenized<tokenized_pair>;
using tokenized_lists = basic_tokenized<tokenized_example>;
using tokenized_completions = basic_tokenized<tokenized_unpaired>;

}  // namespace prefopt::inline v0_2
