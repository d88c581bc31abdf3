// SPDX-License-Identifier: MIT
#pragma once
// post_processor: the "post_processor" of a tokenizer.json, which puts special tokens around a
// text's ids.

#include <optional>
#include <string>
#include <vector>

#include "prefopt/data/example.hpp"
#include "prefopt/io/json_fwd.hpp"

namespace prefopt::inline v0_2 {

/// A template for the ids of one text.
class post_processor {
 public:
  /// Adds nothing.
  post_processor() = default;

  /// From the value in the file: ByteLevel, which adds nothing; TemplateProcessing, of which the
  /// template for one text counts; or a Sequence of these. null adds nothing. `where` begins the
  /// message of the format_error for anything else.
  [[nodiscard]] static post_processor read(const nlohmann::json& value, const std::string& where);

  /// The ids with the special tokens.
  [[nodiscard]] token_ids apply(token_ids ids) const {
    if (is_neutral()) return ids;
    token_ids all;
    for (const piece& one : pieces_) {
      const token_ids& added = one ? *one : ids;
      all.insert(all.end(), added.begin(), added.end());
    }
    return all;
  }

  /// The ids before the text's.
  [[nodiscard]] token_ids prefix() const {
    token_ids ids;
    for (auto one = pieces_.begin(); one != pieces_.end() && *one; ++one)
      ids.insert(ids.end(), (*one)->begin(), (*one)->end());
    return ids;
  }

  /// The ids after the text's.
  [[nodiscard]] token_ids suffix() const {
    token_ids ids;
    for (auto one = pieces_.rbegin(); one != pieces_.rend() && *one; ++one)
      ids.insert(ids.begin(), (*one)->begin(), (*one)->end());
    return ids;
  }

  /// All ids that the template adds, in order.
  [[nodiscard]] token_ids added() const { return apply({}); }

 private:
  using piece = std::optional<token_ids>;  // none: the text's ids

  [[nodiscard]] bool is_neutral() const { return pieces_.size() == 1 && !pieces_[0]; }
  void add(const nlohmann::json& value, const std::string& where);
  void add_template(const nlohmann::json& value, const std::string& where);

  std::vector<piece> pieces_{1};
};

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/tokenizers/detail/post_processor_definitions.hpp"
#endif
