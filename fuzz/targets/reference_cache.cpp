// SPDX-License-Identifier: MIT
// A file of a reference's log-probs. A cache that can be read is written and read again. Most
// inputs are sealed with the checksum that they need, which no fuzzer finds by chance.

#include <cstring>

#include <nlohmann/json.hpp>

#include "prefopt/runs/reference_cache_file.hpp"
#include "support.hpp"

using namespace prefopt;

namespace {

/// A safetensors file with the checksum of its tensors in its metadata; unchanged if it cannot have
/// one.
std::string sealed(const std::filesystem::path& path, const std::string& content) {
  std::string result = content;
  fuzz::refusal([&] {
    const safetensors_file file(path);
    fingerprint sum;
    for (const char* name : detail::reference_tensors)
      sum.add(std::span<const double>(detail::read_cache_tensor(file, name)));
    std::uint64_t length = 0;
    std::memcpy(&length, content.data(), sizeof length);
    nlohmann::json header = nlohmann::json::parse(content.substr(sizeof length, length));
    header["__metadata__"][detail::reference_checksum_name] = sum.hex();
    const std::string text = header.dump();
    const std::uint64_t now = text.size();
    result.assign(reinterpret_cast<const char*>(&now), sizeof now);
    result += text + content.substr(sizeof length + length);
  });
  return result;
}

bool same_bits(std::span<const double> a, std::span<const double> b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::scratch_folder folder;
  const std::string key = "0123456789abcdef0123456789abcdef";
  const std::string content(reinterpret_cast<const char*>(data), size);
  folder.put("cache.safetensors", content);
  if (size % 8 != 7) folder.put("cache.safetensors", sealed(folder / "cache.safetensors", content));
  fuzz::refusal([&] {
    const auto cache = load_reference_cache(folder / "cache.safetensors", key);
    if (!cache) return;
    save_reference_cache(folder / "again.safetensors", *cache, key);
    const auto refused = fuzz::refusal([&] {
      const auto again = load_reference_cache(folder / "again.safetensors", key);
      fuzz::must(again && again->size() == cache->size() && again->offsets() == cache->offsets() &&
                     again->token_hashes() == cache->token_hashes() &&
                     again->keys() == cache->keys() && same_bits(again->values(), cache->values()),
                 "a cache that is written comes back", "");
      fuzz::must(!load_reference_cache(folder / "again.safetensors", "another key"),
                 "another key finds nothing", "");
    });
    fuzz::must(!refused, "a cache that is written is read", refused.value_or(""));
  });
  return 0;
}
