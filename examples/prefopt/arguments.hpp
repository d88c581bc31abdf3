// SPDX-License-Identifier: MIT
#pragma once
// A command's arguments before CLI11 reads them: spellings of Hugging Face's parser that mean
// something here, and all options that the command does not have, reported at once.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <prefopt/core/error.hpp>
#include <prefopt/io/closest_name.hpp>
#include "foreign_options.hpp"

namespace program {

namespace detail {

[[nodiscard]] inline bool is_option(std::string_view argument) {
  return argument.size() > 2 && argument.starts_with("--");
}

/// An option's name, without `=value`.
[[nodiscard]] inline std::string name_of_option(std::string_view argument) {
  return std::string(argument.substr(0, argument.find('=')));
}

/// The words that Hugging Face's parser takes for a truth value.
[[nodiscard]] inline std::optional<bool> truth_of(std::string_view word) {
  std::string low(word);
  for (char& c : low) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* yes : {"true", "t", "yes", "y", "1"})
    if (low == yes) return true;
  for (const char* no : {"false", "f", "no", "n", "0"})
    if (low == no) return false;
  return std::nullopt;
}

/// The values of an option that takes a list, from its argument at `at`, which moves to the last of
/// them.
[[nodiscard]] inline std::vector<std::string> list_at(const std::vector<std::string>& arguments,
                                                      std::size_t& at) {
  std::vector<std::string> values;
  if (const std::size_t equals = arguments[at].find('='); equals != std::string::npos)
    values.push_back(arguments[at].substr(equals + 1));
  while (at + 1 < arguments.size() && !arguments[at + 1].starts_with("--"))
    values.push_back(arguments[++at]);
  return values;
}

}  // namespace detail

/// `--flag True` as `--flag`, and `--flag False` as nothing.
[[nodiscard]] inline std::vector<std::string> with_plain_flags(
    const CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<std::string> plain;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string name = detail::name_of_option(arguments[i]);
    const CLI::Option* option =
        detail::is_option(arguments[i]) ? app.get_option_no_throw(name) : nullptr;
    std::optional<bool> truth;
    if (option != nullptr && option->get_items_expected_max() == 0) {
      if (name.size() < arguments[i].size())
        truth = detail::truth_of(std::string_view(arguments[i]).substr(name.size() + 1));
      else if (i + 1 < arguments.size() && (truth = detail::truth_of(arguments[i + 1])))
        ++i;
    }
    if (!truth)
      plain.push_back(arguments[i]);
    else if (*truth)
      plain.push_back(name);
  }
  return plain;
}

/// TRL's `--loss-type sigmoid sft --loss-weights 1 0.5` as `--loss-type sigmoid:1,sft:0.5`. Throws
/// CLI::ValidationError if there is not one weight per loss.
[[nodiscard]] inline std::vector<std::string> with_one_loss(
    const CLI::App& app, const std::vector<std::string>& arguments) {
  if (app.get_option_no_throw("--loss") == nullptr) return arguments;
  std::vector<std::string> rest, losses, weights;
  std::string name;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string one = detail::name_of_option(arguments[i]);
    if (one == "--loss" || one == "--loss-type") {
      if (!name.empty()) return arguments;  // CLI11 says that it is given twice
      name = one;
      losses = detail::list_at(arguments, i);
    } else if (one == "--loss-weights") {
      weights = detail::list_at(arguments, i);
    } else {
      rest.push_back(arguments[i]);
    }
  }
  if (losses.empty() || (losses.size() == 1 && weights.empty())) return arguments;
  if (!weights.empty() && weights.size() != losses.size())
    throw CLI::ValidationError(
        "--loss-weights",
        prefopt::concat(weights.size(), weights.size() == 1 ? " weight" : " weights", " for ",
                        losses.size(), losses.size() == 1 ? " loss" : " losses"));
  std::string sum;
  for (std::size_t i = 0; i < losses.size(); ++i)
    sum += prefopt::concat(i == 0 ? "" : ",", losses[i], weights.empty() ? "" : ":",
                           weights.empty() ? "" : weights[i]);
  rest.insert(rest.begin(), {name, sum});
  return rest;
}

/// The command's option that a misspelled one is near to; empty if there is none.
[[nodiscard]] inline std::string closest_option(const CLI::App& app, std::string_view name) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& one : option->get_lnames()) names.push_back(one);
  return prefopt::closest_name(name.substr(2), names);
}

/// One line for each option that the command does not have, with what to use instead, and for each
/// that is required and missing.
[[nodiscard]] inline std::string problems_of(const CLI::App& app,
                                             const std::vector<std::string>& arguments) {
  std::string lines;
  std::vector<std::string> seen;
  std::vector<const CLI::Option*> given;
  const auto add = [&](const std::string& line) { lines += (lines.empty() ? "" : "\n") + line; };
  for (const std::string& argument : arguments) {
    if (!detail::is_option(argument)) continue;
    const std::string name = detail::name_of_option(argument);
    if (std::ranges::find(seen, name) != seen.end()) continue;
    seen.push_back(name);
    if (const CLI::Option* option = app.get_option_no_throw(name)) {
      given.push_back(option);
      continue;
    }
    const std::string_view use = use_instead(app, name);
    if (!use.empty()) {
      add(prefopt::concat(name, ": no option here; ", use));
      continue;
    }
    const std::string closest = closest_option(app, name);
    add(prefopt::concat(name, ": no option of ", app.get_name(),
                        closest.empty() ? "" : ", did you mean --", closest,
                        closest.empty() ? "" : "?"));
  }
  for (const CLI::Option* option : app.get_options())
    if (option->get_required() && std::ranges::find(given, option) == given.end())
      add(prefopt::concat(option->get_name(), " is required"));
  return lines;
}

/// Reads a command's arguments, of which the first is its name. Throws CLI::ParseError, whose
/// message may have several lines.
inline void read_arguments(CLI::App& app, int argc, char** argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const auto rest = std::ranges::find(arguments, "--");
  const std::vector<std::string> positional(rest, arguments.end());
  arguments.erase(rest, arguments.end());
  arguments = with_one_loss(app, with_plain_flags(app, arguments));
  const bool asks_for_help = std::ranges::any_of(
      arguments, [](const auto& one) { return one == "--help" || one == "-h"; });
  if (!asks_for_help)
    if (const std::string problems = problems_of(app, arguments); !problems.empty())
      throw CLI::ParseError(problems, CLI::ExitCodes::ExtrasError);
  arguments.insert(arguments.end(), positional.begin(), positional.end());
  std::ranges::reverse(arguments);  // CLI11 takes them from the back
  app.parse(std::move(arguments));
}

}  // namespace program
