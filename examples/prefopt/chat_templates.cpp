// SPDX-License-Identifier: MIT

#include "chat_templates.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include <prefopt/io/printable.hpp>
#include <prefopt/io/read_file.hpp>

namespace program {
namespace {

CLI::Validator a_date() {
  return {[](std::string& text) -> std::string {
            try {
              (void)prefopt::calendar_date::parse(text);
              return {};
            } catch (const prefopt::value_error& cause) {
              return cause.what();
            }
          },
          "a date"};
}

/// The keyword arguments as an object; empty without any.
nlohmann::ordered_json kwargs_of(const chat_options& o) {
  const std::string& given = o.chat_template_kwargs;
  if (given.empty()) return nlohmann::ordered_json::object();
  if (given.front() != '@') return parse_object(given, "--chat-template-kwargs");
  return parse_object(prefopt::read_file(given.substr(1)), given.substr(1));
}

}  // namespace

std::string today() {
  const std::chrono::year_month_day now(
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(now.year()),
                static_cast<unsigned>(now.month()), static_cast<unsigned>(now.day()));
  return text;
}

void add_chat_template(CLI::App& app, chat_options& o) {
  app.add_option("--chat-template", o.chat_template,
                 "Template for messages: the name of one of the model's, or a file [default]")
      ->type_name("NAME|FILE");
  app.add_option("--date", o.date, "The day that the template takes for today [today in UTC]")
      ->type_name("YYYY-MM-DD")
      ->check(a_date());
}

void add_chat(CLI::App& app, chat_options& o) {
  add_chat_template(app, o);
  app.add_option("--chat-template-kwargs", o.chat_template_kwargs,
                 "Variables for the template, such as {\"enable_thinking\": false}")
      ->type_name("JSON|@FILE");
}

prefopt::calendar_date date_of(const chat_options& o) {
  return prefopt::calendar_date::parse(o.date);
}

std::optional<chat_templates> find_templates(const std::string& model, const chat_options& o) {
  const auto parsed = [](const prefopt::chat_template_source& source) {
    return prefopt::chat_template::parse(source.text, source.name);
  };
  std::map<std::string, prefopt::chat_template_source> sources;
  if (!model.empty()) sources = prefopt::read_chat_template_sources(model);
  const std::string name = o.chat_template.empty() ? "default" : o.chat_template;
  if (const auto found = sources.find(name); found != sources.end()) {
    chat_templates all{parsed(found->second), std::nullopt};
    const auto with_tools = sources.find("tool_use");
    if (o.chat_template.empty() && with_tools != sources.end())
      all.with_tools = parsed(with_tools->second);
    return all;
  }
  std::string names;
  for (const auto& [other, source] : sources) names += (names.empty() ? "" : ", ") + other;
  if (!o.chat_template.empty()) {
    if (!std::filesystem::exists(o.chat_template))
      throw prefopt::io_error(
          prefopt::concat("--chat-template ", o.chat_template,
                          ": no such file, and none of the model's templates: ",
                          names.empty() ? "it has none" : prefopt::printable(names)));
    return chat_templates{prefopt::read_chat_template(o.chat_template), std::nullopt};
  }
  if (!names.empty())
    throw prefopt::format_error(
        prefopt::concat(model, ": no chat template is the default; choose one by --chat-template: ",
                        prefopt::printable(names)));
  return std::nullopt;
}

std::optional<prefopt::chat_renderer> find_renderer(const std::string& model,
                                                    const chat_options& o) {
  auto found = find_templates(model, o);
  if (!found && !o.chat_template_kwargs.empty())
    throw prefopt::value_error(
        prefopt::concat("--chat-template-kwargs: ", model, " has no chat template to read them"));
  if (!found) return std::nullopt;
  nlohmann::ordered_json variables = prefopt::read_special_tokens(model);
  override_with(variables, kwargs_of(o));
  return prefopt::chat_renderer(std::move(found->usual), variables, {date_of(o)},
                                std::move(found->with_tools));
}

void say_renderer(std::FILE* console, const std::string& model, const chat_options& o,
                  const std::optional<prefopt::chat_renderer>& renderer) {
  if (!renderer)
    std::fprintf(console, "messages: %s has no chat template; they become Human:/Assistant: text\n",
                 model.c_str());
  else if (renderer->reads_date())
    std::fprintf(console, "messages: rendered by the chat template, which may print the date, %s\n",
                 o.date.c_str());
  else
    std::fprintf(console, "messages: rendered by the chat template\n");
}

void note_plain_texts(const std::string& file, const std::string& model, const chat_options& o) {
  if (o.chat_template.empty()) {
    try {
      if (prefopt::read_chat_template_sources(model).empty()) return;
    } catch (const prefopt::error&) {  // nothing needs it
      return;
    }
  }
  std::fprintf(stderr,
               "note: %s: plain texts are read as they are; the model's chat template is not "
               "applied to them\n",
               file.c_str());
}

nlohmann::ordered_json parse_object(const std::string& text, const std::string& name) {
  nlohmann::ordered_json object = prefopt::parse_ordered_json(text, name);
  if (!object.is_object())
    throw prefopt::format_error(prefopt::concat(name, ": expected a JSON object"));
  return object;
}

void override_with(nlohmann::ordered_json& variables, const nlohmann::ordered_json& members) {
  for (const auto& [key, what] : members.items()) variables[key] = what;
}

}  // namespace program
