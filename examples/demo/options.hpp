// SPDX-License-Identifier: MIT
#pragma once
// The command line of prefopt_demo.

#include <cstdint>
#include <optional>
#include <string>

namespace demo {

/// The command line, checked. The defaults take about twenty seconds on one core.
struct options {
  std::string data = PREFOPT_EXAMPLES_DIR "/data";  ///< holds the pairs and the tokenizer
  std::string output = "out/demo";
  int threads = 1;
  std::uint64_t seed = 42;
  std::int64_t sft_steps = 1200;
  std::int64_t dpo_steps = 250;
};

/// Either options, or the status to exit with: after --help, or after a message on stderr about
/// what was wrong.
struct parsed {
  std::optional<options> value;
  int status = 0;
};

[[nodiscard]] parsed parse(int argc, char** argv);

}  // namespace demo
