// SPDX-License-Identifier: MIT
#pragma once
// The definitions of chat_template.

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "prefopt/chat/chat_template.hpp"
#include "prefopt/chat/detail/evaluator.hpp"
#include "prefopt/chat/detail/find_word.hpp"
#include "prefopt/chat/detail/json_input.hpp"
#include "prefopt/chat/detail/lexer.hpp"
#include "prefopt/chat/detail/template_parser.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2 {

struct chat_template::content {
  std::string name;
  chat_limits limits;
  std::string source;
  detail::jinja::statement_list body;
};

PREFOPT_INLINE chat_template::chat_template(std::shared_ptr<const content> parsed)
    : content_(std::move(parsed)) {}

PREFOPT_INLINE const std::string& chat_template::name() const { return content_->name; }

PREFOPT_INLINE bool chat_template::mentions(std::string_view what) const {
  return detail::find_word(content_->source, what, 0) != std::string_view::npos;
}

PREFOPT_INLINE chat_template chat_template::parse(std::string_view source, std::string name,
                                                  const chat_limits& limits) {
  namespace jinja = detail::jinja;
  if (source.size() > limits.source_bytes)
    throw format_error(concat(name, ": a template of more than ", limits.source_bytes, " bytes"));
  if (!jinja::is_utf8(source)) throw format_error(concat(name, ": not UTF-8"));
  auto parsed = std::make_shared<content>();
  try {
    parsed->body = jinja::template_parser(jinja::lexer(source).tokens(), limits.nesting).parse();
  } catch (const jinja::syntax_failure& cause) {
    throw format_error(concat(name, ": line ", cause.line, ": ", printable(cause.reason, 500)));
  }
  parsed->name = std::move(name);
  parsed->limits = limits;
  parsed->source = source;
  return chat_template(std::move(parsed));
}

PREFOPT_INLINE rendering chat_template::render(const nlohmann::ordered_json& variables,
                                               const render_options& options) const {
  namespace jinja = detail::jinja;
  if (!variables.is_object())
    throw value_error(concat(name(), ": the template's variables are not a JSON object"));
  const auto of_json = [&]() -> jinja::dictionary {
    jinja::dictionary all;
    for (const char* absent : {"tools", "documents"}) all.set(absent, {});
    all.set("add_generation_prompt", false);
    for (const auto& [key, what] : variables.items())
      all.set(jinja::text_from_json(key), jinja::from_json(what));
    return all;
  };
  const jinja::dictionary all = of_json();
  jinja::evaluator run(content_->limits, options.date, all);
  try {
    return run.run(content_->body);
  } catch (const jinja::failure& cause) {
    throw template_error(concat(name(), ": line ", run.line(), ": ", printable(cause.reason, 500)),
                         cause.reason, run.line());
  }
}

}  // namespace prefopt::inline v0_2
