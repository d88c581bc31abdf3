// SPDX-License-Identifier: MIT
#pragma once
// save_options: how save_model and save_scalar_model store a model's weights.

#include <cstdint>
#include <optional>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// The number type of a saved model's weights.
enum class weight_type { float32, bfloat16 };

/// PyTorch's name, which config.json contains.
[[nodiscard]] constexpr std::string_view name_of(weight_type type) {
  return type == weight_type::float32 ? "float32" : "bfloat16";
}

struct save_options {
  /// Values are rounded to it, ties to even. Unset: sidecar_files::default_dtype().
  std::optional<weight_type> dtype = std::nullopt;
  /// Bytes of the tensors in a file, at least 1: a longer model is divided into shards with an
  /// index, as in transformers.
  std::uint64_t max_shard_size = 5'000'000'000;
};

}  // namespace prefopt::inline v0_2
