// SPDX-License-Identifier: MIT
#pragma once
// How a model's tensors are divided among safetensors files, and the index that lists them:
// model.safetensors alone, or model-00001-of-00002.safetensors and so on, as huggingface_hub names
// them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "prefopt/formats/safetensors_header.hpp"
#include "prefopt/formats/tensor_type.hpp"

namespace prefopt::inline v0_2 {

/// A file of weights.
struct safetensors_shard {
  std::string name;
  std::vector<std::size_t> tensors;  ///< their indices in the list that was divided
  std::uint64_t bytes = 0;           ///< of the tensors
};

/// Divides tensors of one type, in their order, so that the tensors of a file are `most_bytes`
/// bytes at most, or a single tensor that is longer. Throws shape_error for tensors that are too
/// large for any file.
[[nodiscard]] std::vector<safetensors_shard> plan_shards(
    const std::vector<tensor_signature>& tensors, const tensor_type& type,
    std::uint64_t most_bytes);

/// The text of model.safetensors.index.json.
[[nodiscard]] std::string write_shard_index(const std::vector<tensor_signature>& tensors,
                                            const std::vector<safetensors_shard>& shards);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/formats/detail/safetensors_shards_definitions.hpp"
#endif
