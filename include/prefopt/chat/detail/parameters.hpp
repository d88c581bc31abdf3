// SPDX-License-Identifier: MIT
#pragma once
// parameters: the arguments of a call under the names of a function's parameters.

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/compare.hpp"
#include "prefopt/chat/detail/runtime.hpp"

namespace prefopt::inline v0_2::detail::jinja {

class parameters {
 public:
  /// An empty name is a parameter that cannot be passed by name. Throws a TypeError for arguments
  /// that the function does not take, and if one of the `required` first is missing.
  parameters(std::string_view function, arguments given,
             std::initializer_list<std::string_view> names, std::size_t required = 0)
      : function_(function), values_(names.size()) {
    if (given.positional.size() > names.size()) {
      throw type_error(function, "() takes at most ", names.size(), " arguments (",
                       given.positional.size(), " given)");
    }
    for (std::size_t i = 0; i < given.positional.size(); ++i)
      values_[i] = std::move(given.positional[i]);
    for (auto& [name, what] : given.named) {
      std::size_t at = 0;
      while (at < names.size() && (name.empty() || std::data(names)[at] != name)) ++at;
      if (at == names.size())
        throw type_error(function, "() got an unexpected keyword argument '", name, "'");
      if (values_[at])
        throw type_error(function, "() got multiple values for argument '", name, "'");
      values_[at] = std::move(what);
    }
    for (std::size_t i = 0; i < required; ++i)
      if (!values_[i]) throw type_error(function, "() is missing an argument");
  }

  [[nodiscard]] bool has(std::size_t at) const { return values_[at].has_value(); }
  /// Neither missing nor None.
  [[nodiscard]] bool is_given(std::size_t at) const { return has(at) && !values_[at]->is_none(); }
  [[nodiscard]] const value& operator[](std::size_t at) const { return *values_[at]; }

  [[nodiscard]] value get(std::size_t at, value otherwise) const {
    return values_[at].value_or(std::move(otherwise));
  }
  [[nodiscard]] bool truth(std::size_t at, bool otherwise) const {
    return has(at) ? is_true(*values_[at]) : otherwise;
  }
  [[nodiscard]] std::int64_t integer(std::size_t at, std::int64_t otherwise) const {
    if (!has(at)) return otherwise;
    check_defined(*values_[at]);
    if (const auto number = as_integer(*values_[at])) return *number;
    throw type_error("'", type_name(*values_[at]), "' object cannot be interpreted as an integer");
  }
  [[nodiscard]] const std::string& text(std::size_t at) const {
    if (const text_data* const text = values_[at]->text()) return text->bytes;
    throw type_error(function_, "() argument ", at + 1, " must be str, not ",
                     type_name(*values_[at]));
  }

 private:
  std::string_view function_;
  std::vector<std::optional<value>> values_;
};

}  // namespace prefopt::inline v0_2::detail::jinja
