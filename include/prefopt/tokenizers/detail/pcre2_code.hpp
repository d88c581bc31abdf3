// SPDX-License-Identifier: MIT
#pragma once
// pcre2_code: a compiled expression of PCRE2, and matching with it: UTF-8, Unicode's properties,
// native code where PCRE2 can compile it, and bounded work.

// Width 0 leaves the choice to the names' suffixes, so that a program can also use PCRE2 at another
// width.
#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 0
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include <pcre2.h>

#include "prefopt/core/error.hpp"
#include "prefopt/data/tokenizer.hpp"

namespace prefopt::inline v0_2::detail {

struct pcre2_deleter {
  void operator()(pcre2_code_8* code) const { pcre2_code_free_8(code); }
  void operator()(pcre2_match_data_8* data) const { pcre2_match_data_free_8(data); }
  void operator()(pcre2_match_context_8* context) const { pcre2_match_context_free_8(context); }
  void operator()(pcre2_compile_context_8* context) const { pcre2_compile_context_free_8(context); }
};

/// PCRE2's description of a failure.
[[nodiscard]] inline std::string describe_pcre2(int failure) {
  std::array<unsigned char, 256> text{};
  pcre2_get_error_message_8(failure, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

/// A compiled expression. Cheap to copy; many threads may use one object at once.
class pcre2_code {
 public:
  /// `where` begins the message of the format_error for an expression that PCRE2 refuses.
  explicit pcre2_code(std::string_view expression, std::string_view where, unsigned options = 0) {
    const std::unique_ptr<pcre2_compile_context_8, pcre2_deleter> context(
        pcre2_compile_context_create_8(nullptr));
    if (!context) throw std::bad_alloc();
    pcre2_set_newline_8(context.get(), PCRE2_NEWLINE_LF);
    int failure = 0;
    std::size_t offset = 0;
    code_.reset(pcre2_compile_8(reinterpret_cast<PCRE2_SPTR8>(expression.data()), expression.size(),
                                PCRE2_UTF | PCRE2_UCP | options, &failure, &offset, context.get()),
                pcre2_deleter{});
    if (!code_) throw format_error(concat(where, ": ", describe_pcre2(failure)));
    // without JIT, PCRE2 interprets
    has_jit_ = pcre2_jit_compile_8(code_.get(), PCRE2_JIT_COMPLETE) == 0;
  }

  /// The first match that begins at `from` or later in `text`, which is well-formed UTF-8. Throws
  /// value_error if PCRE2 gives up: an expression may need exponential time.
  [[nodiscard]] std::optional<text_range> find(std::string_view text, std::size_t from) const {
    pcre2_match_data_8* const match = match_data();
    const auto subject = reinterpret_cast<PCRE2_SPTR8>(text.data());
    int outcome = PCRE2_ERROR_JIT_STACKLIMIT;
    if (has_jit_)
      outcome = pcre2_jit_match_8(code_.get(), subject, text.size(), from, PCRE2_NO_UTF_CHECK,
                                  match, limits(text.size()));
    if (outcome == PCRE2_ERROR_JIT_STACKLIMIT)
      outcome = pcre2_match_8(code_.get(), subject, text.size(), from,
                              PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, match, limits(text.size()));
    if (outcome == PCRE2_ERROR_NOMATCH) return std::nullopt;
    if (outcome < 0) {
      throw value_error(
          concat("tokenizer: an expression of the pre-tokenizer or normalizer fails at byte ", from,
                 " of ", text.size(), ": ", describe_pcre2(outcome)));
    }
    const std::size_t* const range = pcre2_get_ovector_pointer_8(match);
    return text_range{range[0], range[1]};
  }

 private:
  /// Where PCRE2 writes a match; one a thread, so that a match costs no allocation.
  [[nodiscard]] static pcre2_match_data_8* match_data() {
    thread_local const std::unique_ptr<pcre2_match_data_8, pcre2_deleter> data(
        pcre2_match_data_create_8(1, nullptr));
    if (!data) throw std::bad_alloc();
    return data.get();
  }

  /// Steps and memory for one match. A run of a class takes a step a character, so the steps grow
  /// with the text.
  [[nodiscard]] static pcre2_match_context_8* limits(std::size_t length) {
    thread_local const std::unique_ptr<pcre2_match_context_8, pcre2_deleter> context(
        pcre2_match_context_create_8(nullptr));
    if (!context) throw std::bad_alloc();
    pcre2_set_match_limit_8(context.get(), static_cast<std::uint32_t>(1'000'000 + length));
    pcre2_set_heap_limit_8(context.get(), 1 << 20);  // KiB
    return context.get();
  }

  std::shared_ptr<pcre2_code_8> code_;
  bool has_jit_ = false;
};

}  // namespace prefopt::inline v0_2::detail
