// SPDX-License-Identifier: MIT
// A file of a reference's log-probs. What is read is written and read again.

#include "prefopt/io/reference_cache_file.hpp"
#include "support.hpp"

using namespace prefopt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::scratch_folder folder;
  const std::string key = "0123456789abcdef0123456789abcdef";
  folder.put("cache.safetensors", {reinterpret_cast<const char*>(data), size});
  fuzz::refusal([&] {
    const auto cache = load_reference_cache(folder / "cache.safetensors", key);
    if (!cache) return;
    save_reference_cache(folder / "again.safetensors", *cache, key);
    const auto refused = fuzz::refusal([&] {
      const auto again = load_reference_cache(folder / "again.safetensors", key);
      fuzz::must(again && again->size() == cache->size() && again->offsets() == cache->offsets() &&
                     again->token_hashes() == cache->token_hashes() && again->values().size() == cache->values().size(),
                 "a cache that is written comes back", "");
      fuzz::must(!load_reference_cache(folder / "again.safetensors", "another key"), "another key finds nothing", "");
    });
    fuzz::must(!refused, "a cache that is written is read", refused.value_or(""));
  });
  return 0;
}
