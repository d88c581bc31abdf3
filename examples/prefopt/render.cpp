// SPDX-License-Identifier: MIT
// prefopt render: what a chat template makes of conversations.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include <prefopt/chat.hpp>
#include <prefopt/io/printable.hpp>
#include <prefopt/io/read_file.hpp>
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
  std::string chat_template;
  std::string variables;
  std::string date;
  bool add_generation_prompt = false;
};

/// The template for conversations, and the one for those with tools if the model has another.
struct chat_templates {
  prefopt::chat_template usual;
  std::optional<prefopt::chat_template> with_tools;
};

/// A template of the model by its name, or a file.
chat_templates read_templates(const render_arguments& how) {
  if (how.model.empty()) return {prefopt::read_chat_template(how.chat_template), std::nullopt};
  const auto sources = prefopt::read_chat_template_sources(how.model);
  const auto parsed = [](const prefopt::chat_template_source& source) {
    return prefopt::chat_template::parse(source.text, source.name);
  };
  const std::string name = how.chat_template.empty() ? "default" : how.chat_template;
  if (const auto found = sources.find(name); found != sources.end()) {
    chat_templates all{parsed(found->second), std::nullopt};
    const auto with_tools = sources.find("tool_use");
    if (how.chat_template.empty() && with_tools != sources.end())
      all.with_tools = parsed(with_tools->second);
    return all;
  }
  if (!how.chat_template.empty())
    return {prefopt::read_chat_template(how.chat_template), std::nullopt};
  std::string names;
  for (const auto& [other, source] : sources) names += (names.empty() ? "" : ", ") + other;
  if (!names.empty())
    throw prefopt::format_error(prefopt::concat(
        how.model, ": no chat template is the default; choose one by --chat-template: ",
        prefopt::printable(names)));
  throw prefopt::format_error(prefopt::concat(
      how.model,
      ": no chat template: neither chat_template.jinja nor tokenizer_config.json has one"));
}

prefopt::calendar_date today() {
  const std::chrono::year_month_day now(
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  return {static_cast<int>(now.year()), static_cast<int>(static_cast<unsigned>(now.month())),
          static_cast<int>(static_cast<unsigned>(now.day()))};
}

json parse_object(const std::string& text, const std::string& name) {
  json object = prefopt::parse_ordered_json(text, name);
  if (!object.is_object())
    throw prefopt::format_error(prefopt::concat(name, ": expected a JSON object"));
  return object;
}

void override_with(json& variables, const json& members) {
  for (const auto& [key, what] : members.items()) variables[key] = what;
}

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
  app.add_option("--chat-template", how.chat_template,
                 "Template to use: the name of one of the model's, or a file [default]")
      ->type_name("NAME|FILE");
  app.add_option("--variables", how.variables,
                 "A JSON object: variables for all lines, such as bos_token")
      ->type_name("FILE");
  app.add_option("--date", how.date, "The day that the template takes for today [today in UTC]")
      ->type_name("YYYY-MM-DD");
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
  prefopt::calendar_date date = today();
  try {
    if (how.model.empty() && how.chat_template.empty())
      throw CLI::ParseError("--model or --chat-template is required",
                            CLI::ExitCodes::RequiredError);
    if (!how.date.empty()) date = prefopt::calendar_date::parse(how.date);
  } catch (const CLI::ParseError& thrown) {
    return status_of(app, thrown);
  } catch (const prefopt::value_error& cause) {
    return status_of(app, CLI::ValidationError("--date", cause.what()));
  }

  if (!how.model.empty()) find_in_hub_cache({&how.model}, stderr);
  const chat_templates templates = read_templates(how);
  const json common = common_variables(how);
  standard_input lines;
  while (const auto line = lines.next()) {
    if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
    json variables = common;
    override_with(variables, parse_object(*line, lines.location()));
    const bool has_tools = variables.contains("tools") && !variables.at("tools").is_null();
    const json result =
        rendered(has_tools && templates.with_tools ? *templates.with_tools : templates.usual,
                 variables, date);
    write_output("-", result.dump(-1, ' ', false, json::error_handler_t::replace) + '\n');
  }
  return 0;
}

}  // namespace program
