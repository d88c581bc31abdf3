// SPDX-License-Identifier: MIT
#pragma once
// describe_foreign: identifies a file that is not of the expected kind.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

struct file_signature {
  std::string_view bytes;
  std::string_view meaning;
};

inline constexpr std::array file_signatures{
    file_signature{"version https://git-lfs",
                   "a git-lfs pointer, not the file itself (git lfs pull fetches it)"},
    file_signature{"PK\x03\x04", "a zip archive, as PyTorch's .bin and .pt files are"},
    file_signature{"\x80\x02", "a Python pickle, as old PyTorch files are"},
    file_signature{"\x80\x03", "a Python pickle"},
    file_signature{"\x80\x04", "a Python pickle"},
    file_signature{"\x80\x05", "a Python pickle"},
    file_signature{"\x93NUMPY", "a NumPy array"},
    file_signature{"GGUF", "a GGUF model"},
    file_signature{"\x89HDF", "an HDF5 file"},
    file_signature{"\x1f\x8b", "gzip data"},
    file_signature{"BZh", "bzip2 data"},
    file_signature{"\xfd\x37zXZ", "xz data"},
    file_signature{"7z\xbc\xaf", "a 7z archive"},
    file_signature{"\x28\xb5\x2f\xfd", "zstd data"},
    file_signature{"PAR1", "a Parquet file"},
    file_signature{"<!", "an HTML or XML page"},
    file_signature{"<html", "an HTML page"},
    file_signature{"<HTML", "an HTML page"},
    file_signature{"<head", "an HTML page"},
    file_signature{"<?xml", "an XML page"},
    file_signature{"Entry not found", "the Hugging Face Hub's answer that there is no such file"},
    file_signature{"Repository not found",
                   "the Hugging Face Hub's answer that there is no such model"},
    file_signature{"Invalid username or password",
                   "the Hugging Face Hub's answer that a login is needed"},
    file_signature{"Access to model",
                   "the Hugging Face Hub's answer that access must be requested"},
};

}  // namespace detail

/// The kind of a file, judged by its first bytes (a dozen or two are enough), if people often
/// supply that kind by mistake: a git-lfs pointer, a zip or pickle, GGUF, HTML, compressed data.
/// Empty if they match no such kind.
[[nodiscard]] inline std::string_view describe_foreign(std::string_view beginning) {
  if (beginning.empty()) return "an empty file";
  for (const auto& [bytes, meaning] : detail::file_signatures)
    if (beginning.starts_with(bytes)) return meaning;
  // A page may begin with blank lines; no other known kind does.
  const std::size_t text = beginning.find_first_not_of(" \t\r\n");
  if (text != 0 && text != beginning.npos && beginning[text] == '<')
    return describe_foreign(beginning.substr(text));
  return {};
}

}  // namespace prefopt::inline v0_2
