// SPDX-License-Identifier: MIT
#pragma once
// block_evaluator: scopes, assignments and output, which statements use.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/expression_evaluator.hpp"

namespace prefopt::inline v0_2::detail::jinja {

class block_evaluator : public expression_evaluator {
 public:
  using expression_evaluator::expression_evaluator;

 protected:
  /// Scopes and macros refer to each other, so scopes are emptied before they are destroyed.
  ~block_evaluator() {
    for (const auto& one : pinned_) one->names.clear();
    scope_->names.clear();
  }

  /// A new scope in `outer`, for the lifetime of the object.
  class inner {
   public:
    inner(block_evaluator& of, std::shared_ptr<scope> outer)
        : of_(of), before_(std::exchange(of.scope_, std::make_shared<scope>(std::move(outer)))) {
      of.left.spend();
    }
    explicit inner(block_evaluator& of) : inner(of, of.scope_) {}
    inner(const inner&) = delete;
    inner& operator=(const inner&) = delete;
    ~inner() { of_.scope_ = std::move(before_); }

   private:
    block_evaluator& of_;
    std::shared_ptr<scope> before_;
  };

  /// Keeps the scope until the end, for an object that refers to it.
  scope& pin() {
    if (!std::exchange(scope_->is_pinned, true)) pinned_.push_back(scope_);
    return *scope_;
  }

  template <class Run>
  [[nodiscard]] std::string captured(Run run) {
    std::string text;
    std::string* const before = std::exchange(output_, &text);
    const restore back{output_, before};
    run();
    return text;
  }

  struct restore {
    std::string*& what;
    std::string* before;
    ~restore() { what = before; }
  };

  void emit(std::string_view text) {
    left.spend_bytes(output_->size() + text.size() > left.limits().output_bytes
                         ? output_->size() + text.size()
                         : text.size());
    *output_ += text;
  }

  void assign(const assign_target& to, value what) {
    if (!to.attribute.empty()) return set_member(to, std::move(what));
    if (!to.is_tuple) return scope_->set(to.name, std::move(what));
    const bool is_iterable = what.is_undefined() || what.text() != nullptr ||
                             what.list() != nullptr || what.dict() != nullptr;
    if (!is_iterable) throw type_error("cannot unpack non-iterable ", type_name(what), " object");
    std::vector<value> items = items_of(*this, what);
    const std::size_t count = to.items.size();
    if (items.size() > count)
      throw value_failure("too many values to unpack (expected ", count, ")");
    if (items.size() < count)
      throw value_failure("not enough values to unpack (expected ", count, ", got ", items.size(),
                          ")");
    for (std::size_t i = 0; i < count; ++i) assign(to.items[i], std::move(items[i]));
  }

  void set_member(const assign_target& to, value what) {
    const value in = lookup(to.name);
    auto* const names = dynamic_cast<namespace_object*>(in.other());
    if (names == nullptr) throw runtime_failure("cannot assign attribute on non-namespace object");
    const value key(to.attribute);
    globals::check_member_name(key);
    names->attributes.set(key, std::move(what));
  }

  std::string* output_ = nullptr;

 private:
  std::vector<std::shared_ptr<scope>> pinned_;
};

}  // namespace prefopt::inline v0_2::detail::jinja
