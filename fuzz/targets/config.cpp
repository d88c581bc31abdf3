// SPDX-License-Identifier: MIT
// config.json, of a language model and of a scalar one, with the keys that are carried along. What
// is written matches what was read.

#include "prefopt/hub/gpt2_config_json.hpp"
#include "prefopt/hub/sidecar_files.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/models/gpt2.hpp"
#include "prefopt/nn/layout.hpp"
#include "support.hpp"

using namespace prefopt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::scratch_folder folder;
  folder.put("config.json", {reinterpret_cast<const char*>(data), size});
  const auto comes_back = [&](auto read, auto parse, auto write) {
    fuzz::refusal([&] {
      const gpt2_config config = read(folder.path());
      const sidecar_files sidecars = read_sidecar_files(folder.path());
      if (config.n_layer <= 8) (void)decoder_layout(describe(config)).tensors().size();
      const std::string written = write(config, sidecars.config);
      const auto refused = fuzz::refusal([&] {
        const gpt2_config again = parse(parse_json(written, "again"), "again");
        fuzz::must(again == config, "a config that is written says what was read", written);
        fuzz::must(write(again, parse_json(written, "again")) == written,
                   "writing twice is writing once", written);
      });
      fuzz::must(!refused, "a config that is written is read", refused.value_or(""));
    });
  };
  comes_back([](const auto& path) { return read_gpt2_config(path); }, parse_gpt2_config,
             write_gpt2_config);
  comes_back([](const auto& path) { return read_gpt2_scalar_config(path); },
             parse_gpt2_scalar_config, write_gpt2_scalar_config);
  return 0;
}
