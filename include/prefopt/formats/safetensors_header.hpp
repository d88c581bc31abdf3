// SPDX-License-Identifier: MIT
#pragma once
// The header of a safetensors file: 8 bytes of length (little-endian), then JSON that maps each
// tensor's name to its type, shape and position in the bytes that follow.
// https://github.com/huggingface/safetensors

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/checked.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/formats/tensor_type.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt {

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

/// "[2, 3]", for messages.
[[nodiscard]] inline std::string describe_shape(const std::vector<std::size_t>& shape) {
  std::string text = "[";
  for (const std::size_t extent : shape) text += concat(text.size() > 1 ? ", " : "", extent);
  return text + "]";
}

namespace detail {

[[nodiscard]] inline std::vector<std::size_t> parse_shape(const nlohmann::json& list,
                                                          const std::string& where) {
  std::vector<std::size_t> shape;
  for (const nlohmann::json& extent : list) {
    shape.push_back(static_cast<std::size_t>(
        to_integer(extent, where, 0, std::numeric_limits<std::int64_t>::max())));
  }
  return shape;
}

/// Parses type, shape and offsets of one tensor, and checks that they agree.
[[nodiscard]] inline safetensors_entry parse_entry(const std::string& name,
                                                   const json_object& object) {
  const tensor_type* type = find_tensor_type(object.text("dtype"));
  if (type == nullptr) {
    throw format_error(
        concat(object.name(), ": dtype ", printable(object.text("dtype")), " is not known"));
  }
  const auto& offsets = object.list("data_offsets");
  if (offsets.size() != 2)
    throw format_error(concat(object.name(), ": ", offsets.size(), " data_offsets, expected 2"));
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t begin =
      to_integer(offsets[0], concat(object.name(), ": data_offsets"), 0, most);
  const std::int64_t end =
      to_integer(offsets[1], concat(object.name(), ": data_offsets"), begin, most);
  safetensors_entry entry{name, *type,
                          parse_shape(object.list("shape"), concat(object.name(), ": shape")),
                          static_cast<std::uint64_t>(begin), static_cast<std::uint64_t>(end)};
  const auto elements = checked_product(entry.shape);
  const auto bytes = elements ? checked_multiply(*elements, type->bytes) : std::nullopt;
  if (bytes != entry.end - entry.begin) {
    throw format_error(concat(object.name(), ": ", entry.end - entry.begin, " bytes for shape ",
                              describe_shape(entry.shape), " of ", type->name));
  }
  return entry;
}

/// The tensors must cover the data from first to last byte, without gap or overlap.
inline void check_cover(const safetensors_header& header, std::string_view file,
                        std::uint64_t data_bytes) {
  std::vector<const safetensors_entry*> by_offset;
  for (const auto& [name, entry] : header.tensors) by_offset.push_back(&entry);
  std::ranges::sort(by_offset, {},
                    [](const auto* entry) { return std::pair(entry->begin, entry->end); });
  std::uint64_t at = 0;
  for (const safetensors_entry* entry : by_offset) {
    if (entry->end > data_bytes) {
      throw format_error(concat(file, ": tensor ", printable(entry->name), " ends at byte ",
                                entry->end, " of ", data_bytes,
                                " bytes of data: the file is truncated or its header is wrong"));
    }
    if (entry->begin != at) {
      throw format_error(concat(file, ": tensor ", printable(entry->name), " begins at byte ",
                                entry->begin, " of the data, expected ", at,
                                ", where the one before ends"));
    }
    at = entry->end;
  }
  if (at != data_bytes)
    throw format_error(concat(file, ": ", data_bytes, " bytes of data, but the tensors take ", at));
}

}  // namespace detail

/// Reads and checks a header's JSON for a file with `data_bytes` bytes after it. Throws
/// format_error, naming file and tensor, unless the JSON is within safetensors_json_limits, names
/// are unique, types are known, each tensor's bytes match its shape, and all together are exactly
/// the data, without gap or overlap.
[[nodiscard]] inline safetensors_header parse_safetensors_header(std::string_view text,
                                                                 const std::string& file,
                                                                 std::uint64_t data_bytes) {
  if (!text.starts_with('{'))
    throw format_error(concat(file, ": not a safetensors file: its header is not a JSON object"));
  const nlohmann::json json = parse_json(text, file, safetensors_json_limits);
  const json_object object(json, file);
  safetensors_header header;
  for (const auto& [name, value] : object.json().items()) {
    if (name == "__metadata__") {
      const json_object metadata = object.object(name);
      for (const auto& item : value.items())
        header.metadata[item.key()] = metadata.text(item.key());
    } else {
      header.tensors.emplace(
          name, detail::parse_entry(
                    name, json_object(value, concat(file, ": tensor ", printable(name)))));
    }
  }
  detail::check_cover(header, file, data_bytes);
  return header;
}

}  // namespace prefopt
