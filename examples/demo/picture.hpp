// SPDX-License-Identifier: MIT
#pragma once
// The curves of a run as a picture, drawn by gnuplot.

#include <filesystem>

namespace demo {

enum class drawing { done, no_gnuplot, failed };

/// Draws `folder`/curves.svg from the logs under `folder`, with demo/curves.gp. Throws
/// prefopt::io_error if no process can be started.
[[nodiscard]] drawing draw_curves(const std::filesystem::path& folder);

}  // namespace demo
