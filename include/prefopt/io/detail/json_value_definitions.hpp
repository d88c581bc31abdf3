// SPDX-License-Identifier: MIT
#pragma once
// The definitions of json_value.

#include <memory>

#include <nlohmann/json.hpp>

#include "prefopt/io/json_value.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE json_value::json_value() : value_(std::make_unique<nlohmann::json>()) {}

PREFOPT_INLINE json_value::json_value(const nlohmann::json& value)
    : value_(std::make_unique<nlohmann::json>(value)) {}

PREFOPT_INLINE json_value::json_value(const json_value& other) : json_value(*other) {}

PREFOPT_INLINE json_value& json_value::operator=(const json_value& other) {
  *value_ = *other;
  return *this;
}

PREFOPT_INLINE json_value::~json_value() = default;

PREFOPT_INLINE json_value json_value::object() { return nlohmann::json::object(); }

}  // namespace prefopt::inline v0_2
