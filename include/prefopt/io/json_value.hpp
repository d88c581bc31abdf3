// SPDX-License-Identifier: MIT
#pragma once
// json_value: a JSON value as a member of a type whose header does not include JSON. To look into
// it, include prefopt/io/json.hpp.

#include <memory>

#include "prefopt/io/json_fwd.hpp"

namespace prefopt::inline v0_2 {

/// Owns a JSON value and copies it. Never empty: without an argument, the value is null.
class json_value {
 public:
  json_value();
  json_value(const nlohmann::json& value);
  json_value(const json_value& other);
  json_value& operator=(const json_value& other);
  ~json_value();

  /// An empty object.
  [[nodiscard]] static json_value object();

  [[nodiscard]] nlohmann::json& operator*() { return *value_; }
  [[nodiscard]] const nlohmann::json& operator*() const { return *value_; }
  [[nodiscard]] nlohmann::json* operator->() { return value_.get(); }
  [[nodiscard]] const nlohmann::json* operator->() const { return value_.get(); }

 private:
  std::unique_ptr<nlohmann::json> value_;
};

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/io/detail/json_value_definitions.hpp"
#endif
