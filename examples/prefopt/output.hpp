// SPDX-License-Identifier: MIT
#pragma once
// Destination of a command's results: a file that is replaced as a whole, or stdout.

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include <prefopt/core/error.hpp>
#include <prefopt/io/atomic_file.hpp>

namespace program {

/// Throws io_error if the output cannot be written, before the work that makes it, and value_error
/// if it is the input.
inline void check_output(const std::string& output, const std::string& input) {
  if (output == "-") return;
  std::error_code ignored;
  if (std::filesystem::equivalent(output, input, ignored))
    throw prefopt::value_error(prefopt::concat(output, ": is the input, expected another file"));
  const prefopt::atomic_file probe(output);
}

/// Writes a whole text to a file, or to stdout for "-". Throws io_error.
inline void write_output(const std::string& output, const std::string& text) {
  if (output != "-") return prefopt::write_file_atomically(output, text);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw prefopt::io_error("stdout: the output could not be written");
}

}  // namespace program
