// SPDX-License-Identifier: MIT
#pragma once
// Checksums of the files in a folder, as JSON: {"model.safetensors": {"bytes": 1024, "xxh3": "32
// hexadecimal digits"}}. They protect against damage by disks and copies, not against deliberate
// manipulation.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/io/input_file.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/runs/fingerprint.hpp"

namespace prefopt::inline v0_2 {

/// XXH3 (128 bits) of a file's bytes as 32 hexadecimal digits, as printed by `xxhsum -H2`. Throws
/// io_error.
[[nodiscard]] inline std::string checksum_of(const std::filesystem::path& path) {
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  input_file file(path);
  fingerprint hash;
  while (const std::size_t count = file.read_some(buffer))
    hash.add_bytes(std::span(buffer).first(count));
  return hash.hex();
}

/// The checksums of all files in a folder and its subfolders, except one file directly in it.
/// Throws io_error.
[[nodiscard]] nlohmann::json checksums_of(const std::filesystem::path& folder,
                                          std::string_view except = "");

/// Throws format_error, naming the file, if a file listed in `files` is missing from the folder or
/// has other bytes; io_error if it cannot be read, which leaves its state unknown. Files that are
/// not listed do not matter.
void verify_checksums(const std::filesystem::path& folder, const json_object& files);

/// A JSON object with a member `checksum` of all its other members. A changed number in its file is
/// detected; changed white space is not.
[[nodiscard]] nlohmann::json with_checksum(nlohmann::json object);

/// Throws format_error if an object's `checksum` is missing or does not match its other members.
void verify_checksum(const json_object& object);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/runs/detail/checksums_definitions.hpp"
#endif
