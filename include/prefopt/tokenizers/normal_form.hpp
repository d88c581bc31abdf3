// SPDX-License-Identifier: MIT
#pragma once
// normal_form: Unicode's normalization forms (Unicode Standard Annex #15) by utf8proc's tables, for
// the characters that the tokenizers library knows them for (Unicode 10).

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <utf8proc.h>

#include "prefopt/core/error.hpp"
#include "prefopt/tokenizers/utf8.hpp"

namespace prefopt::inline v0_2 {

enum class normal_form { nfc, nfd, nfkc, nfkd };

namespace detail {

/// Characters that Unicode 11 to 16 gave a decomposition, a place in a composition, or a combining
/// class. The tokenizers library leaves them as they are, so they are not normalized here either.
inline constexpr std::array<std::pair<char32_t, char32_t>, 59> left_by_normalization{
    {{0x7FD, 0x7FD},     {0x897, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},
     {0xC3C, 0xC3C},     {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x1715, 0x1715},
     {0x1ABF, 0x1ADD},   {0x1AE0, 0x1AEB},   {0x1DF6, 0x1DFA},   {0x32FF, 0x32FF},
     {0xA7F1, 0xA7F4},   {0xA82C, 0xA82C},   {0xAB69, 0xAB69},   {0x105C0, 0x105F3},
     {0x10781, 0x10785}, {0x10787, 0x107B0}, {0x107B2, 0x107BA}, {0x10D24, 0x10D27},
     {0x10D40, 0x10D8F}, {0x10EAB, 0x10EAC}, {0x10EFA, 0x10EFF}, {0x10F46, 0x10F50},
     {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x11380, 0x113E2},
     {0x1145E, 0x1145E}, {0x11839, 0x1183A}, {0x11930, 0x11930}, {0x11938, 0x11938},
     {0x1193D, 0x1193E}, {0x11943, 0x11943}, {0x119E0, 0x119E0}, {0x11A34, 0x11A34},
     {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D42}, {0x11D44, 0x11D45},
     {0x11D97, 0x11D97}, {0x11F41, 0x11F42}, {0x16100, 0x16139}, {0x16D40, 0x16D79},
     {0x16FF0, 0x16FF1}, {0x1CCD6, 0x1CCF9}, {0x1E030, 0x1E06D}, {0x1E08F, 0x1E08F},
     {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF},
     {0x1E5D0, 0x1E5FF}, {0x1E6E3, 0x1E6E3}, {0x1E6E6, 0x1E6E6}, {0x1E6EE, 0x1E6EF},
     {0x1E6F5, 0x1E6F5}, {0x1F16C, 0x1F16C}, {0x1FBF0, 0x1FBF9}}};

[[nodiscard]] inline bool is_left_by_normalization(char32_t c) {
  const auto range = std::ranges::upper_bound(left_by_normalization, c, {},
                                              [](const auto& each) { return each.first; });
  return range != left_by_normalization.begin() && c <= std::prev(range)->second;
}

inline void append_utf8(char32_t c, std::string& out) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(count));
}

/// Collects characters until they can be put in order and composed.
class normal_form_writer {
 public:
  normal_form_writer(normal_form form, std::string& out)
      : composes_(form == normal_form::nfc || form == normal_form::nfkc),
        options_(form == normal_form::nfc || form == normal_form::nfd
                     ? UTF8PROC_DECOMPOSE
                     : static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT)),
        out_(out) {}

  void put(char32_t c) {
    std::array<utf8proc_int32_t, 32> parts{};
    int unused = 0;
    const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(),
                                               parts.size(), options_, &unused);
    if (count < 0 || static_cast<std::size_t>(count) > parts.size())
      throw error("normal_form: utf8proc cannot decompose a character");
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const auto part = static_cast<char32_t>(parts[i]);
      held_.push_back({part, utf8proc_get_property(parts[i])->combining_class});
    }
  }

  void flush() {
    sort_marks();
    if (composes_) compose();
    for (const held& each : held_) append_utf8(each.character, out_);
    held_.clear();
  }

 private:
  struct held {
    char32_t character;
    int combining_class;
  };

  void sort_marks() {
    for (auto begin = held_.begin(); begin != held_.end();) {
      begin =
          std::find_if(begin, held_.end(), [](const held& h) { return h.combining_class != 0; });
      const auto end =
          std::find_if(begin, held_.end(), [](const held& h) { return h.combining_class == 0; });
      std::stable_sort(begin, end, [](const held& a, const held& b) {
        return a.combining_class < b.combining_class;
      });
      begin = end;
    }
  }

  void compose() {
    std::size_t count = 0;
    std::size_t starter = held_.size();  // none yet
    int previous = -1;                   // the class of the last mark since the starter
    for (const held each : held_) {
      if (starter < held_.size() && previous < each.combining_class &&
          join(held_[starter].character, each.character))
        continue;
      if (each.combining_class == 0) starter = count;
      previous = each.combining_class == 0 ? -1 : each.combining_class;
      held_[count++] = each;
    }
    held_.resize(count);
  }

  /// Replaces `first` by its composition with `second`, if there is one.
  static bool join(char32_t& first, char32_t second) {
    if (second < 0x300) return false;
    std::array<utf8proc_int32_t, 3> pair{static_cast<utf8proc_int32_t>(first),
                                         static_cast<utf8proc_int32_t>(second)};
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    if (utf8proc_normalize_utf32(pair.data(), 2, options) != 1) return false;
    first = static_cast<char32_t>(pair[0]);
    return true;
  }

  bool composes_;
  utf8proc_option_t options_;
  std::string& out_;
  std::vector<held> held_;
};

}  // namespace detail

/// `text`, which must be well-formed UTF-8, in a normalization form. Cost: linear in the text, n
/// log n in a run of combining marks.
[[nodiscard]] inline std::string normalized(std::string_view text, normal_form form) {
  // Characters below are left by the form, except that the last one may compose.
  const char32_t inert_end = form == normal_form::nfc   ? 0x300
                             : form == normal_form::nfd ? 0xC0
                                                        : 0xA0;
  std::string out;
  out.reserve(text.size());
  detail::normal_form_writer writer(form, out);
  std::size_t run = text.size();  // where a run of inert characters begins
  std::size_t last = 0;           // and its last one
  const auto close_run = [&](std::size_t end) {
    if (run == text.size()) return;
    writer.flush();
    out += text.substr(run, last - run);
    // decomposed, since a mark that follows may come before its own
    writer.put(utf8_code_point(text.substr(last, end - last)));
    run = text.size();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_at(text, at).length;
    const char32_t c = utf8_code_point(text.substr(at, length));
    if (c < inert_end) {
      if (run == text.size()) run = at;
      last = at;
    } else {
      close_run(at);
      if (detail::is_left_by_normalization(c)) {
        writer.flush();
        out += text.substr(at, length);
      } else {
        writer.put(c);
      }
    }
    at += length;
  }
  close_run(text.size());
  writer.flush();
  return out;
}

}  // namespace prefopt::inline v0_2
