// SPDX-License-Identifier: MIT
#pragma once
// json_writer: a value as Python's json.dumps writes it.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/compare.hpp"
#include "prefopt/chat/detail/runtime.hpp"

namespace prefopt::inline v0_2::detail::jinja {

struct json_style {
  bool ascii = false;
  bool sort_keys = false;
  std::optional<std::string> indent;  ///< of one level; none: all on one line
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

class json_writer {
 public:
  json_writer(runtime& within, const json_style& style) : within_(within), style_(style) {}

  [[nodiscard]] std::string operator()(const value& of) {
    write(of);
    return std::move(text_);
  }

 private:
  void write(const value& of) {
    const deeper level(within_.left);
    const std::size_t before = text_.size();
    within_.left.spend();
    if (of.is_none())
      text_ += "null";
    else if (const bool* const truth = of.boolean())
      text_ += *truth ? "true" : "false";
    else if (const double* const number = of.real())
      text_ += number_text(*number);
    else if (const std::int64_t* const whole = of.integer())
      text_ += std::to_string(*whole);
    else if (const text_data* const bytes = of.text())
      write_text(bytes->bytes);
    else if (const dictionary* const dict = of.dict())
      return write_pairs(*dict);
    else if (is_plain(of.list()))
      return write_items(*of.list());
    else
      throw type_error("Object of type ", type_name(of), " is not JSON serializable");
    within_.left.spend_bytes(text_.size() - before);
  }

  [[nodiscard]] static std::string number_text(double number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    return float_text(number);
  }

  void write_items(const sequence& list) {
    if (list.items.empty()) {
      text_ += "[]";
      return;
    }
    text_ += '[';
    ++depth_;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      begin_item(i == 0);
      write(list.items[i]);
    }
    --depth_;
    new_line();
    text_ += ']';
  }

  void write_pairs(const dictionary& dict) {
    if (dict.items.empty()) {
      text_ += "{}";
      return;
    }
    std::vector<const std::pair<value, value>*> pairs;
    for (const auto& pair : dict.items) pairs.push_back(&pair);
    if (style_.sort_keys) {
      std::ranges::stable_sort(pairs, [&](const auto* a, const auto* b) {
        return std::is_lt(order(a->first, b->first, "<", within_.left));
      });
    }
    text_ += '{';
    ++depth_;
    bool is_first = true;
    for (const auto* const pair : pairs) {
      begin_item(std::exchange(is_first, false));
      write_text(key_text(pair->first));
      text_ += style_.key_separator;
      write(pair->second);
    }
    --depth_;
    new_line();
    text_ += '}';
  }

  [[nodiscard]] static std::string key_text(const value& key) {
    if (const text_data* const text = key.text()) return text->bytes;
    if (key.is_none()) return "null";
    if (const bool* const truth = key.boolean()) return *truth ? "true" : "false";
    if (const double* const number = key.real()) return number_text(*number);
    if (const std::int64_t* const whole = key.integer()) return std::to_string(*whole);
    throw type_error("keys must be str, int, float, bool or None, not ", type_name(key));
  }

  void begin_item(bool is_first) {
    if (!is_first) text_ += style_.item_separator;
    new_line();
  }

  void new_line() {
    if (!style_.indent) return;
    within_.left.spend_bytes(depth_ * style_.indent->size() + 1);
    text_ += '\n';
    for (std::size_t i = 0; i < depth_; ++i) text_ += *style_.indent;
  }

  void write_text(std::string_view bytes) {
    within_.left.spend_bytes(bytes.size());
    text_ += '"';
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t count = bytes_at(bytes, at);
      write_code_point(bytes.substr(at, count));
      at += count;
    }
    text_ += '"';
  }

  void write_code_point(std::string_view bytes) {
    const char32_t point = decode_one(bytes);
    constexpr std::string_view named = "\"\\\n\r\t\f\b", letters = "\"\\nrtfb";
    if (const auto at = named.find(bytes[0]); at != named.npos) {
      text_ += '\\';
      text_ += letters[at];
    } else if (point >= 0x20 && (!style_.ascii || point < 0x7f)) {
      text_ += bytes;
    } else if (point == 0x7f) {
      text_ += bytes;
    } else if (point >= 0x10000) {
      write_unit(0xd800 + ((point - 0x10000) >> 10));
      write_unit(0xdc00 + ((point - 0x10000) & 0x3ff));
    } else {
      write_unit(point);
    }
  }

  void write_unit(char32_t unit) {
    text_ += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) text_ += "0123456789abcdef"[unit >> shift & 15];
  }

  runtime& within_;
  const json_style& style_;
  std::string text_;
  std::size_t depth_ = 0;
};

}  // namespace prefopt::inline v0_2::detail::jinja
