// SPDX-License-Identifier: MIT
#pragma once
// scratch_folder: an empty folder for one test, removed at its end; and small helpers for tests
// that work on files.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <boost/test/unit_test.hpp>

#include <stdlib.h>

namespace prefopt_test {

class scratch_folder {
 public:
  scratch_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "prefopt-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a scratch folder");
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

 private:
  std::filesystem::path path_;
};

/// Writes a file with std only, so that the tested code does not make its own input.
inline std::filesystem::path put(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

/// Reads a file with std only.
inline std::string get(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Whether an error's message is one line that holds all the pieces: for BOOST_CHECK_EXCEPTION.
template <class... Pieces>
auto says(Pieces... pieces) {
  return [=](const std::exception& failure) {
    const std::string_view text = failure.what();
    const bool all = ((text.find(pieces) != text.npos) && ...);
    if (!all) BOOST_TEST_MESSAGE("the message was: " << text);
    return all && text.find('\n') == text.npos;
  };
}

}  // namespace prefopt_test
