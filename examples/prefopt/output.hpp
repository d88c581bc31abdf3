// SPDX-License-Identifier: MIT
#pragma once
// Destination of a command's results: a file that is replaced as a whole, or stdout.

#include <cstdio>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/io/atomic_file.hpp>

namespace program {

/// Writes a whole text to a file, or to stdout for "-". Throws io_error.
inline void write_output(const std::string& output, const std::string& text) {
  if (output != "-") return prefopt::write_file_atomically(output, text);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw prefopt::io_error("stdout: the output could not be written");
}

}  // namespace program
