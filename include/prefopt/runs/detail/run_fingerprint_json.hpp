// SPDX-License-Identifier: MIT
#pragma once
// A run's fingerprint as a member of `trainer_state.json`: options as texts; hashes as 16
// hexadecimal digits, because JSON readers parse large integers as doubles; unknown values are left
// out.

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/train/run_fingerprint.hpp"

namespace prefopt::inline v0_2::detail {

[[nodiscard]] inline nlohmann::json json_of(const run_fingerprint& fingerprint) {
  nlohmann::json json = nlohmann::json::object();
  const auto add = [&](const char* key, std::uint64_t hash) {
    if (hash == 0) return;
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, hash, 16).ptr;
    std::string text(digits, end);
    json[key] = text.insert(0, 16 - text.size(), '0');
  };
  if (!fingerprint.options.empty()) json["options"] = fingerprint.options;
  add("data", fingerprint.data);
  add("reference_weights", fingerprint.reference_weights);
  add("weights", fingerprint.weights);
  bool finite = true;  // JSON has no other numbers
  for (const double number : fingerprint.reference) finite = finite && std::isfinite(number);
  if (finite && !fingerprint.reference.empty()) json["reference"] = fingerprint.reference;
  return json;
}

/// Throws format_error.
[[nodiscard]] inline run_fingerprint run_fingerprint_from(const json_object& object) {
  const auto hash = [&](const char* key) -> std::uint64_t {
    if (!object.has_value(key)) return 0;
    const std::string& text = object.text(key);
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (text.size() != 16 || failed != std::errc() || end != text.data() + text.size())
      throw format_error(concat(object.name(), ": ", key, " is not 16 hexadecimal digits"));
    return value;
  };
  run_fingerprint made{.data = hash("data"),
                       .reference_weights = hash("reference_weights"),
                       .weights = hash("weights")};
  if (object.has_value("options")) {
    const json_object options = object.object("options");
    for (const auto& [name, value] : options.json().items())
      made.options[name] = options.text(name);
  }
  if (!object.has_value("reference")) return made;
  for (const nlohmann::json& number : object.list("reference")) {
    if (!number.is_number())
      throw format_error(
          concat(object.name(), ": reference holds ", describe_json(number), ", expected numbers"));
    made.reference.push_back(number.get<double>());
  }
  return made;
}

}  // namespace prefopt::inline v0_2::detail
