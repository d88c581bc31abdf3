// SPDX-License-Identifier: MIT
#pragma once
// fingerprint: a 128-bit hash (XXH3) of everything that a result depends on, to tell whether a
// stored one is still valid. It protects against accidents, not against deliberate collisions.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <xxhash.h>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// Add values one by one in a fixed order, then call `hex()`. Each text and span is hashed with its
/// length, so that "ab" + "c" and "a" + "bc" differ.
class fingerprint {
 public:
  fingerprint() : state_(XXH3_createState()) {
    if (!state_ || XXH3_128bits_reset(state_.get()) != XXH_OK) throw std::bad_alloc();
  }

  fingerprint& add(std::string_view text) { return add_counted(text.data(), text.size(), 1); }

  /// Integers, floating-point numbers and enums, by their bytes: 1, 1.0f and 1.0 differ.
  template <class T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>)
  fingerprint& add(T value) {
    return add_counted(&value, 1, sizeof value);
  }

  template <class T, std::size_t Extent>
    requires std::is_arithmetic_v<std::remove_const_t<T>>
  fingerprint& add(std::span<T, Extent> values) {
    return add_counted(values.data(), values.size(), sizeof(T));
  }

  /// Raw bytes without their count: bytes alone give the hash that `xxhsum -H2` prints.
  fingerprint& add_bytes(std::span<const std::byte> bytes) {
    if (!bytes.empty()) XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
    return *this;
  }

  /// 32 hexadecimal digits for everything added so far.
  [[nodiscard]] std::string hex() const {
    XXH128_canonical_t bytes;  // big-endian: the same text on every computer
    XXH128_canonicalFromHash(&bytes, XXH3_128bits_digest(state_.get()));
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : bytes.digest) {
      text += digits[byte >> 4];
      text += digits[byte & 15];
    }
    return text;
  }

 private:
  struct free_state {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };

  fingerprint& add_counted(const void* data, std::size_t count, std::size_t size) {
    const std::uint64_t head[2] = {count, size};
    XXH3_128bits_update(state_.get(), head, sizeof head);
    if (count != 0) XXH3_128bits_update(state_.get(), data, count * size);
    return *this;
  }

  std::unique_ptr<XXH3_state_t, free_state> state_;
};

}  // namespace prefopt::inline v0_2
