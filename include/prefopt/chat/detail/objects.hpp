// SPDX-License-Identifier: MIT
#pragma once
// The objects of a template other than data: functions, bound methods, namespaces.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/value.hpp"

namespace prefopt::inline v0_2::detail::jinja {

struct runtime;

/// What a call passes.
struct arguments {
  std::vector<value> positional;
  std::vector<std::pair<std::string, value>> named;
};

struct callable_object : object {
  [[nodiscard]] bool is_callable() const override { return true; }
  [[nodiscard]] std::string_view type_name() const override { return "function"; }
  [[nodiscard]] virtual value call(runtime& within, arguments given) = 0;
};

/// A global function, such as range.
struct function_object final : callable_object {
  using body = value (*)(runtime&, arguments);
  explicit function_object(body what) : body_(what) {}
  [[nodiscard]] value call(runtime& within, arguments given) override {
    return body_(within, std::move(given));
  }

 private:
  body body_;
};

/// A method of a value, not called yet.
struct method_object final : callable_object {
  using body = value (*)(runtime&, const value&, arguments);
  method_object(value self, body what) : self_(std::move(self)), body_(what) {
    depth = checked_depth(1 + self_.depth());
  }
  [[nodiscard]] std::string_view type_name() const override { return "builtin_function_or_method"; }
  [[nodiscard]] value call(runtime& within, arguments given) override {
    return body_(within, self_, std::move(given));
  }

 private:
  value self_;
  body body_;
};

/// namespace(): the only thing that a template can change.
struct namespace_object final : object {
  [[nodiscard]] std::string_view type_name() const override { return "Namespace"; }
  [[nodiscard]] std::optional<value> attribute(const value&, std::string_view name) override {
    const value* const found = attributes.find_text(name);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  dictionary attributes;
};

/// cycler(...): its items, over and over.
struct cycler_object final : object {
  explicit cycler_object(std::vector<value> all) : items(std::move(all)) {
    for (const value& item : items) depth = std::max(depth, checked_depth(2 + item.depth()));
  }
  [[nodiscard]] std::string_view type_name() const override { return "Cycler"; }
  [[nodiscard]] std::optional<value> attribute(const value& self, std::string_view name) override {
    if (name == "current") return items[position];
    if (name == "next") {
      return value(value::object_ptr(
          std::make_shared<method_object>(self, [](runtime&, const value& cycler, arguments) {
            cycler_object& it = *static_cast<cycler_object*>(cycler.other());
            value now = it.items[it.position];
            it.position = (it.position + 1) % it.items.size();
            return now;
          })));
    }
    if (name != "reset") return std::nullopt;
    return value(value::object_ptr(
        std::make_shared<method_object>(self, [](runtime&, const value& cycler, arguments) {
          static_cast<cycler_object*>(cycler.other())->position = 0;
          return value();
        })));
  }
  std::vector<value> items;
  std::size_t position = 0;
};

/// joiner(): empty when it is called first, its separator from then on.
struct joiner_object final : callable_object {
  explicit joiner_object(value text) : separator(std::move(text)) {
    depth = checked_depth(1 + separator.depth());
  }
  [[nodiscard]] std::string_view type_name() const override { return "Joiner"; }
  [[nodiscard]] value call(runtime&, arguments) override {
    return std::exchange(used, true) ? separator : value("");
  }
  value separator;
  bool used = false;
};

}  // namespace prefopt::inline v0_2::detail::jinja
