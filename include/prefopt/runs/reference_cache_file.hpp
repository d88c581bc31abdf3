// SPDX-License-Identifier: MIT
#pragma once
// A reference's log-probs on disk: a safetensors file of float64 tensors `examples`, `responses`,
// `counts`, `hashes_high` and `hashes_low` (the halves of a 64-bit hash of the tokens) [S] and
// `values` [sum of counts], with the key under `prefopt_reference_key` in its metadata and a
// checksum of all numbers under `prefopt_checksum`. The key is a fingerprint of everything that the
// numbers depend on: the reference's weights, the tokenizer, the data and every option that changes
// them.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_file.hpp"
#include "prefopt/formats/safetensors_writer.hpp"
#include "prefopt/policy/reference_cache.hpp"
#include "prefopt/runs/fingerprint.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

inline constexpr const char* reference_key_name = "prefopt_reference_key";
inline constexpr const char* reference_checksum_name = "prefopt_checksum";
inline constexpr std::array reference_tensors{"examples",    "responses",  "counts",
                                              "hashes_high", "hashes_low", "values"};

[[nodiscard]] inline std::vector<double> read_cache_tensor(const safetensors_file& file,
                                                           std::string_view name) {
  const safetensors_entry* entry = file.find(name);
  if (entry == nullptr)
    throw format_error(concat(file.name(), ": a reference cache without tensor ", name));
  std::vector<double> values(entry->size());
  file.read(*entry, std::span(values));
  return values;
}

/// Counts and indices, which a double holds exactly. Throws format_error for anything else.
template <class Integer = std::int32_t>
[[nodiscard]] std::vector<Integer> read_cache_integers(const safetensors_file& file,
                                                       std::string_view name) {
  std::vector<Integer> integers;
  for (const double value : read_cache_tensor(file, name)) {
    if (!(value >= 0 && value <= std::numeric_limits<Integer>::max() &&
          value == std::floor(value))) {
      throw format_error(
          concat(file.name(), ": a reference cache with ", value, " in tensor ", name));
    }
    integers.push_back(static_cast<Integer>(value));
  }
  return integers;
}

/// Throws format_error if a number differs from the saved one.
inline void verify_reference_cache(const safetensors_file& file) {
  fingerprint sum;
  for (const char* name : reference_tensors)
    sum.add(std::span<const double>(read_cache_tensor(file, name)));
  const auto saved = file.metadata().find(reference_checksum_name);
  if (saved == file.metadata().end() || saved->second != sum.hex())
    throw format_error(
        concat(file.name(), ": damaged: its numbers differ from those that were saved"));
}

[[nodiscard]] inline reference_cache read_reference_cache(const safetensors_file& file) {
  verify_reference_cache(file);
  const auto examples = read_cache_integers(file, "examples");
  const auto responses = read_cache_integers(file, "responses");
  const auto counts = read_cache_integers(file, "counts");
  if (responses.size() != examples.size() || counts.size() != examples.size()) {
    throw format_error(concat(file.name(), ": a reference cache of ", examples.size(),
                              " examples, ", responses.size(), " response indices and ",
                              counts.size(), " counts"));
  }
  const auto high = read_cache_integers<std::uint32_t>(file, "hashes_high");
  const auto low = read_cache_integers<std::uint32_t>(file, "hashes_low");
  if (high.size() != examples.size() || low.size() != examples.size()) {
    throw format_error(concat(file.name(), ": a reference cache of ", examples.size(),
                              " examples and ", high.size(), " and ", low.size(),
                              " halves of hashes"));
  }
  std::vector<reference_key> keys;
  std::vector<std::uint64_t> hashes;
  std::vector<std::size_t> offsets{0};
  for (std::size_t i = 0; i < examples.size(); ++i) {
    keys.push_back({examples[i], responses[i]});
    hashes.push_back(std::uint64_t{high[i]} << 32 | low[i]);
    offsets.push_back(offsets.back() + static_cast<std::size_t>(counts[i]));
  }
  try {
    return {keys, hashes, offsets, read_cache_tensor(file, "values")};
  } catch (const error& cause) {
    throw format_error(concat(file.name(), ": ", cause.what()));
  }
}

}  // namespace detail

/// Writes a cache, as a whole or not at all. Throws io_error.
inline void save_reference_cache(const std::filesystem::path& path, const reference_cache& cache,
                                 const std::string& key) {
  const std::size_t count = cache.size();  // S
  std::vector<double> examples, responses, counts, high, low;
  for (std::size_t i = 0; i < count; ++i) {
    examples.push_back(cache.keys()[i].example);
    responses.push_back(cache.keys()[i].response_index);
    counts.push_back(static_cast<double>(cache.offsets()[i + 1] - cache.offsets()[i]));
    high.push_back(static_cast<double>(cache.token_hashes()[i] >> 32));
    low.push_back(static_cast<double>(cache.token_hashes()[i] & 0xffffffff));
  }
  const std::vector<named_tensor<double>> tensors{
      {"examples", {count}, examples}, {"responses", {count}, responses},
      {"counts", {count}, counts},     {"hashes_high", {count}, high},
      {"hashes_low", {count}, low},    {"values", {cache.values().size()}, cache.values()}};
  fingerprint sum;
  for (const auto& tensor : tensors) sum.add(tensor.values);
  write_safetensors<double>(
      path, tensors,
      {{detail::reference_key_name, key}, {detail::reference_checksum_name, sum.hex()}});
}

/// The cache at `path`, bit for bit as it was saved; empty if there is no file (or a dangling
/// symbolic link), or one with another key: compute the numbers again and replace the file. Throws
/// io_error if it cannot be read, and format_error if it is damaged or not a reference cache: a
/// file that may still be needed must not be replaced.
[[nodiscard]] inline std::optional<reference_cache> load_reference_cache(
    const std::filesystem::path& path, const std::string& key) {
  std::error_code ignored;
  if (std::filesystem::status(path, ignored).type() == std::filesystem::file_type::not_found)
    return std::nullopt;
  try {
    const safetensors_file file(path);
    const auto stored = file.metadata().find(detail::reference_key_name);
    if (stored == file.metadata().end())
      throw format_error(concat(file.name(), ": not a reference cache"));
    if (stored->second != key) return std::nullopt;
    return detail::read_reference_cache(file);
  } catch (const format_error& cause) {
    throw format_error(concat(
        cause.what(), "; remove it to recompute the reference's log-probs, or name another file"));
  }
}

}  // namespace prefopt::inline v0_2
