// SPDX-License-Identifier: MIT
#pragma once
// scope: the names of a block, and the object `loop`.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/compare.hpp"
#include "prefopt/chat/detail/objects.hpp"
#include "prefopt/chat/detail/runtime.hpp"
#include "prefopt/chat/detail/syntax.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// A name is found in the innermost scope that has it, and set in the innermost one.
struct scope : std::enable_shared_from_this<scope> {
  explicit scope(std::shared_ptr<scope> outer) : parent(std::move(outer)) {}

  [[nodiscard]] const value* find(std::string_view name) const {
    for (const scope* at = this; at != nullptr; at = at->parent.get())
      for (const auto& [known, what] : at->names)
        if (known == name) return &what;
    return nullptr;
  }

  void set(const std::string& name, value what) {
    const auto found = std::ranges::find(names, name, &std::pair<std::string, value>::first);
    if (found == names.end())
      names.emplace_back(name, std::move(what));
    else
      found->second = std::move(what);
  }

  std::shared_ptr<scope> parent;
  std::vector<std::pair<std::string, value>> names;
  bool is_pinned = false;
};

class evaluator;

/// The object `loop` in the body of a for. Calling it renders the loop over other items, if the
/// loop is recursive.
struct loop_object final : callable_object {
  loop_object(std::vector<value> all, std::size_t nested) : items(std::move(all)), depth0(nested) {
    for (const value& item : items) depth = std::max(depth, checked_depth(2 + item.depth()));
  }
  [[nodiscard]] std::string_view type_name() const override { return "LoopContext"; }
  [[nodiscard]] std::string text() const override {
    return concat("<LoopContext ", index + 1, "/", items.size(), ">");
  }
  [[nodiscard]] std::optional<value> attribute(const value& self, std::string_view name) override;
  [[nodiscard]] value call(runtime& within, arguments given) override;

  std::vector<value> items;
  std::size_t index = 0;
  std::size_t depth0;
  std::optional<value> last_changed;
  evaluator* owner = nullptr;
  const statement* of = nullptr;  // if recursive
  scope* where = nullptr;
};

namespace loop_methods {

inline value cycle(runtime&, const value& self, arguments given) {
  if (given.positional.empty()) throw type_error("no items for cycling given");
  const auto& loop = static_cast<const loop_object&>(*self.other());
  return given.positional[loop.index % given.positional.size()];
}

inline value changed(runtime& within, const value& self, arguments given) {
  auto& loop = static_cast<loop_object&>(*self.other());
  const value now = make_tuple(std::move(given.positional));
  const bool is_same = loop.last_changed && is_equal(*loop.last_changed, now, within.left);
  if (now.depth() >= 100) throw beyond_limit("a value nested too deeply in loop.changed");
  loop.last_changed = now;
  return !is_same;
}

}  // namespace loop_methods

inline std::optional<value> loop_object::attribute(const value& self, std::string_view name) {
  const auto number = [](std::size_t count) { return value(static_cast<std::int64_t>(count)); };
  const std::size_t size = items.size();
  if (name == "index") return number(index + 1);
  if (name == "index0") return number(index);
  if (name == "revindex") return number(size - index);
  if (name == "revindex0") return number(size - index - 1);
  if (name == "first") return index == 0;
  if (name == "last") return index + 1 == size;
  if (name == "length") return number(size);
  if (name == "depth") return number(depth0 + 1);
  if (name == "depth0") return number(depth0);
  if (name == "previtem")
    return index > 0 ? items[index - 1] : make_undefined("there is no previous item");
  if (name == "nextitem")
    return index + 1 < size ? items[index + 1] : make_undefined("there is no next item");
  const auto bound = [&](method_object::body body) {
    return value(value::object_ptr(std::make_shared<method_object>(self, body)));
  };
  if (name == "cycle") return bound(loop_methods::cycle);
  if (name == "changed") return bound(loop_methods::changed);
  return std::nullopt;
}

}  // namespace prefopt::inline v0_2::detail::jinja
