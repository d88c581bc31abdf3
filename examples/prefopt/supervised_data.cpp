// SPDX-License-Identifier: MIT

#include "supervised_data.hpp"

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <prefopt/core/error.hpp>
#include <prefopt/io/json_object.hpp>

namespace program {

void refuse_supervised(prefopt::json_file& file, const prefopt::column_names& columns) {
  const nlohmann::json* first = file.peek();
  if (first == nullptr || !first->is_object()) return;
  const prefopt::json_object object(*first, file.location());
  const auto has = [&](auto... names) { return (object.has_value(columns.column(names)) || ...); };
  if (has("chosen", "rejected", "chosen_ids", "rejected_ids", "responses", "responses_ids", "label",
          "kto_tag"))
    return;
  const auto column = [&](std::string_view name) {  // as jq spells it
    const std::string_view theirs = columns.column(name);
    return theirs == name ? prefopt::concat('.', name)
                          : prefopt::concat(".[", nlohmann::json(theirs).dump(), ']');
  };
  const auto refuse = [&](const char* what, const std::string& pair) {
    throw prefopt::format_error(prefopt::concat(
        object.name(), ": ", what,
        " to imitate; the loss sft reads the chosen response of pairs, which jq -c '", pair,
        "' makes of it"));
  };
  for (const std::string_view name : {"conversations", "conversation", "messages"})
    if (has(name) && object.at(columns.column(name)).is_array())
      refuse("a dialogue",
             prefopt::concat("{system: ", column("system"), ", tools: ", column("tools"),
                             ", conversations: ", column(name), "[:-1], chosen: ", column(name),
                             "[-1], rejected: \"-\"}"));
  if (has("instruction") && has("output"))
    refuse("an instruction with an output",
           prefopt::concat("{system: ", column("system"), ", history: ", column("history"),
                           ", instruction: ", column("instruction"), ", input: ", column("input"),
                           ", chosen: ", column("output"), ", rejected: \"-\"}"));
  if (has("completion"))
    refuse("a completion without a label",
           prefopt::concat("{prompt: ", column("prompt"), ", chosen: ", column("completion"),
                           ", rejected: ",
                           object.at(columns.column("completion")).is_array()
                               ? "{role: \"assistant\", content: \"-\"}"
                               : "\"-\"",
                           '}'));
}

}  // namespace program
