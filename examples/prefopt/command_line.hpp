// SPDX-License-Identifier: MIT
#pragma once
// Shared by the command lines of prefopt's commands: validators, choices and parsing.

#include <charconv>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include <prefopt/core/error.hpp>
#include <prefopt/eigen/available_threads.hpp>
#include "arguments.hpp"
#include "begin.hpp"

namespace program {

enum class precision_name { fp32, bf16 };
enum class device_name { cpu, cuda };

/// The name on the command line.
[[nodiscard]] inline const char* name_of(device_name device) {
  return device == device_name::cpu ? "cpu" : "cuda";
}
[[nodiscard]] inline const char* name_of(precision_name precision) {
  return precision == precision_name::fp32 ? "fp32" : "bf16";
}

inline CLI::Validator finite_number(std::string description, double least, double most,
                                    bool least_is_in, bool most_is_in) {
  return {[=](std::string& text) -> std::string {
            double value = 0;
            if (!CLI::detail::lexical_cast(text, value) || !std::isfinite(value))
              return prefopt::concat(text, " is not a finite number");
            const bool above = least_is_in ? value >= least : value > least;
            const bool below = most_is_in ? value <= most : value < most;
            return above && below ? std::string()
                                  : prefopt::concat(text, ", expected ", description);
          },
          std::move(description)};
}

inline CLI::Validator at_least(std::int64_t least) {
  return {[=](std::string& text) -> std::string {
            std::int64_t value = 0;
            const auto [end, failure] =
                std::from_chars(text.data(), text.data() + text.size(), value);
            if (failure != std::errc() || end != text.data() + text.size())
              return prefopt::concat(text, " is not a whole number in range");
            return value >= least ? std::string()
                                  : prefopt::concat(text, ", expected at least ", least);
          },
          prefopt::concat(">= ", least)};
}

/// A number with a default, which --help shows.
template <class Value>
CLI::Option* add(CLI::App& app, const std::string& flags, Value& value,
                 const std::string& description, CLI::Validator validator) {
  return app.add_option(flags, value, description)->capture_default_str()->check(validator);
}

/// One of some names.
template <class Value>
CLI::Option* add_choice(CLI::App& app, const std::string& flags, Value& value,
                        const std::string& description, const std::map<std::string, Value>& choices,
                        const std::string& standard) {
  std::string names;
  for (const auto& [name, meaning] : choices) names += (names.empty() ? "" : "|") + name;
  const auto choose = [&value, choices, flag = flags.substr(0, flags.find(',')),
                       names](const std::string& name) {
    const auto choice = choices.find(name);
    if (choice == choices.end()) throw CLI::ValidationError(flag, name + ", expected " + names);
    value = choice->second;
  };
  return app.add_option_function<std::string>(flags, choose, description)
      ->type_name(names)
      ->default_str(standard);
}

inline void add_precision(CLI::App& app, precision_name& precision) {
  add_choice<precision_name>(
      app, "--precision", precision,
      "fp32, or bf16: weights stay in float32 and are rounded for matrix products",
      {{"fp32", precision_name::fp32}, {"bf16", precision_name::bf16}}, "fp32");
}

/// `threads` defaults to the number of available CPU threads, at most 1024.
inline void add_threads(CLI::App& app, int& threads) {
  threads = std::min(prefopt::available_threads(), 1024);
  add(app, "--threads", threads, "CPU threads, at most 1024", CLI::Range(1, 1024));
}

/// Reads a command's arguments, of which the first is its name. Returns the exit status after
/// --help or after an error message on stderr, and nothing on success.
inline std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  try {
    read_arguments(app, argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& thrown) {
    return status_of(app, thrown);
  }
}

}  // namespace program
