// SPDX-License-Identifier: MIT
#pragma once
// The header of a safetensors file: 8 bytes of length (little-endian), then JSON that maps each
// tensor's name to its type, shape and position in the bytes that follow.
// https://github.com/huggingface/safetensors

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/tensor_type.hpp"
#include "prefopt/io/json_limits.hpp"

namespace prefopt::inline v0_2 {

/// Longest header that the format allows.
inline constexpr std::uint64_t safetensors_header_limit = 100'000'000;

/// Bounds on the JSON of a header or an index: at ten values per tensor, 100,000 tensors.
inline constexpr json_limits safetensors_json_limits{.values = std::size_t{1} << 20};

/// One tensor of a file.
struct safetensors_entry {
  std::string name;
  tensor_type type;
  std::vector<std::size_t> shape;
  std::uint64_t begin;  ///< position in the data, in bytes
  std::uint64_t end;

  /// Number of elements.
  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>((end - begin) / type.bytes);
  }
};

/// The content of a file's header.
struct safetensors_header {
  std::map<std::string, safetensors_entry, std::less<>> tensors;  // by name
  std::map<std::string, std::string> metadata;
};

/// A tensor to write: its name and shape.
struct tensor_signature {
  std::string name;
  std::vector<std::size_t> shape;
};

using tensor_metadata = std::map<std::string, std::string>;

/// "[2, 3]", for messages.
[[nodiscard]] inline std::string describe_shape(const std::vector<std::size_t>& shape) {
  std::string text = "[";
  for (const std::size_t extent : shape) text += concat(text.size() > 1 ? ", " : "", extent);
  return text + "]";
}

/// Reads and checks a header's JSON for a file with `data_bytes` bytes after it. Throws
/// format_error, naming file and tensor, unless the JSON is within safetensors_json_limits, names
/// are unique, types are known, each tensor's bytes match its shape, and all together are exactly
/// the data, without gap or overlap.
[[nodiscard]] safetensors_header parse_safetensors_header(std::string_view text,
                                                          const std::string& file,
                                                          std::uint64_t data_bytes);

namespace detail {

/// The beginning of a file, up to the data.
struct safetensors_beginning {
  std::string bytes;
  std::uint64_t file_bytes;  ///< the data included
};

/// The eight bytes of length and the header for tensors of one type in the given order; the length
/// is a multiple of 8, so that the data is aligned. Throws shape_error for tensors that are too
/// large together, and value_error for two of one name.
[[nodiscard]] safetensors_beginning make_safetensors_beginning(
    const std::vector<const tensor_signature*>& tensors, const tensor_type& type,
    const tensor_metadata& metadata);

}  // namespace detail

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/formats/detail/safetensors_header_definitions.hpp"
#endif
