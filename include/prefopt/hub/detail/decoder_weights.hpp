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

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/formats/safetensors_writer.hpp"
#include "prefopt/formats/tensor_type.hpp"
#include "prefopt/hub/detail/check_finite.hpp"
#include "prefopt/hub/detail/decoder_names.hpp"
#include "prefopt/hub/save_options.hpp"
#include "prefopt/hub/sidecar_files.hpp"
#include "prefopt/io/atomic_file.hpp"
#include "prefopt/io/folders.hpp"
#include "prefopt/io/output_file.hpp"
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

/// Writes the weights as numbers of another type. `name`, the file's final one, begins messages.
/// Throws io_error, and value_error if a stored number would not be finite.
template <stored_number Stored, class Backend, class Parameters>
void write_weights(output_file& file, const std::string& name, const Backend& backend,
                   const Parameters& parameters, const std::vector<tensor_signature>& signatures) {
  using real = typename Backend::value_type;
  std::vector<real> values;
  std::vector<Stored> stored;
  write_safetensors<Stored>(file, signatures, torch_metadata(), [&](std::size_t i) {
    values.resize(parameters[i].value.size());
    backend.copy_to_host(std::span<const real>(parameters[i].value), std::span(values));
    stored.resize(values.size());
    std::ranges::transform(values, stored.begin(),
                           [](real value) { return Stored(static_cast<float>(value)); });
    if (const std::size_t at = first_not_finite(std::span<const Stored>(stored));
        at != stored.size()) {
      const auto exact = static_cast<float>(values[at]);
      const bool is_beyond = first_not_finite(std::span(&exact, 1)) == 1;
      throw value_error(concat(name, ": tensor ", signatures[i].name, " would hold ",
                               describe_value(static_cast<float>(stored[at])), " at ",
                               describe_location(at, signatures[i].shape),
                               is_beyond ? concat(" for ", exact, ", which float32 can hold")
                                         : ", which could not be read back"));
    }
    return std::span<const Stored>(stored);
  });
}

/// Writes config.json's text, the model files and, last, the weights to a folder, which is created
/// if it does not exist. Each file is replaced as a whole or not at all; a symbolic link, as in the
/// hub's cache, becomes a plain file. Throws io_error, and value_error if a weight would not be
/// finite.
template <class Backend, class Parameters>
void write_decoder_folder(const Backend& backend, const Parameters& parameters,
                          const tensor_names& names, const std::string& config, weight_type dtype,
                          const std::vector<carried_file>& files,
                          const std::filesystem::path& folder) {
  (void)make_folders(folder);
  write_file_atomically(folder / "config.json", config, links::replace);
  for (const carried_file& file : files) {
    const auto path = folder / file.name;
    (void)make_folders(path.parent_path());
    write_file_atomically(path, file.content, links::replace);
  }

  std::vector<tensor_signature> signatures;
  for (const auto& tensor : parameters)
    signatures.push_back({stored_name(tensor.name, names), tensor.shape});
  atomic_file file(folder / "model.safetensors", links::replace);
  const std::string name = without_temporary_names(folder / "model.safetensors").native();
  if (dtype == weight_type::bfloat16)
    write_weights<bfloat16>(file.file(), name, backend, parameters, signatures);
  else
    write_weights<float>(file.file(), name, backend, parameters, signatures);
  file.commit();
}

}  // namespace prefopt::inline v0_2::detail
