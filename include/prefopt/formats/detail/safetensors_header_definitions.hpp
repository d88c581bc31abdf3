// SPDX-License-Identifier: MIT
#pragma once
// The definitions for the header of a safetensors file.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/checked.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_header.hpp"
#include "prefopt/formats/tensor_type.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2 {

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

PREFOPT_INLINE safetensors_header parse_safetensors_header(std::string_view text,
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

namespace detail {

PREFOPT_INLINE safetensors_beginning
make_safetensors_beginning(const std::vector<const tensor_signature*>& tensors,
                           const tensor_type& type, const tensor_metadata& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t at = 0;
  for (const tensor_signature* tensor : tensors) {
    const auto elements = checked_product(tensor->shape);
    const auto bytes = elements ? checked_multiply(*elements, type.bytes) : std::nullopt;
    const auto end = bytes ? checked_add(at, *bytes) : std::nullopt;
    if (!end)
      throw shape_error(concat("safetensors: tensor ", tensor->name, " is too large for any file"));
    if (header.contains(tensor->name))
      throw value_error(concat("safetensors: two tensors named ", tensor->name));
    header[tensor->name] = {
        {"dtype", std::string(type.name)}, {"shape", tensor->shape}, {"data_offsets", {at, *end}}};
    at = *end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  std::string beginning(sizeof length, '\0');
  std::memcpy(beginning.data(), &length, sizeof length);
  beginning += text;
  const std::uint64_t file_bytes = beginning.size() + at;
  return {std::move(beginning), file_bytes};
}

}  // namespace detail

}  // namespace prefopt::inline v0_2
