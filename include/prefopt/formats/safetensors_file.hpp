// SPDX-License-Identifier: MIT
#pragma once
// safetensors_file: one file of tensors, validated when it is opened and read tensor by tensor.

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_header.hpp"
#include "prefopt/formats/tensor_type.hpp"
#include "prefopt/io/describe_foreign.hpp"
#include "prefopt/io/input_file.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2 {

static_assert(std::endian::native == std::endian::little, "the format's numbers are little-endian");

/// A safetensors file open for reading. Only its header is held in memory.
class safetensors_file {
 public:
  /// Throws io_error if the file cannot be read, format_error if it violates the format.
  explicit safetensors_file(const std::filesystem::path& path)
      : file_(path, file_kind::regular), header_(read_header()) {}

  [[nodiscard]] std::string name() const { return file_.path().native(); }

  /// By name, sorted.
  [[nodiscard]] const std::map<std::string, safetensors_entry, std::less<>>& tensors() const {
    return header_.tensors;
  }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const {
    return header_.metadata;
  }

  /// The tensor with that name, or nullptr.
  [[nodiscard]] const safetensors_entry* find(std::string_view tensor) const {
    const auto entry = header_.tensors.find(tensor);
    return entry == header_.tensors.end() ? nullptr : &entry->second;
  }

  /// Fills `to` with a tensor of this file, converted element by element. Throws shape_error unless
  /// `to` has its size, format_error if its type is not floating-point, io_error if the file cannot
  /// be read.
  template <std::floating_point Real>
  void read(const safetensors_entry& entry, std::span<Real> to) const {
    check_read(entry, to.size());
    if (entry.type == tensor_type_of<Real>) {
      file_.read_at(data_begin_ + entry.begin, std::as_writable_bytes(to));
      return;
    }
    std::vector<std::byte> chunk(std::min<std::size_t>(to.size(), chunk_elements) *
                                 entry.type.bytes);
    std::uint64_t at = data_begin_ + entry.begin;
    while (!to.empty()) {
      const std::size_t count = std::min(to.size(), chunk_elements);
      const auto bytes = std::span(chunk).first(count * entry.type.bytes);
      file_.read_at(at, bytes);
      decode_elements(entry.type, bytes, to.first(count));
      at += bytes.size();
      to = to.subspan(count);
    }
  }

 private:
  static constexpr std::size_t chunk_elements = std::size_t{1} << 17;

  [[nodiscard]] safetensors_header read_header() {
    std::array<std::byte, 32> beginning{};
    file_.read_at(0, std::span(beginning).first(static_cast<std::size_t>(
                         std::min<std::uint64_t>(file_.size(), beginning.size()))));
    std::uint64_t length = 0;
    std::memcpy(&length, beginning.data(), sizeof length);
    if (file_.size() < 8 || length > safetensors_header_limit || length > file_.size() - 8)
      throw format_error(concat(name(), ": ", describe_beginning(beginning, length)));
    std::string text(static_cast<std::size_t>(length), '\0');
    file_.read_at(8, std::as_writable_bytes(std::span(text)));
    data_begin_ = 8 + length;
    return parse_safetensors_header(text, name(), file_.size() - data_begin_);
  }

  [[nodiscard]] std::string describe_beginning(std::span<const std::byte> beginning,
                                               std::uint64_t length) const {
    const std::string_view text(
        reinterpret_cast<const char*>(beginning.data()),
        static_cast<std::size_t>(std::min<std::uint64_t>(file_.size(), beginning.size())));
    if (const auto foreign = describe_foreign(text); !foreign.empty())
      return concat(foreign, "; expected a safetensors file");
    return concat("a header of ", length, " bytes in a file of ", file_.size(),
                  " bytes: truncated, or not a safetensors file");
  }

  void check_read(const safetensors_entry& entry, std::size_t expected) const {
    if (entry.size() != expected) {
      throw shape_error(concat(name(), ": tensor ", printable(entry.name), " has shape ",
                               describe_shape(entry.shape), ", expected ", expected, " elements"));
    }
    if (!is_floating_point(entry.type)) {
      throw format_error(concat(name(), ": tensor ", printable(entry.name), " is of type ",
                                entry.type.name, ", expected F32, F16, BF16 or F64"));
    }
  }

  input_file file_;
  std::uint64_t data_begin_ = 0;
  safetensors_header header_;  // last: reading it sets data_begin_
};

}  // namespace prefopt::inline v0_2
