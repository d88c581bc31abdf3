// SPDX-License-Identifier: MIT
// prefopt init: a Hugging Face folder with a freshly initialized model, to try things out without a
// trained one. The sizes default to those of the smallest GPT-2, 124M parameters.

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include <prefopt/eigen.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/io/model_folder.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/tokenizers.hpp>
#include "command_line.hpp"
#include "commands.hpp"
#include "model_folders.hpp"

namespace program {

namespace {

/// Sizes that every family has.
struct sizes {
  std::size_t layers = 12, heads = 12, channels = 768, positions = 1024;
  std::size_t kv_heads = 0, head_size = 0, inner = 0, vocabulary = 0;  // 0: by default
};

/// Llama's proportion: 8/3 of the channels, rounded up to a multiple of 64.
std::size_t gated_inner(std::size_t channels) { return (channels * 8 / 3 + 63) / 64 * 64; }

void set(prefopt::gpt2_config& config, const sizes& sizes) {
  if (sizes.kv_heads != 0 && sizes.kv_heads != sizes.heads)
    throw prefopt::value_error("--n-kv-head: gpt2 has as many as heads; --family llama has fewer");
  if (sizes.head_size != 0 && sizes.head_size * sizes.heads != sizes.channels)
    throw prefopt::value_error(
        "--head-dim: gpt2's is n-embd divided by n-head; --family llama can have another");
  config.n_layer = sizes.layers;
  config.n_head = sizes.heads;
  config.n_embd = sizes.channels;
  config.n_inner = sizes.inner;
  config.n_positions = sizes.positions;
  config.vocab_size = sizes.vocabulary;
}

void set(prefopt::rotary_config& config, const sizes& sizes) {
  config.num_hidden_layers = sizes.layers;
  config.num_attention_heads = sizes.heads;
  config.num_key_value_heads = sizes.kv_heads;
  config.head_dim = sizes.head_size;
  config.hidden_size = sizes.channels;
  config.intermediate_size = sizes.inner != 0 ? sizes.inner : gated_inner(sizes.channels);
  config.max_position_embeddings = sizes.positions;
  config.vocab_size = sizes.vocabulary;
}

}  // namespace

int init(int argc, char** argv) {
  std::string output, tokenizer_folder, family = "gpt2";
  std::uint64_t seed = 42;
  sizes of;
  CLI::App app("Writes a Hugging Face folder with a randomly initialized model.", "prefopt init");
  app.option_defaults()->always_capture_default();
  app.add_option("--output", output, "Folder to write")->required();
  app.add_option("--family", family, "model_type of config.json")
      ->check(CLI::IsMember({"gpt2", "llama", "mistral", "qwen2", "qwen3", "smollm3"}));
  app.add_option(
      "--tokenizer", tokenizer_folder,
      "Folder with vocab.json and merges.txt, or tokenizer.json; without it, bytes are tokens");
  app.add_option("--n-layer", of.layers);
  app.add_option("--n-head", of.heads);
  app.add_option("--n-kv-head", of.kv_heads, "Key-value heads; 0: as many as heads");
  app.add_option("--head-dim", of.head_size, "Channels of a head; 0: n-embd / n-head");
  app.add_option("--n-embd", of.channels);
  app.add_option("--n-inner", of.inner,
                 "Channels of the feed-forward layer; 0: 4 n-embd (gpt2), or 8/3 n-embd rounded up "
                 "to a multiple of 64");
  app.add_option("--n-positions", of.positions);
  app.add_option("--vocab-size", of.vocabulary, "0: the tokenizer's");
  app.add_option("--seed", seed)->check(CLI::NonNegativeNumber);
  if (const auto status = parse(app, argc, argv)) return *status;

  if (const std::string name = prefopt::find_model_file(output); !name.empty())
    throw prefopt::value_error(prefopt::concat(output,
                                               ": already contains a model, or files of one (",
                                               name, "); expected another folder"));
  find_in_hub_cache({&tokenizer_folder}, stdout);
  const auto tokenizer = tokenizer_folder.empty() ? prefopt::gpt2_tokenizer::byte_level()
                                                  : prefopt::load_tokenizer(tokenizer_folder);
  const std::size_t tokens = tokenizer.vocabulary_size();
  if (of.vocabulary == 0) of.vocabulary = tokens;
  if (of.vocabulary < tokens)
    throw prefopt::value_error(
        prefopt::concat("--vocab-size ", of.vocabulary, ": the tokenizer has ", tokens, " tokens"));
  prefopt::model_config config = prefopt::default_config(family);
  std::visit([&](auto& one) { set(one, of); }, config);
  prefopt::eigen_backend<float> backend;
  prefopt::causal_lm model(backend, config);
  prefopt::initialize(model, seed);
  prefopt::save_model(model, tokenizer, output);
  return 0;
}

}  // namespace program
