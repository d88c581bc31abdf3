// SPDX-License-Identifier: MIT
#pragma once
// Shared code for reading and writing a decoder's folder, for any head: weights from an archive's
// tensors, and a folder from weights.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/formats/safetensors_writer.hpp"
#include "prefopt/hub/detail/check_finite.hpp"
#include "prefopt/hub/detail/decoder_names.hpp"
#include "prefopt/hub/sidecar_files.hpp"
#include "prefopt/io/atomic_file.hpp"
#include "prefopt/io/folders.hpp"
#include "prefopt/io/temporary_name.hpp"

namespace prefopt::inline v0_2::detail {

/// Throws format_error if a value is not finite.
template <class Real>
[[nodiscard]] std::vector<Real> read_tensor(const safetensors_archive::item& item) {
  std::vector<Real> values(item.entry->size());
  item.file->read(*item.entry, std::span(values));
  check_finite(item, std::span<const Real>(values));
  return values;
}

/// Fills parameters on their backend from as many tensors of the same shapes, in the same order.
template <class Backend, class Parameters>
void read_weights(const std::vector<safetensors_archive::item>& items, const Backend& backend,
                  const Parameters& parameters) {
  using real = typename Backend::value_type;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::vector<real> values = read_tensor<real>(items[i]);
    backend.copy_from_host(std::span<const real>(values), parameters[i].value);
  }
}

/// Writes config.json's text, the model files and, last, the weights as float32 to a folder, which
/// is created if it does not exist. Each file is replaced as a whole or not at all; a symbolic
/// link, as in the hub's cache, becomes a plain file. Throws io_error, and value_error if a weight
/// is not finite as float32.
template <class Backend, class Parameters>
void write_decoder_folder(const Backend& backend, const Parameters& parameters,
                          const tensor_names& names, const std::string& config,
                          const std::vector<carried_file>& files,
                          const std::filesystem::path& folder) {
  (void)make_folders(folder);
  write_file_atomically(folder / "config.json", config, links::replace);
  for (const carried_file& file : files) {
    const auto path = folder / file.name;
    (void)make_folders(path.parent_path());
    write_file_atomically(path, file.content, links::replace);
  }

  using real = typename Backend::value_type;
  std::vector<tensor_signature> signatures;
  for (const auto& tensor : parameters)
    signatures.push_back({stored_name(tensor.name, names), tensor.shape});
  std::vector<real> values;
  std::vector<float> stored;
  atomic_file file(folder / "model.safetensors", links::replace);
  write_safetensors<float>(file.file(), signatures, torch_metadata(), [&](std::size_t i) {
    values.resize(parameters[i].value.size());
    backend.copy_to_host(std::span<const real>(parameters[i].value), std::span(values));
    stored.assign(values.size(), 0);
    std::ranges::transform(values, stored.begin(),
                           [](real value) { return static_cast<float>(value); });
    if (const std::size_t at = first_not_finite(std::span<const float>(stored));
        at != stored.size()) {
      throw value_error(
          concat(without_temporary_names(folder / "model.safetensors").native(), ": tensor ",
                 signatures[i].name, " would hold ", describe_value(stored[at]), " at ",
                 describe_location(at, signatures[i].shape), ", which could not be read back"));
    }
    return std::span<const float>(stored);
  });
  file.commit();
}

}  // namespace prefopt::inline v0_2::detail
