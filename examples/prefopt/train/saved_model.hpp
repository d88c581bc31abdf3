// SPDX-License-Identifier: MIT
#pragma once
// Whether a trained model's folder holds what a checkpoint holds, in the type that it was saved in.

#include <filesystem>

#include <prefopt/hub/save_options.hpp>

namespace program {

/// Throws format_error, naming the file, unless the folder's config.json is the checkpoint's with
/// that type.
void check_saved_config(const std::filesystem::path& folder,
                        const std::filesystem::path& checkpoint, prefopt::weight_type dtype);

/// Throws format_error or io_error, naming the file, unless the folder's weights are the
/// checkpoint's, rounded to that type.
void check_saved_weights(const std::filesystem::path& folder,
                         const std::filesystem::path& checkpoint, prefopt::weight_type dtype);

}  // namespace program
