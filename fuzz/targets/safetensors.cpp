// SPDX-License-Identifier: MIT
// A safetensors file. The tensors read are within the file, and survive writing and reading.

#include <cmath>
#include <cstring>
#include <span>

#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/formats/safetensors_writer.hpp"
#include "support.hpp"

using namespace prefopt;

namespace {

/// The tensors as numbers. Integer tensors have none, and reading them says so.
std::vector<std::pair<const safetensors_entry*, std::vector<double>>> values_of(
    const safetensors_archive& archive, std::size_t file_size) {
  std::vector<std::pair<const safetensors_entry*, std::vector<double>>> tensors;
  std::uint64_t bytes = 0;
  for (const auto& named : archive.tensors()) {
    const safetensors_archive::item& item = named.second;
    const safetensors_entry& entry = *item.entry;
    bytes += entry.end - entry.begin;
    fuzz::must(entry.begin <= entry.end && bytes <= file_size, "tensors lie within the file", "");
    std::vector<double> values(entry.size());
    std::vector<float> narrow(entry.size());
    const auto refused = fuzz::refusal([&] { item.file->read(entry, std::span(values)); });
    const auto refused_too = fuzz::refusal([&] { item.file->read(entry, std::span(narrow)); });
    fuzz::must(refused == refused_too, "float and double are read alike", refused.value_or(""));
    if (refused) continue;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool alike = std::isnan(values[i]) ? std::isnan(narrow[i])
                                               : static_cast<float>(values[i]) == narrow[i];
      fuzz::must(alike, "a tensor's floats are its doubles", "");
    }
    tensors.emplace_back(&entry, std::move(values));
  }
  return tensors;
}

void comes_back(
    const fuzz::scratch_folder& folder,
    const std::vector<std::pair<const safetensors_entry*, std::vector<double>>>& tensors) {
  std::vector<named_tensor<double>> written;
  for (const auto& [entry, values] : tensors)
    written.push_back({entry->name, entry->shape, values});
  write_safetensors<double>(folder / "again.safetensors", written);
  const safetensors_file again(folder / "again.safetensors");
  fuzz::must(again.tensors().size() == written.size(), "as many tensors are read as were written",
             "");
  for (const auto& tensor : written) {
    const safetensors_entry* entry = again.find(tensor.name);
    fuzz::must(entry != nullptr && entry->shape == tensor.shape, "a written tensor is there", "");
    std::vector<double> values(entry->size());
    again.read(*entry, std::span(values));
    fuzz::must(values.empty() || std::memcmp(values.data(), tensor.values.data(),
                                             values.size() * sizeof(double)) == 0,
               "a written tensor comes back bit for bit", "");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::scratch_folder folder;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  folder.put("model.safetensors", bytes);
  fuzz::refusal([&] {
    const auto archive = safetensors_archive::from_folder(folder.path());
    comes_back(folder, values_of(archive, size));
  });
  // The header alone, for data of any length.
  if (size > 10)
    fuzz::refusal([&] {
      (void)parse_safetensors_header(bytes.substr(8), "header", data[0] + 256U * data[1]);
    });
  return 0;
}
