// SPDX-License-Identifier: MIT
#pragma once
// Shared by the fuzz targets: an input cut into parts, files in memory, and the promises that every
// reader makes. A broken promise ends the process, and the fuzzer keeps the input.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <stdlib.h>
#include <unistd.h>

#include "prefopt/core/error.hpp"

namespace prefopt::fuzz {

inline constexpr std::size_t longest_message = 2000;

/// Ends the process if a promise does not hold.
inline void must(bool holds, std::string_view promise, std::string_view seen = {}) {
  if (holds) return;
  std::fprintf(stderr, "BROKEN: %.*s: %.*s\n", static_cast<int>(promise.size()), promise.data(),
               static_cast<int>(seen.size()), seen.data());
  std::abort();
}

/// A folder that only this process writes to, in memory if the system supports it; removed at exit.
class scratch_folder {
 public:
  scratch_folder() {
    std::error_code ignored;
    const bool in_memory =
        std::filesystem::is_directory("/dev/shm", ignored) && ::access("/dev/shm", W_OK) == 0;
    std::string name =
        (in_memory ? std::string("/dev/shm") : std::filesystem::temp_directory_path().native());
    name += "/prefopt_fuzz_XXXXXX";
    must(::mkdtemp(name.data()) != nullptr, "a scratch folder can be made", name);
    path_ = name;
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

  void put(std::string_view name, std::string_view content) const {
    std::FILE* file = std::fopen((path_ / name).c_str(), "wb");
    must(file != nullptr, "a scratch file can be opened", name);
    const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
    must(std::fclose(file) == 0 && written, "a scratch file can be written", name);
  }

  [[nodiscard]] std::string get(std::string_view name) const {
    std::ifstream file(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void remove(std::string_view name) const {
    std::error_code ignored;
    std::filesystem::remove_all(path_ / name, ignored);
  }

 private:
  std::filesystem::path path_;
};

/// Messages are one line, printable, and fit on a screen.
inline void check_message(std::string_view message) {
  must(!message.empty() && message.size() <= longest_message, "a message has 1 to 2000 bytes",
       message.substr(0, longest_message));
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    must(byte >= 0x20 && byte != 0x7f, "a message holds no control character", message);
  }
}

/// Runs `read`, which may throw only prefopt::error, and returns the error's message. Anything else
/// goes to the fuzzer.
template <class Read>
std::optional<std::string> refusal(Read&& read) {
  try {
    read();
    return std::nullopt;
  } catch (const error& cause) {
    check_message(cause.what());
    return cause.what();
  }
}

/// An input: a first byte that says how to use the rest, and the rest, in parts if a target needs
/// several. A part ends at the byte 0x1e (ASCII's record separator), which no valid JSON contains;
/// the last part may contain it.
class input {
 public:
  input(const std::uint8_t* data, std::size_t size)
      : bytes_(reinterpret_cast<const char*>(data), size), mode_(size == 0 ? 0 : data[0]) {}

  [[nodiscard]] bool has(unsigned bit) const { return (mode_ >> bit & 1) != 0; }
  [[nodiscard]] unsigned mode(unsigned count) const { return mode_ % count; }
  [[nodiscard]] std::string_view all() const { return bytes_; }
  [[nodiscard]] std::string_view rest() const { return bytes_.substr(bytes_.empty() ? 0 : 1); }

  /// A missing part is empty.
  template <std::size_t Count>
  [[nodiscard]] std::array<std::string_view, Count> parts() const {
    std::array<std::string_view, Count> parts{};
    std::string_view left = rest();
    for (std::size_t i = 0; i < Count; ++i) {
      const std::size_t end = i + 1 < Count ? left.find('\x1e') : left.npos;
      parts[i] = left.substr(0, end);
      left = end == left.npos ? std::string_view() : left.substr(end + 1);
    }
    return parts;
  }

 private:
  std::string_view bytes_;
  unsigned mode_;
};

}  // namespace prefopt::fuzz

/// The function that libFuzzer calls; each target defines it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
