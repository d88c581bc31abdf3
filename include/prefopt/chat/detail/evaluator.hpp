// SPDX-License-Identifier: MIT
#pragma once
// evaluator: runs the statements of a template and collects its text.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/block_evaluator.hpp"
#include "prefopt/chat/rendering.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// A macro, or the body of a call block. The scope is kept by the evaluator.
struct macro_object final : callable_object {
  macro_object(evaluator& by, const macro_syntax& syntax, const statement_list& what, scope& in)
      : owner(by), of(syntax), body(what), where(in) {}
  [[nodiscard]] std::string_view type_name() const override { return "Macro"; }
  [[nodiscard]] std::string text() const override { return concat("<Macro ", quote(of.name), ">"); }
  [[nodiscard]] std::optional<value> attribute(const value&, std::string_view name) override {
    if (name == "name") return value(of.name);
    if (name != "arguments") return std::nullopt;
    std::vector<value> names;
    for (const std::string& one : of.parameters) names.emplace_back(one);
    return make_tuple(std::move(names));
  }
  [[nodiscard]] value call(runtime&, arguments given) override;

  evaluator& owner;
  const macro_syntax& of;
  const statement_list& body;
  scope& where;
};

class evaluator final : public block_evaluator {
 public:
  using block_evaluator::block_evaluator;

  [[nodiscard]] rendering run(const statement_list& all) {
    rendering result;
    output_ = &result.text;
    root_ = &result.text;
    (void)execute(all);
    for (text_range& range : generated_) {
      range.end = std::min(range.end, result.text.size());
      range.begin = std::min(range.begin, range.end);
    }
    result.generated = std::move(generated_);
    return result;
  }

  [[nodiscard]] value call_macro(const macro_object& macro, arguments given) {
    const inner block(*this, macro.where.shared_from_this());
    bind(macro.of, std::move(given));
    return text(captured([&] { (void)execute(macro.body); }));
  }

  /// A recursive loop over other items.
  [[nodiscard]] value repeat_loop(const loop_object& loop, const value& over) {
    const inner block(*this, loop.where->shared_from_this());
    return text(
        captured([&] { (void)run_loop(*loop.of, items_of(*this, over), loop.depth0 + 1); }));
  }

 private:
  enum class flow { normal, leaves_loop, continues_loop };

  [[nodiscard]] flow execute(const statement_list& all) {
    const deeper level(left);
    for (const statement& one : all) {
      left.spend();
      line_ = one.line;
      const flow how = execute(one);
      if (how != flow::normal) return how;
    }
    return flow::normal;
  }

  [[nodiscard]] flow execute(const statement& one) {
    switch (one.kind) {
      case statement_kind::data:
        emit(one.text);
        break;
      case statement_kind::output:
        for (const expression_ptr& what : one.expressions) emit(to_text(evaluate(*what)));
        break;
      case statement_kind::condition:
        return execute(is_true(evaluate(*one.expressions[0])) ? one.body : one.otherwise);
      case statement_kind::loop: {
        const value over = evaluate(*one.expressions[0]);
        return run_loop(one, items_of(*this, over), 0);
      }
      case statement_kind::set:
        assign(one.targets[0], evaluate(*one.expressions[0]));
        break;
      case statement_kind::set_block:
        return set_block(one);
      case statement_kind::filter_block:
        return filter_block(one);
      case statement_kind::with:
        return with(one);
      case statement_kind::macro:
        scope_->set(one.macro->name, make_macro(one));
        break;
      case statement_kind::call_block:
        call_block(one);
        break;
      case statement_kind::generation:
        generation(one);
        break;
      case statement_kind::break_loop:
        return flow::leaves_loop;
      case statement_kind::continue_loop:
        return flow::continues_loop;
    }
    return flow::normal;
  }

  [[nodiscard]] value make_macro(const statement& one) {
    return value(
        value::object_ptr(std::make_shared<macro_object>(*this, *one.macro, one.body, pin())));
  }

  /// `over` as the loop sees it: without the items that its condition leaves out.
  [[nodiscard]] std::vector<value> filtered(const statement& one, std::vector<value> over) {
    std::vector<value> kept;
    for (value& item : over)
      if (passes(one, item)) kept.push_back(std::move(item));
    return kept;
  }

  [[nodiscard]] bool passes(const statement& one, const value& item) {
    const inner block(*this);
    assign(one.targets[0], item);
    return is_true(evaluate(*one.expressions[1]));
  }

  /// The condition of a loop that does not use `loop` is evaluated just before each item, so that
  /// it sees what the body changes.
  [[nodiscard]] flow run_loop(const statement& one, std::vector<value> over, std::size_t depth) {
    const deeper level(left);
    const bool has_condition = one.expressions[1] != nullptr;
    if (has_condition && one.uses_loop) over = filtered(one, std::move(over));
    std::shared_ptr<loop_object> loop;
    if (one.uses_loop) {
      loop = std::make_shared<loop_object>(over, depth);
      loop->owner = this;
      loop->of = one.is_recursive ? &one : nullptr;
      if (one.is_recursive) loop->where = &pin();
    }
    bool is_empty = true;
    for (std::size_t i = 0; i < over.size(); ++i) {
      if (has_condition && !one.uses_loop && !passes(one, over[i])) continue;
      is_empty = false;
      const inner block(*this);
      if (loop) {
        loop->index = i;
        scope_->set("loop", value(value::object_ptr(loop)));
      }
      assign(one.targets[0], over[i]);
      if (execute(one.body) == flow::leaves_loop) break;
    }
    if (!is_empty || one.otherwise.empty()) return flow::normal;
    const inner block(*this);
    return execute(one.otherwise);
  }

  [[nodiscard]] flow set_block(const statement& one) {
    flow how = flow::normal;
    std::string body = captured([&] {
      const inner block(*this);
      how = execute(one.body);
    });
    if (how != flow::normal) return how;
    value what = text(std::move(body));
    if (one.expressions[0]) what = filter_text(*one.expressions[0], std::move(what));
    assign(one.targets[0], std::move(what));
    return how;
  }

  [[nodiscard]] value filter_text(const expression& filters, value what) {
    value before = std::exchange(filtered_, std::move(what));
    value result = evaluate(filters);
    filtered_ = std::move(before);
    return result;
  }

  [[nodiscard]] flow filter_block(const statement& one) {
    flow how = flow::normal;
    const inner block(*this);
    std::string body = captured([&] { how = execute(one.body); });
    if (how == flow::normal) emit(to_text(filter_text(*one.expressions[0], text(std::move(body)))));
    return how;
  }

  [[nodiscard]] flow with(const statement& one) {
    std::vector<value> values;
    for (const expression_ptr& what : one.expressions) values.push_back(evaluate(*what));
    const inner block(*this);
    for (std::size_t i = 0; i < values.size(); ++i) assign(one.targets[i], std::move(values[i]));
    return execute(one.body);
  }

  void call_block(const statement& one) {
    const expression& of = *one.expressions[0];
    const value what = evaluate(*of.operands[0]);
    arguments given = evaluate_arguments(of.arguments);
    given.named.emplace_back("caller", make_macro(one));
    emit(to_text(jinja::call(*this, what, std::move(given))));
  }

  /// What the assistant wrote. In a macro or a block that is set, the range is where transformers
  /// has it: behind what the template has put out so far.
  void generation(const statement& one) {
    const inner block(*this);
    const std::string body = captured([&] { (void)execute(one.body); });
    const std::size_t begin = root_->size();
    generated_.push_back({begin, begin + body.size()});
    emit(body);
  }

  /// Gives a macro's parameters their values, in the current scope.
  void bind(const macro_syntax& of, arguments given) {
    const std::size_t count = of.parameters.size(), passed = given.positional.size();
    std::vector<bool> is_missing(count, false);
    for (std::size_t i = 0; i < count; ++i) {
      if (i < passed) {
        scope_->set(of.parameters[i], given.positional[i]);
        continue;
      }
      const auto named =
          std::ranges::find(given.named, of.parameters[i], &std::pair<std::string, value>::first);
      is_missing[i] = named == given.named.end();
      if (is_missing[i]) continue;
      scope_->set(of.parameters[i], std::move(named->second));
      given.named.erase(named);
    }
    bind_rest(of, std::move(given));
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_missing[i]) continue;
      const std::size_t first = count - of.defaults.size();
      scope_->set(of.parameters[i], i >= first
                                        ? evaluate(*of.defaults[i - first])
                                        : make_undefined(concat("parameter '", of.parameters[i],
                                                                "' was not provided")));
    }
  }

  /// The arguments that a macro has no parameters for.
  void bind_rest(const macro_syntax& of, arguments given) {
    const std::size_t count = of.parameters.size();
    if (of.uses_caller) {
      const auto named =
          std::ranges::find(given.named, "caller", &std::pair<std::string, value>::first);
      scope_->set("caller",
                  named == given.named.end() ? make_undefined("No caller defined") : named->second);
      if (named != given.named.end()) given.named.erase(named);
    }
    if (of.uses_kwargs) {
      scope_->set("kwargs", globals::make_dict(*this, {{}, std::move(given.named)}));
    } else if (!given.named.empty()) {
      throw type_error("macro ", quote(of.name), " takes no keyword argument ",
                       quote(given.named[0].first));
    }
    std::vector<value> extra;
    for (std::size_t i = count; i < given.positional.size(); ++i)
      extra.push_back(std::move(given.positional[i]));
    if (of.uses_varargs)
      scope_->set("varargs", make_tuple(std::move(extra)));
    else if (!extra.empty())
      throw type_error("macro ", quote(of.name), " takes not more than ", count, " argument(s)");
  }

  const std::string* root_ = nullptr;
  std::vector<text_range> generated_;
};

inline value macro_object::call(runtime&, arguments given) {
  return owner.call_macro(*this, std::move(given));
}

inline value loop_object::call(runtime&, arguments given) {
  if (of == nullptr)
    throw type_error("The loop must have the 'recursive' marker to be called recursively.");
  if (given.positional.size() != 1 || !given.named.empty())
    throw type_error("loop() takes 1 argument");
  return owner->repeat_loop(*this, given.positional[0]);
}

}  // namespace prefopt::inline v0_2::detail::jinja
