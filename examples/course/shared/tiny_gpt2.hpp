// SPDX-License-Identifier: MIT
#pragma once
// Replaces a download in the lessons that train from a folder: a tiny GPT-2 and four pairs, in a
// scratch folder.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <prefopt/eigen.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/tokenizers.hpp>

namespace course {

/// A new folder, removed when the lesson ends.
struct scratch_folder {
  scratch_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "prefopt_lesson_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path = name;
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }

  std::filesystem::path path;
};

/// Writes config.json, model.safetensors and the tokenizer's files: two layers of random weights,
/// one token per byte.
inline void write_tiny_gpt2(const std::filesystem::path& folder) {
  const prefopt::eigen_backend<float> backend;
  auto model = prefopt::gpt2(
      backend, {.n_layer = 2, .n_head = 2, .n_embd = 32, .vocab_size = 257, .n_positions = 64});
  prefopt::initialize(model, 1);
  prefopt::save_model(model, prefopt::gpt2_tokenizer::byte_level(), folder);
}

/// Writes pairs, one JSON object per line. The shorter answer is the better one.
inline void write_short_answers(const std::filesystem::path& file) {
  std::ofstream(file)
      << R"({"prompt": "Is it late?", "chosen": " Yes.", "rejected": " It may well be, I believe."}
{"prompt": "Is it cold?", "chosen": " No.", "rejected": " That depends on what you call cold."}
{"prompt": "Are we there?", "chosen": " Soon.", "rejected": " Well, let me see, there or thereabouts."}
{"prompt": "Who is it?", "chosen": " Me.", "rejected": " Somebody who stands at the door."}
)";
}

}  // namespace course
