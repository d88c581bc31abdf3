// SPDX-License-Identifier: MIT
#pragma once
// budget: the work, memory and depth that one rendering may use.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/chat/chat_limits.hpp"
#include "prefopt/chat/detail/value.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// Everything that takes time or memory spends steps before it does.
class budget {
 public:
  explicit budget(const chat_limits& limits) : limits_(limits), left_(limits.steps) {}
  budget(const budget&) = delete;
  budget& operator=(const budget&) = delete;

  void spend(std::size_t steps = 1) {
    if (steps > left_) throw beyond_limit("more than ", limits_.steps, " steps");
    left_ -= steps;
  }

  /// For a text of so many bytes, before it is made.
  void spend_bytes(std::size_t bytes) {
    if (bytes > limits_.output_bytes)
      throw beyond_limit("a text of more than ", limits_.output_bytes, " bytes");
    spend(bytes / 16 + 1);
  }

  [[nodiscard]] value text(std::string bytes, bool markup = false) {
    spend_bytes(bytes.size());
    return value(std::move(bytes), markup);
  }
  [[nodiscard]] value list(std::vector<value> items) {
    spend(items.size() + 1);
    return make_sequence(std::move(items));
  }

  [[nodiscard]] const chat_limits& limits() const { return limits_; }

 private:
  friend class deeper;
  const chat_limits& limits_;
  std::size_t left_;
  std::size_t depth_ = 0;
};

/// One more level of recursion, for the lifetime of the object.
class deeper {
 public:
  explicit deeper(budget& within) : within_(within) {
    if (within.depth_ == within.limits_.depth)
      throw beyond_limit("recursion deeper than ", within.limits_.depth, " levels");
    ++within.depth_;
  }
  deeper(const deeper&) = delete;
  deeper& operator=(const deeper&) = delete;
  ~deeper() { --within_.depth_; }

 private:
  budget& within_;
};

}  // namespace prefopt::inline v0_2::detail::jinja
