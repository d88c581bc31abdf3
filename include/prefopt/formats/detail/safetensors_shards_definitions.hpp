// SPDX-License-Identifier: MIT
#pragma once
// The definitions for shards.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/checked.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_shards.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// "model-00001-of-00002.safetensors"; numbers count from 1.
[[nodiscard]] inline std::string shard_name(std::size_t number, std::size_t count) {
  const auto digits = [](std::size_t n) {
    const std::string text = concat(n);
    return std::string(text.size() < 5 ? 5 - text.size() : 0, '0') + text;
  };
  return concat("model-", digits(number), "-of-", digits(count), ".safetensors");
}

}  // namespace detail

PREFOPT_INLINE std::vector<safetensors_shard> plan_shards(
    const std::vector<tensor_signature>& tensors, const tensor_type& type,
    std::uint64_t most_bytes) {
  std::vector<safetensors_shard> shards;
  safetensors_shard open;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto elements = checked_product(tensors[i].shape);
    const auto bytes = elements ? checked_multiply(*elements, type.bytes) : std::nullopt;
    if (!bytes || !checked_add(open.bytes, *bytes))
      throw shape_error(
          concat("safetensors: tensor ", tensors[i].name, " is too large for any file"));
    if (*bytes > most_bytes) {  // in a file by itself, while the open one stays open
      shards.push_back({{}, {i}, *bytes});
      continue;
    }
    if (open.bytes + *bytes > most_bytes) {
      shards.push_back(open);
      open = {};
    }
    open.tensors.push_back(i);
    open.bytes += *bytes;
  }
  if (!open.tensors.empty() || shards.empty()) shards.push_back(open);
  for (std::size_t i = 0; i < shards.size(); ++i)
    shards[i].name =
        shards.size() == 1 ? "model.safetensors" : detail::shard_name(i + 1, shards.size());
  return shards;
}

PREFOPT_INLINE std::string write_shard_index(const std::vector<tensor_signature>& tensors,
                                             const std::vector<safetensors_shard>& shards) {
  std::uint64_t total = 0;
  nlohmann::json weight_map = nlohmann::json::object();
  for (const safetensors_shard& shard : shards) {
    total += shard.bytes;
    for (const std::size_t i : shard.tensors) weight_map[tensors[i].name] = shard.name;
  }
  const nlohmann::json index{{"metadata", {{"total_size", total}}}, {"weight_map", weight_map}};
  return index.dump(2) + "\n";
}

}  // namespace prefopt::inline v0_2
