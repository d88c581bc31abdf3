// SPDX-License-Identifier: MIT
#pragma once
// Attributes, items and slices of values, as a template's `.` and `[]` find them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "prefopt/chat/detail/runtime.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// The three parts of a slice; None where left out.
struct slice_bounds {
  value start, stop, step;
};

/// `object.name`: a method or attribute, otherwise the item of that name, otherwise undefined.
[[nodiscard]] value get_attribute(runtime& within, const value& of, std::string_view name);

/// `object[key]`: the item, otherwise for a text the attribute of that name, otherwise undefined.
[[nodiscard]] value get_item(runtime& within, const value& of, const value& key);

[[nodiscard]] value get_slice(runtime& within, const value& of, const slice_bounds& bounds);

}  // namespace prefopt::inline v0_2::detail::jinja
