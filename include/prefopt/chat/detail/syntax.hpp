// SPDX-License-Identifier: MIT
#pragma once
// The syntax tree of a template.

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/objects.hpp"
#include "prefopt/chat/detail/value.hpp"

namespace prefopt::inline v0_2::detail::jinja {

struct expression;
struct statement;
using expression_ptr = std::unique_ptr<expression>;
using statement_list = std::vector<statement>;

enum class expression_kind {
  constant,
  name,
  tuple,
  list,
  dict,  ///< keys and values in turn
  attribute,
  item,
  slice,  ///< of the first operand; start, stop and step may be null
  call,
  filter,
  test,
  unary,
  binary,
  comparison,  ///< the operands' operators are in `symbols`
  logical_and,
  logical_or,
  logical_not,
  conditional,  ///< then, test, else (may be null)
  concatenation,
};

/// What a call, a filter or a test is given.
struct call_argument {
  enum class form { positional, named, spread, spread_named };
  form how = form::positional;
  std::string name;
  expression_ptr what;
};

struct expression {
  expression_kind kind = expression_kind::constant;
  std::size_t line = 1;
  std::size_t height = 1;  ///< of the tree below
  value constant;
  std::string name;  ///< a name, an attribute, an operator, a filter, a test
  std::vector<expression_ptr> operands;
  std::vector<std::string> symbols;
  std::vector<call_argument> arguments;
  method_object::body function = nullptr;  ///< of a filter or test; null if it is unknown
};

enum class statement_kind {
  data,
  output,
  condition,  ///< expressions[0], body, otherwise
  loop,
  set,
  set_block,
  with,
  macro,
  call_block,
  filter_block,
  generation,
  break_loop,
  continue_loop,
};

/// Where a value goes: a name, a namespace's attribute, or the items to several of these.
struct assign_target {
  std::string name;
  std::string attribute;  ///< of the namespace `name`
  std::vector<assign_target> items;
  bool is_tuple = false;
};

struct macro_syntax {
  std::string name;
  std::vector<std::string> parameters;
  std::vector<expression_ptr> defaults;  ///< of the last parameters
  bool uses_caller = false, uses_varargs = false, uses_kwargs = false;
};

struct statement {
  statement_kind kind = statement_kind::data;
  std::size_t line = 1;
  std::string text;
  std::vector<expression_ptr> expressions;
  std::vector<assign_target> targets;
  statement_list body, otherwise;
  std::unique_ptr<macro_syntax> macro;
  bool is_recursive = false, uses_loop = false;
};

}  // namespace prefopt::inline v0_2::detail::jinja
