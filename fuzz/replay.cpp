// SPDX-License-Identifier: MIT
// replay PLACE...: runs a target once over files and the files in folders, for compilers without
// libFuzzer.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>
#include <unistd.h>

#include "support.hpp"

namespace {

bool finished = false;

void run(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  // of exactly its size, for AddressSanitizer
  const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  // the last line names the input that crashed
  std::fprintf(stderr, "%s\n", path.c_str());
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::atexit([] {
    if (!finished) ::_exit(1);  // the target ended the process
  });
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    const std::filesystem::path path(argv[i]);
    if (!std::filesystem::is_directory(path)) {
      run(path);
      ++count;
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      run(entry.path());
      ++count;
    }
  }
  finished = true;
  std::printf("%zu inputs\n", count);
  return count == 0 ? 1 : 0;
}
