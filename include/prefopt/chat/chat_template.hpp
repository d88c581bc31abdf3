// SPDX-License-Identifier: MIT
#pragma once
// chat_template: the Jinja template by which a chat model's conversations become text.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "prefopt/chat/calendar_date.hpp"
#include "prefopt/chat/chat_limits.hpp"
#include "prefopt/chat/rendering.hpp"
#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

/// A rendering that stopped: the template raised an exception (roles that do not alternate), a name
/// is undefined, a limit was reached. The message begins with the template's name and the line.
struct template_error : value_error {
  template_error(const std::string& message, std::string why, std::size_t where)
      : value_error(message), reason(std::move(why)), line(where) {}

  std::string reason;  ///< as Jinja words it; for `raise_exception`, its argument
  std::size_t line;    ///< of the template, from 1
};

struct render_options {
  calendar_date date;  ///< today, for `strftime_now`, at midnight; it changes the text
};

/// An immutable template, rendered as jinja2 3.1.6 does it in the environment of transformers.
/// Threads may share one. A template reads its variables and nothing else: no file, no clock.
class chat_template {
 public:
  /// `name` (a file's) is for messages. Throws format_error with the line for a source that is no
  /// template, exceeds the limits, or needs a tag, filter or test that is not supported.
  [[nodiscard]] static chat_template parse(std::string_view source, std::string name,
                                           const chat_limits& limits = {});

  /// The text for `variables`, a JSON object: `messages`, `add_generation_prompt`, `bos_token` and
  /// so on. As in transformers, `tools` and `documents` are none if they are missing, and
  /// `add_generation_prompt` is false. Throws template_error, and value_error if `variables` is not
  /// an object or holds what a template cannot use (a text that is not UTF-8).
  [[nodiscard]] rendering render(const nlohmann::ordered_json& variables,
                                 const render_options& options) const;

  [[nodiscard]] const std::string& name() const;

  /// Whether the source has this name anywhere, as a word. A template without it cannot read a
  /// variable or a member of that name, unless it prints whole objects.
  [[nodiscard]] bool mentions(std::string_view name) const;

 private:
  struct content;
  explicit chat_template(std::shared_ptr<const content> parsed);
  std::shared_ptr<const content> content_;
};

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/chat/detail/chat_template_definitions.hpp"
#endif
