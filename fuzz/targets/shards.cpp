// SPDX-License-Identifier: MIT
// model.safetensors.index.json next to three shards. What is read is what the shards contain.

#include <span>

#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/formats/safetensors_writer.hpp"
#include "prefopt/hub/decoder_tensors.hpp"
#include "prefopt/models/gpt2.hpp"
#include "support.hpp"

using namespace prefopt;

namespace {

/// Shards a and b hold tensors of ones; c holds one of a's again, so no index may name both.
void put_shards(const fuzz::scratch_folder& folder) {
  const std::vector<float> ones(4, 1.0F);
  write_safetensors<float>(folder / "a", {{"t1", {2, 2}, ones}, {"wte.weight", {2, 2}, ones}});
  write_safetensors<float>(folder / "b", {{"t3", {4}, ones}});
  write_safetensors<float>(folder / "c", {{"t1", {4}, ones}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::scratch_folder folder;
  static const bool ready = (put_shards(folder), true);
  (void)ready;
  folder.put("model.safetensors.index.json", {reinterpret_cast<const char*>(data), size});
  fuzz::refusal([&] {
    const auto archive = safetensors_archive::from_folder(folder.path());
    for (const auto& [name, item] : archive.tensors()) {
      std::vector<float> values(item.entry->size());
      item.file->read(*item.entry, std::span(values));
      for (const float value : values) fuzz::must(value == 1, "a shard's numbers are read", name);
    }
    const gpt2_config config{
        .n_layer = 1, .n_head = 1, .n_embd = 2, .vocab_size = 2, .n_positions = 2};
    fuzz::refusal([&] { (void)find_tensors(archive, describe(config)); });
    fuzz::refusal([&] { (void)find_scalar_tensors(archive, describe(config)); });
  });
  return 0;
}
