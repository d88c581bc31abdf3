// SPDX-License-Identifier: MIT
#pragma once
// Handles the columns of a preference file that no example is made from. Columns that change
// nothing are accepted; those that would change training are rejected; all others are counted, so
// that a program can report them.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/datasets/usual_roles.hpp"
#include "prefopt/io/closest_name.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2 {

/// A column, or a member of messages, that is neither read nor known.
struct unused_column {
  std::string name;
  bool in_messages = false;
  std::size_t count = 0;  ///< examples that have it
  std::size_t line = 0;   ///< of the first of these examples

  /// Whether it has the same name.
  [[nodiscard]] bool is_like(const unused_column& other) const {
    return name == other.name && in_messages == other.in_messages;
  }

  friend bool operator==(const unused_column&, const unused_column&) = default;
};

/// Columns that an example may do without, so that one with a misspelled name is silently missing.
inline constexpr std::array<std::string_view, 9> usual_columns{
    "prompt", "completion", "instruction",   "input", "output",
    "system", "history",    "conversations", "tools"};

/// A role of messages that few chat templates have, so that it may be misspelled: a template may
/// leave out its messages.
struct unusual_role {
  std::string role;
  std::size_t count = 0;  ///< examples that have it
  std::size_t line = 0;   ///< of the first of these examples

  /// Whether it is the same role.
  [[nodiscard]] bool is_like(const unusual_role& other) const { return role == other.role; }

  friend bool operator==(const unusual_role&, const unusual_role&) = default;
};

/// Observations from reading a file, as counts of examples.
struct reading_report {
  std::size_t total = 0;
  std::vector<unused_column> unused;        ///< in the order of their first lines; at most 64
  std::size_t unused_beyond = 0;            ///< number of column and member names beyond those
  std::vector<unusual_role> unusual_roles;  ///< in the order of their first lines; at most 64
  std::size_t unusual_roles_beyond = 0;     ///< number of roles beyond those
  std::size_t repeated_prompts = 0;         ///< texts whose responses all begin with the prompt
  std::size_t repeated_line = 0;            ///< of the first such example
  std::size_t user_turns = 0;               ///< texts with a turn "\n\nHuman:" inside a response
  std::size_t user_turn_line = 0;           ///< of the first such example
};

/// A remark on an unusual role: how often it occurs, and which one it may stand for.
[[nodiscard]] inline std::string describe(const unusual_role& role, std::size_t total,
                                          std::string_view examples = "pairs") {
  const std::string closest = closest_name(role.role, usual_roles);
  return concat("role \"", printable(role.role, 40), "\" in ", role.count, " of ", total, ' ',
                examples, ", as on line ", role.line,
                ", is unusual; a chat template may leave its messages out",
                closest.empty() ? "" : "; did you mean \"", closest, closest.empty() ? "" : "\"?");
}

/// The report as text for a console, one remark per element.
[[nodiscard]] inline std::vector<std::string> describe(const reading_report& report,
                                                       std::string_view examples = "pairs") {
  std::vector<std::string> remarks;
  for (const unused_column& column : report.unused) {
    const std::string closest =
        column.in_messages ? std::string() : closest_name(column.name, usual_columns);
    const bool is_misspelled = !closest.empty() && closest != column.name;
    remarks.push_back(concat(column.in_messages ? "message member \"" : "column \"",
                             printable(column.name), "\" in ", column.count, " of ", report.total,
                             ' ', examples, " is not used",
                             is_misspelled ? "; did you mean \"" : "", is_misspelled ? closest : "",
                             is_misspelled ? "\"?" : ""));
  }
  if (report.unused_beyond != 0)
    remarks.push_back(
        concat("and ", report.unused_beyond, " more columns or message members are not used"));
  for (const unusual_role& role : report.unusual_roles)
    remarks.push_back(describe(role, report.total, examples));
  if (report.unusual_roles_beyond != 0)
    remarks.push_back(concat("and ", report.unusual_roles_beyond, " more unusual roles"));
  if (report.repeated_prompts != 0)
    remarks.push_back(
        concat(report.repeated_prompts, " of ", report.total, ' ', examples, ", as on line ",
               report.repeated_line,
               ", have responses that begin with the whole prompt, which then appears twice"));
  if (report.user_turns != 0)
    remarks.push_back(concat(report.user_turns, " of ", report.total, ' ', examples,
                             ", as on line ", report.user_turn_line,
                             ", have a user's turn in a response; it is scored as an answer"));
  return remarks;
}

}  // namespace prefopt::inline v0_2
