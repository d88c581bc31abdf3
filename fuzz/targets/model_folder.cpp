// SPDX-License-Identifier: MIT
// A model's folder, as a language model and as a scalar one: config.json, then the weights. A model
// that loads can be saved and loads again with the same numbers.

#include <cstring>

#include "prefopt/eigen.hpp"
#include "prefopt/hub/load_model.hpp"
#include "prefopt/hub/load_scalar_model.hpp"
#include "support.hpp"

using namespace prefopt;

namespace {

template <class Load, class Save>
void comes_back(const fuzz::scratch_folder& folder, Load load, Save save) {
  fuzz::refusal([&] {
    auto model = load(folder.path());
    save(model, folder / "again");
    const auto refused = fuzz::refusal([&] {
      auto again = load(folder / "again");
      const auto before = model.parameters(), after = again.parameters();
      fuzz::must(before.size() == after.size(), "a model that is saved loads whole", "");
      for (std::size_t i = 0; i < before.size(); ++i) {
        fuzz::must(before[i].name == after[i].name && before[i].shape == after[i].shape,
                   "parameters keep their names", "");
        fuzz::must(std::memcmp(before[i].value.data(), after[i].value.data(),
                               before[i].value.size_bytes()) == 0,
                   "weights come back bit for bit", before[i].name);
      }
    });
    fuzz::must(!refused, "a model that is saved loads", refused.value_or(""));
  });
  folder.remove("again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::scratch_folder folder;
  static const eigen_backend<float> backend;
  const auto [config, weights] = fuzz::input(data, size).parts<2>();
  folder.put("config.json", config);
  folder.put("model.safetensors", weights);
  comes_back(
      folder, [](const auto& path) { return load_model(backend, path); },
      [](const auto& model, const auto& path) { save_model(model, folder.path(), path); });
  comes_back(
      folder, [](const auto& path) { return load_scalar_model(backend, path); },
      [](const auto& model, const auto& path) { save_scalar_model(model, folder.path(), path); });
  return 0;
}
