// SPDX-License-Identifier: MIT
// prefopt render: what a chat template makes of conversations.

#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include <prefopt/chat.hpp>
#include <prefopt/io/printable.hpp>
#include <prefopt/io/read_file.hpp>
#include "chat_templates.hpp"
#include "command_line.hpp"
#include "commands.hpp"
#include "model_folders.hpp"
#include "output.hpp"
#include "standard_input.hpp"

namespace program {
namespace {

using json = nlohmann::ordered_json;

struct render_arguments {
  std::string model;
  chat_options chat;
  std::string variables;
  bool add_generation_prompt = false;
};

/// What all lines have in common.
json common_variables(const render_arguments& how) {
  json variables = how.model.empty() ? json::object() : prefopt::read_special_tokens(how.model);
  variables["add_generation_prompt"] = how.add_generation_prompt;
  if (!how.variables.empty())
    override_with(variables, parse_object(prefopt::read_file(how.variables), how.variables));
  return variables;
}

/// {"text"}, or {"error"} with the line of the template.
json rendered(const prefopt::chat_template& by, const json& variables,
              prefopt::calendar_date date) {
  json line;
  try {
    line["text"] = by.render(variables, {date}).text;
  } catch (const prefopt::template_error& cause) {
    line["error"] = cause.reason;
    line["template_line"] = cause.line;
  } catch (const prefopt::value_error& cause) {
    line["error"] = cause.what();
  }
  return line;
}

void add_options(CLI::App& app, render_arguments& how) {
  app.get_formatter()->column_width(34);
  app.add_option("--model,--model-name-or-path", how.model,
                 "Hugging Face folder of the model, or its name if it was downloaded")
      ->type_name("DIR");
  add_chat_template(app, how.chat);
  app.add_option("--variables", how.variables,
                 "A JSON object: variables for all lines, such as bos_token")
      ->type_name("FILE");
  app.add_flag("--add-generation-prompt", how.add_generation_prompt,
               "End with the beginning of the assistant's next message");
}

}  // namespace

int render(int argc, char** argv) {
  render_arguments how;
  CLI::App app(
      "Renders conversations with a chat template. Reads JSON lines from stdin, {\"messages\": "
      "[...]} and any other variables of the template, and prints a line for each: {\"text\"}, or "
      "{\"error\"} and the line of the template.",
      "prefopt render");
  add_options(app, how);
  if (const auto status = parse(app, argc, argv)) return *status;
  if (how.model.empty() && how.chat.chat_template.empty())
    return status_of(app, CLI::RequiredError("--model or --chat-template"));
  const prefopt::calendar_date date = date_of(how.chat);

  if (!how.model.empty()) find_in_hub_cache({&how.model}, stderr);
  const auto templates = find_templates(how.model, how.chat);
  if (!templates)
    throw prefopt::format_error(prefopt::concat(
        how.model,
        ": no chat template: neither chat_template.jinja nor tokenizer_config.json has one"));
  const json common = common_variables(how);
  standard_input lines;
  while (const auto line = lines.next()) {
    if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
    json variables = common;
    override_with(variables, parse_object(*line, lines.location()));
    const bool has_tools = variables.contains("tools") && !variables.at("tools").is_null();
    const json result =
        rendered(has_tools && templates->with_tools ? *templates->with_tools : templates->usual,
                 variables, date);
    write_output("-", result.dump(-1, ' ', false, json::error_handler_t::replace) + '\n');
  }
  return 0;
}

}  // namespace program
