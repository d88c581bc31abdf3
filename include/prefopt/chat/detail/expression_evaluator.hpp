// SPDX-License-Identifier: MIT
#pragma once
// expression_evaluator: the values of expressions.

#include <compare>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/globals.hpp"
#include "prefopt/chat/detail/operators.hpp"
#include "prefopt/chat/detail/scope.hpp"
#include "prefopt/chat/detail/syntax.hpp"

namespace prefopt::inline v0_2::detail::jinja {

class expression_evaluator : public runtime {
 public:
  expression_evaluator(const chat_limits& limits, calendar_date today, const dictionary& variables)
      : runtime(limits, today), variables_(variables), scope_(std::make_shared<scope>(nullptr)) {}

  /// The line of what was evaluated last.
  [[nodiscard]] std::size_t line() const { return line_; }

 protected:
  using kind = expression_kind;

  [[nodiscard]] value evaluate(const expression& of) {
    const deeper level(left);
    left.spend();
    line_ = of.line;
    switch (of.kind) {
      case kind::constant:
        return of.constant;
      case kind::name:
        return lookup(of.name);
      case kind::tuple:
        return make_tuple(operands(of));
      case kind::list:
        return make_sequence(operands(of));
      case kind::dict:
        return make_dict(of);
      case kind::attribute:
        return get_attribute(*this, evaluate(*of.operands[0]), of.name);
      case kind::item: {
        const value container = evaluate(*of.operands[0]);
        return get_item(*this, container, evaluate(*of.operands[1]));
      }
      case kind::slice:
        return slice(of);
      case kind::call: {
        const value what = evaluate(*of.operands[0]);
        arguments given = evaluate_arguments(of.arguments);
        line_ = of.line;
        return jinja::call(*this, what, std::move(given));
      }
      case kind::filter:
        return apply(of, "filter");
      case kind::test:
        return apply(of, "test");
      default:
        return evaluate_operator(of);
    }
  }

  [[nodiscard]] value lookup(const std::string& name) {
    if (const value* const found = scope_->find(name)) return *found;
    if (const value* const found = variables_.find_text(name)) return *found;
    if (auto found = find_global(name)) return *std::move(found);
    return make_undefined(concat("'", name, "' is undefined"));
  }

  [[nodiscard]] arguments evaluate_arguments(const std::vector<call_argument>& all) {
    using form = call_argument::form;
    arguments given;
    for (const call_argument& one : all) {
      value what = evaluate(*one.what);
      if (one.how == form::positional) {
        given.positional.push_back(std::move(what));
      } else if (one.how == form::named) {
        given.named.emplace_back(one.name, std::move(what));
      } else if (one.how == form::spread) {
        for (value& item : items_of(*this, what)) given.positional.push_back(std::move(item));
      } else {
        if (what.dict() == nullptr)
          throw type_error("argument after ** must be a mapping, not ", type_name(what));
        for (const auto& [key, mapped] : what.dict()->items) {
          if (key.text() == nullptr) throw type_error("keywords must be strings");
          given.named.emplace_back(key.text()->bytes, mapped);
        }
      }
    }
    return given;
  }

  /// A filter or a test. In a filter block, the innermost one applies to the block's text.
  [[nodiscard]] value apply(const expression& of, const char* what) {
    if (of.function == nullptr)
      throw runtime_failure("No ", what, " named '", first_code_points(of.name, 100), "' found.");
    const value to = of.operands[0] ? evaluate(*of.operands[0]) : filtered_;
    arguments given = evaluate_arguments(of.arguments);
    line_ = of.line;
    return of.function(*this, to, std::move(given));
  }

  value filtered_;  // what the filters of a block apply to

 private:
  [[nodiscard]] std::vector<value> operands(const expression& of) {
    std::vector<value> all;
    for (const expression_ptr& one : of.operands) all.push_back(evaluate(*one));
    return all;
  }

  [[nodiscard]] value make_dict(const expression& of) {
    auto made = std::make_shared<dictionary>();
    for (std::size_t i = 0; i < of.operands.size(); i += 2) {
      const value key = evaluate(*of.operands[i]);
      made->set(key, evaluate(*of.operands[i + 1]));
    }
    return value(value::dictionary_ptr(std::move(made)));
  }

  [[nodiscard]] value slice(const expression& of) {
    const auto part = [&](std::size_t i) {
      return of.operands[i] ? evaluate(*of.operands[i]) : value();
    };
    const value container = part(0);
    slice_bounds bounds;
    bounds.start = part(1);
    bounds.stop = part(2);
    bounds.step = part(3);
    return get_slice(*this, container, bounds);
  }

  [[nodiscard]] value evaluate_operator(const expression& of) {
    switch (of.kind) {
      case kind::unary: {
        const value operand = evaluate(*of.operands[0]);
        return of.name == "-" ? negate(operand) : plus(operand);
      }
      case kind::binary: {
        const value a = evaluate(*of.operands[0]);
        return binary(of, a, evaluate(*of.operands[1]));
      }
      case kind::comparison:
        return compare(of);
      case kind::logical_and: {
        value first = evaluate(*of.operands[0]);
        return is_true(first) ? evaluate(*of.operands[1]) : first;
      }
      case kind::logical_or: {
        value first = evaluate(*of.operands[0]);
        return is_true(first) ? first : evaluate(*of.operands[1]);
      }
      case kind::logical_not:
        return !is_true(evaluate(*of.operands[0]));
      case kind::conditional:
        return choose(of);
      default:
        return concatenate(of);
    }
  }

  [[nodiscard]] value choose(const expression& of) {
    if (is_true(evaluate(*of.operands[1]))) return evaluate(*of.operands[0]);
    if (of.operands[2]) return evaluate(*of.operands[2]);
    return make_undefined(concat("the inline if-expression on line ", of.line,
                                 " evaluated to false and no else section was defined."));
  }

  [[nodiscard]] value concatenate(const expression& of) {
    std::string result;
    for (const expression_ptr& one : of.operands) {
      result += to_text(evaluate(*one));
      if (result.size() > left.limits().output_bytes) left.spend_bytes(result.size());
    }
    return text(std::move(result));
  }

  [[nodiscard]] value binary(const expression& of, const value& a, const value& b) {
    line_ = of.line;
    if (of.name == "+") return add(*this, a, b);
    if (of.name == "-") return subtract(a, b);
    if (of.name == "*") return multiply(*this, a, b);
    if (of.name == "/") return divide(a, b);
    if (of.name == "//") return floor_divide(a, b);
    if (of.name == "%") return modulo(*this, a, b);
    return power(a, b);
  }

  [[nodiscard]] bool holds(const value& a, const std::string& symbol, const value& b) {
    if (symbol == "==") return is_equal(a, b, left);
    if (symbol == "!=") return !is_equal(a, b, left);
    if (symbol == "in") return contains(b, a, left);
    if (symbol == "not in") return !contains(b, a, left);
    const std::partial_ordering compared = order(a, b, symbol, left);
    if (symbol == "<") return std::is_lt(compared);
    if (symbol == "<=") return std::is_lteq(compared);
    return symbol == ">" ? std::is_gt(compared) : std::is_gteq(compared);
  }

  [[nodiscard]] value compare(const expression& of) {
    value before = evaluate(*of.operands[0]);
    for (std::size_t i = 0; i < of.symbols.size(); ++i) {
      value after = evaluate(*of.operands[i + 1]);
      line_ = of.line;
      if (!holds(before, of.symbols[i], after)) return false;
      before = std::move(after);
    }
    return true;
  }

  const dictionary& variables_;

 protected:
  std::shared_ptr<scope> scope_;
  std::size_t line_ = 1;
};

}  // namespace prefopt::inline v0_2::detail::jinja
