// SPDX-License-Identifier: MIT
// prefopt init: a Hugging Face folder with a freshly initialized GPT-2, to try things out without a
// trained model. The sizes default to GPT-2's smallest, 124M parameters.

#include <cstdint>
#include <string>

#include <prefopt/eigen.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/io/model_folder.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/tokenizers.hpp>
#include "command_line.hpp"
#include "commands.hpp"

namespace program {

int init(int argc, char** argv) {
  prefopt::gpt2_config config;
  std::string output, tokenizer_folder;
  std::uint64_t seed = 42;
  CLI::App app("Writes a Hugging Face folder with a randomly initialized GPT-2.", "prefopt init");
  app.option_defaults()->always_capture_default();
  app.add_option("--output", output, "Folder to write")->required();
  app.add_option(
      "--tokenizer", tokenizer_folder,
      "Folder with vocab.json and merges.txt, or tokenizer.json; without it, bytes are tokens");
  app.add_option("--n-layer", config.n_layer);
  app.add_option("--n-head", config.n_head);
  app.add_option("--n-embd", config.n_embd);
  app.add_option("--n-positions", config.n_positions);
  app.add_option("--seed", seed)->check(CLI::NonNegativeNumber);
  if (const auto status = parse(app, argc, argv)) return *status;

  if (const std::string name = prefopt::find_model_file(output); !name.empty())
    throw prefopt::value_error(prefopt::concat(output,
                                               ": already contains a model, or files of one (",
                                               name, "); expected another folder"));
  const auto tokenizer = tokenizer_folder.empty() ? prefopt::gpt2_tokenizer::byte_level()
                                                  : prefopt::load_tokenizer(tokenizer_folder);
  config.vocab_size = tokenizer.vocabulary_size();
  prefopt::eigen_backend<float> backend;
  auto model = prefopt::gpt2(backend, config);
  prefopt::initialize(model, seed);
  prefopt::save_model(model, tokenizer, output);
  return 0;
}

}  // namespace program
