// SPDX-License-Identifier: MIT
#pragma once
// The names of activations in a config.json.

#include <optional>
#include <string>
#include <string_view>

#include "prefopt/backend/linear.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2::detail {

[[nodiscard]] inline std::optional<activation_function> find_activation(std::string_view name) {
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return activation_function::gelu_new;
  if (name == "gelu") return activation_function::gelu;
  if (name == "silu") return activation_function::silu;
  return std::nullopt;
}

[[nodiscard]] constexpr std::string_view name_of(activation_function activation) {
  switch (activation) {
    case activation_function::gelu:
      return "gelu";
    case activation_function::silu:
      return "silu";
    default:
      return "gelu_new";
  }
}

/// The activation that a key names, which is there or has the default gelu_new.
[[nodiscard]] inline activation_function parse_activation(const json_object& object,
                                                          std::string_view key) {
  const std::string name = object.optional_text(key).value_or("gelu_new");
  if (const auto activation = find_activation(name)) return *activation;
  throw format_error(concat(object.name(), ": ", key, " is \"", printable(name),
                            "\", expected gelu_new, gelu_pytorch_tanh, gelu or silu"));
}

}  // namespace prefopt::inline v0_2::detail
