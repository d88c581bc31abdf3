// SPDX-License-Identifier: MIT
#pragma once
// write_safetensors: writes tensors to a safetensors file, sorted by name, as float32, float64
// or bfloat16.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/core/checked.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_header.hpp"
#include "prefopt/formats/tensor_type.hpp"
#include "prefopt/io/atomic_file.hpp"
#include "prefopt/io/output_file.hpp"

namespace prefopt::inline v0_2 {

/// A tensor to write from host memory.
template <stored_number Number>
struct named_tensor {
  std::string name;
  std::vector<std::size_t> shape;
  std::span<const Number> values;
};

/// Metadata that older readers require in a file of weights.
[[nodiscard]] inline tensor_metadata torch_metadata() { return {{"format", "pt"}}; }

/// Writes a whole file. `fetch(i)` returns the values of tensors[i] as a std::span<const Number>
/// that is valid until the next call; it is called once per tensor, in the order of names. Throws
/// io_error if the disk refuses (before any value is fetched if there is no room), shape_error if
/// the number of a tensor's values does not match its shape.
template <stored_number Number, std::invocable<std::size_t> Fetch>
void write_safetensors(output_file& file, const std::vector<tensor_signature>& tensors,
                       const tensor_metadata& metadata, Fetch&& fetch) {
  std::vector<const tensor_signature*> order;
  for (const tensor_signature& tensor : tensors) order.push_back(&tensor);
  std::ranges::sort(order, {}, &tensor_signature::name);
  const auto [beginning, file_bytes] =
      detail::make_safetensors_beginning(order, tensor_type_of<Number>, metadata);
  file.reserve(file_bytes);
  file.write(beginning);
  for (const tensor_signature* tensor : order) {
    const std::span<const Number> values = fetch(static_cast<std::size_t>(tensor - tensors.data()));
    if (checked_product(tensor->shape) != values.size()) {
      throw shape_error(concat("safetensors: ", values.size(), " values for tensor ", tensor->name,
                               " of shape ", describe_shape(tensor->shape)));
    }
    file.write(std::as_bytes(values));
  }
}

/// Makes the tensors the content of the file at `path`, or leaves it unchanged and throws.
template <stored_number Number>
void write_safetensors(const std::filesystem::path& path,
                       const std::vector<named_tensor<Number>>& tensors,
                       const tensor_metadata& metadata = torch_metadata()) {
  std::vector<tensor_signature> signatures;
  for (const auto& tensor : tensors) signatures.push_back({tensor.name, tensor.shape});
  atomic_file file(path);
  write_safetensors<Number>(file.file(), signatures, metadata,
                            [&](std::size_t i) { return tensors[i].values; });
  file.commit();
}

}  // namespace prefopt::inline v0_2
