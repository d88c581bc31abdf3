// SPDX-License-Identifier: MIT

#include "train/saved_model.hpp"

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/core/bfloat16.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/formats/safetensors_archive.hpp>
#include <prefopt/formats/tensor_type.hpp>
#include <prefopt/io/json.hpp>
#include <prefopt/io/model_folder.hpp>
#include <prefopt/io/printable.hpp>
#include <prefopt/io/read_file.hpp>

namespace program {
namespace {

namespace fs = std::filesystem;
using prefopt::concat;
using prefopt::weight_type;

nlohmann::json config_in(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  if (!fs::exists(path)) throw prefopt::format_error(concat(path.native(), ": is missing"));
  return prefopt::parse_json(prefopt::read_file(path), path.native());
}

std::vector<float> values_of(const prefopt::safetensors_archive::item& item) {
  std::vector<float> values(item.entry->size());
  item.file->read(*item.entry, std::span(values));
  return values;
}

}  // namespace

void check_saved_config(const fs::path& folder, const fs::path& checkpoint, weight_type dtype) {
  nlohmann::json expected = config_in(checkpoint);
  for (const char* key : {"torch_dtype", "dtype"})
    if (expected.contains(key)) expected[key] = prefopt::name_of(dtype);
  if (config_in(folder) != expected)
    throw prefopt::format_error(concat((folder / "config.json").native(),
                                       ": is not the checkpoint's with weights of ",
                                       prefopt::name_of(dtype)));
}

void check_saved_weights(const fs::path& folder, const fs::path& checkpoint, weight_type dtype) {
  if (!prefopt::has_weights(folder))
    throw prefopt::format_error(concat((folder / "model.safetensors").native(), ": is missing"));
  const auto saved = prefopt::safetensors_archive::from_folder(folder);
  const auto exact = prefopt::safetensors_archive::from_folder(checkpoint);
  const bool is_rounded = dtype == weight_type::bfloat16;
  const auto type = is_rounded ? prefopt::bfloat16_type : prefopt::float32_type;
  const auto differs = [&](const std::string& name) {
    return prefopt::format_error(concat(saved.name(), ": tensor ", prefopt::printable(name),
                                        " is not the checkpoint's as ", prefopt::name_of(dtype)));
  };
  for (const auto& [name, item] : saved.tensors())
    if (!exact.tensors().contains(name)) throw differs(name);
  for (const auto& [name, item] : exact.tensors()) {
    const auto at = saved.tensors().find(name);
    if (at == saved.tensors().end() || at->second.entry->type != type ||
        at->second.entry->shape != item.entry->shape)
      throw differs(name);
    std::vector<float> expected = values_of(item);
    if (is_rounded)
      for (float& value : expected) value = static_cast<float>(prefopt::bfloat16(value));
    if (values_of(at->second) != expected) throw differs(name);
  }
}

}  // namespace program
