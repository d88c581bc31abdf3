// SPDX-License-Identifier: MIT
// config.json, of a language model and of a scalar one, with the keys that are carried along. What
// is written matches what was read.

#include "prefopt/hub/model_config_json.hpp"
#include "prefopt/hub/sidecar_files.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/nn/layout.hpp"
#include "support.hpp"

using namespace prefopt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::scratch_folder folder;
  folder.put("config.json", {reinterpret_cast<const char*>(data), size});
  const auto comes_back = [&](auto read, auto parse, auto write) {
    fuzz::refusal([&] {
      const decoder_spec spec = read(folder.path());
      const sidecar_files sidecars = read_sidecar_files(folder.path());
      if (spec.shape.layers.size() <= 8) (void)decoder_layout(spec).tensors().size();
      const std::string written = write(spec, sidecars.config);
      const auto refused = fuzz::refusal([&] {
        const decoder_spec again = describe(parse(parse_json(written, "again"), "again"));
        fuzz::must(again.model_type == spec.model_type && again.shape == spec.shape,
                   "a config that is written says what was read", written);
        fuzz::must(write(again, parse_json(written, "again")) == written,
                   "writing twice is writing once", written);
      });
      fuzz::must(!refused, "a config that is written is read", refused.value_or(""));
    });
  };
  comes_back([](const auto& path) { return read_model_config(path); }, parse_model_config,
             [](const auto& spec, const auto& config) { return write_model_config(spec, config); });
  comes_back(
      [](const auto& path) { return read_scalar_model_config(path); }, parse_scalar_model_config,
      [](const auto& spec, const auto& config) { return write_scalar_model_config(spec, config); });
  return 0;
}
