// SPDX-License-Identifier: MIT
#pragma once
// Shared code for reading and writing a decoder's folder, for any head: weights from an archive's
// tensors, and a folder from weights.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/formats/safetensors_shards.hpp"
#include "prefopt/formats/safetensors_writer.hpp"
#include "prefopt/formats/tensor_type.hpp"
#include "prefopt/hub/detail/check_finite.hpp"
#include "prefopt/hub/detail/decoder_names.hpp"
#include "prefopt/hub/detail/weight_files.hpp"
#include "prefopt/hub/save_options.hpp"
#include "prefopt/hub/sidecar_files.hpp"
#include "prefopt/io/atomic_file.hpp"
#include "prefopt/io/folders.hpp"
#include "prefopt/io/model_folder.hpp"
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

/// Writes some of the parameters as numbers of another type. `name`, the file's, begins messages.
/// Throws io_error, and value_error if a stored number would not be finite.
template <stored_number Stored, class Backend, class Parameters>
void write_weights(output_file& file, const std::string& name, const Backend& backend,
                   const Parameters& parameters, const std::vector<tensor_signature>& signatures,
                   const std::vector<std::size_t>& chosen) {
  using real = typename Backend::value_type;
  std::vector<tensor_signature> tensors;
  for (const std::size_t i : chosen) tensors.push_back(signatures[i]);
  std::vector<real> values;
  std::vector<Stored> stored;  // empty if the backend's numbers are of that type
  write_safetensors<Stored>(file, tensors, torch_metadata(), [&](std::size_t i) {
    const auto& value = parameters[chosen[i]].value;
    values.resize(value.size());
    backend.copy_to_host(std::span<const real>(value), std::span(values));
    const auto to_write = [&]() -> std::span<const Stored> {
      if constexpr (std::is_same_v<Stored, real>) {
        return values;
      } else {
        stored.resize(values.size());
        std::ranges::transform(values, stored.begin(),
                               [](real one) { return Stored(static_cast<float>(one)); });
        return stored;
      }
    }();
    if (const std::size_t at = first_not_finite(to_write); at != to_write.size()) {
      const auto exact = static_cast<float>(values[at]);
      const bool is_beyond = first_not_finite(std::span(&exact, 1)) == 1;
      throw value_error(concat(name, ": tensor ", tensors[i].name, " would hold ",
                               describe_value(static_cast<float>(to_write[at])), " at ",
                               describe_location(at, tensors[i].shape),
                               is_beyond ? concat(" for ", exact, ", which float32 can hold")
                                         : ", which could not be read back"));
    }
    return to_write;
  });
}

/// Writes config.json's text, the model files and the weights to a folder, which is created if it
/// does not exist; weights that were there are removed. The new weights are on the disk before
/// anything is replaced, and take their names last. Each other file is replaced as a whole or not
/// at all; a symbolic link, as in the hub's cache, becomes a plain file. Throws io_error, and
/// value_error if a weight would not be finite.
template <class Backend, class Parameters>
void write_decoder_folder(const Backend& backend, const Parameters& parameters,
                          const tensor_names& names, const std::string& config,
                          const std::vector<carried_file>& files,
                          const std::filesystem::path& folder, weight_type dtype,
                          std::uint64_t max_shard_size) {
  if (max_shard_size == 0) throw value_error("max_shard_size is 0 bytes, expected at least 1");
  std::vector<tensor_signature> signatures;
  for (const auto& tensor : parameters)
    signatures.push_back({stored_name(tensor.name, names), tensor.shape});
  const bool is_short = dtype == weight_type::bfloat16;
  const std::vector<safetensors_shard> shards =
      plan_shards(signatures, is_short ? bfloat16_type : float32_type, max_shard_size);

  (void)make_folders(folder);
  weight_files weights(folder, shards.size());
  for (const safetensors_shard& shard : shards) {
    const std::string path = without_temporary_names(folder / shard.name).native();
    weights.prepare(shard.name, [&](output_file& file) {
      if (is_short)
        write_weights<bfloat16>(file, path, backend, parameters, signatures, shard.tensors);
      else
        write_weights<float>(file, path, backend, parameters, signatures, shard.tensors);
    });
  }
  if (shards.size() > 1)
    weights.prepare(weights_index,
                    [&](output_file& file) { file.write(write_shard_index(signatures, shards)); });

  write_file_atomically(folder / "config.json", config, links::replace);
  for (const carried_file& file : files) {
    const auto path = folder / file.name;
    (void)make_folders(path.parent_path());
    write_file_atomically(path, file.content, links::replace);
  }
  weights.commit();
}

}  // namespace prefopt::inline v0_2::detail
