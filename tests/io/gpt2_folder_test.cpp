// SPDX-License-Identifier: MIT
// GPT-2 folders: what is written is read again, and what is wrong with one is said.

#include "prefopt/io/gpt2_folder.hpp"

#include <boost/test/unit_test.hpp>

#include "files/scratch_folder.hpp"
#include "io/gpt2_folders.hpp"
#include "prefopt/text/gpt2_tokenizer.hpp"

namespace fs = std::filesystem;
using prefopt::error;
using prefopt::gpt2_config;
using namespace prefopt_test;

namespace {

using model = prefopt::gpt2<machine_type>;

void same_weights(const model& a, const model& b) { prefopt_test::same_weights(a.parameters(), b.parameters()); }

/// A folder that holds the tiny model.
struct model_folder : scratch_folder {
  explicit model_folder(const gpt2_config& config = tiny) {
    prefopt::save_gpt2(make_model<model>(config), prefopt::gpt2_companions{}, path());
  }
  [[nodiscard]] model load() const { return prefopt::load_gpt2(machine(), path()); }
  void refused(auto... why) const { BOOST_CHECK_EXCEPTION((void)load(), error, says(why...)); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(gpt2_folder)

BOOST_AUTO_TEST_CASE(what_was_saved_is_loaded_tied_and_untied) {
  for (const bool tied : {true, false}) {
    gpt2_config config = tiny;
    config.tie_word_embeddings = tied;
    config.n_inner = tied ? 0 : 7;
    config.activation = tied ? prefopt::activation_function::gelu_new : prefopt::activation_function::gelu;
    config.layer_norm_epsilon = 1e-6;
    const model_folder folder(config);
    const model loaded = folder.load();
    BOOST_TEST((loaded.config() == config));
    same_weights(loaded, make_model<model>(config));
    const prefopt::safetensors_file file(folder / "model.safetensors");
    BOOST_TEST(file.tensors().size() == (tied ? 28 : 29));
    BOOST_TEST((file.find("lm_head.weight") == nullptr) == tied);
    BOOST_TEST(file.metadata().at("format") == "pt");
    for (const auto& [name, entry] : file.tensors()) {
      BOOST_TEST((name.starts_with("transformer.") || name == "lm_head.weight"));
      BOOST_TEST(entry.type.name == "F32");
    }
  }
}

BOOST_AUTO_TEST_CASE(files_of_older_kinds_are_read_too) {
  const model_folder folder;
  tensor_list list(folder.path());
  for (auto& tensor : list.tensors) tensor.name.erase(0, std::string_view("transformer.").size());
  list.add("h.0.attn.bias", {1, 1, 2, 2}, {1, 0, 1, 1});
  list.add("h.1.attn.masked_bias", {}, {-1e4f});
  const auto embedding = list["wte.weight"];
  list.tensors.push_back({"lm_head.weight", embedding.shape, embedding.values});
  list.write(folder.path());
  same_weights(folder.load(), make_model<model>(tiny));

  std::vector<float> other(embedding.values.begin(), embedding.values.end());
  other.back() += 1;
  list["lm_head.weight"].values = other;
  list.write(folder.path());
  folder.refused("model.safetensors: tensor lm_head.weight differs from wte.weight");
}

BOOST_AUTO_TEST_CASE(a_tensor_that_is_missing_unknown_or_of_another_shape_is_named) {
  const model_folder folder;
  const tensor_list good(folder.path());
  tensor_list list = good;
  list.erase("transformer.h.1.ln_2.bias");
  list.write(folder.path());
  folder.refused("model.safetensors: tensor h.1.ln_2.bias is missing");

  list = good;
  list.add("transformer.h.0.attn.c_attn.scale", {1}, {1});
  list.write(folder.path());
  folder.refused("model.safetensors: tensor transformer.h.0.attn.c_attn.scale is none of a GPT-2");

  list = good;
  list.add("transformer.h.x.attn.bias", {1}, {1});  // like a mask buffer, but of no layer
  list.write(folder.path());
  folder.refused("h.x.attn.bias is none");

  list = good;
  list.add("wpe.weight", {1}, {1});
  list.write(folder.path());
  folder.refused("wpe.weight is there with and without transformer.");

  list = good;
  list["transformer.h.0.mlp.c_fc.weight"].shape = {16, 4};
  list.write(folder.path());
  folder.refused("tensor transformer.h.0.mlp.c_fc.weight has shape [16, 4], wanted [4, 16]", "n_embd 4, n_inner 16");

  good.write(folder.path());
  same_weights(folder.load(), make_model<model>(tiny));
}

BOOST_AUTO_TEST_CASE(a_config_that_disagrees_with_the_weights_is_an_error_before_memory_is_taken) {
  const model_folder folder;
  const auto with = [&](std::string_view key, auto value) {
    auto config = nlohmann::json::parse(get(folder / "config.json"));
    config[std::string(key)] = value;
    put(folder / "config.json", config.dump());
  };
  const auto good = get(folder / "config.json");
  with("vocab_size", 16777216);
  folder.refused("transformer.wte.weight has shape [5, 4], wanted [16777216, 4] (vocab_size 16777216, n_embd 4)");
  put(folder / "config.json", good);
  with("n_positions", 4);
  folder.refused("wpe.weight has shape [3, 4], wanted [4, 4] (n_positions 4, n_embd 4)");
  put(folder / "config.json", good);
  with("n_layer", 4096);
  folder.refused("tensor h.2.ln_1.weight is missing");
  put(folder / "config.json", good);
  with("n_layer", 1);
  folder.refused("h.1.", "is none of a GPT-2 with n_layer 1");
  put(folder / "config.json", good);
  with("tie_word_embeddings", false);
  folder.refused("tensor lm_head.weight is missing");
  put(folder / "config.json", good);
  with("n_embd", 16777216);
  with("n_inner", 16777216);
  with("n_layer", 4096);
  folder.refused("wte.weight has shape [5, 4], wanted [5, 16777216]");
}

BOOST_AUTO_TEST_CASE(a_folder_without_its_files_names_the_one_that_is_missing) {
  const scratch_folder empty;
  BOOST_CHECK_EXCEPTION((void)prefopt::load_gpt2(machine(), empty / "none"), prefopt::io_error,
                        says("none/config.json: ", "No such file"));
  const model_folder folder;
  fs::resize_file(folder / "model.safetensors", fs::file_size(folder / "model.safetensors") - 1);
  folder.refused("model.safetensors: tensor ", "truncated");
  fs::remove(folder / "model.safetensors");
  folder.refused("model.safetensors: ", "No such file");
}

BOOST_AUTO_TEST_CASE(config_and_files_are_carried_from_folder_to_folder) {
  const model_folder source;
  put(source / "generation_config.json", "{\"top_k\": 7}");
  put(source / "merges.txt", "#version: 0.2\nA B\n");
  put(source / "README.md", "not ours");
  auto config = nlohmann::json::parse(get(source / "config.json"));
  config["activation_function"] = "gelu_pytorch_tanh";
  config["torch_dtype"] = "bfloat16";
  config["dtype"] = "bfloat16";
  config["task_specific_params"] = {{"a", {1, 2}}};
  put(source / "config.json", config.dump());

  const scratch_folder parent;
  const fs::path target = parent / "new" / "deeper";
  prefopt::save_gpt2(source.load(), source.path(), target);
  config["torch_dtype"] = "float32";
  config["dtype"] = "float32";
  BOOST_TEST(nlohmann::json::parse(get(target / "config.json")) == config);
  BOOST_TEST(get(target / "generation_config.json") == "{\"top_k\": 7}");
  BOOST_TEST(get(target / "merges.txt") == "#version: 0.2\nA B\n");
  BOOST_TEST(!fs::exists(target / "README.md"));
  BOOST_TEST((get(target / "model.safetensors") == get(source / "model.safetensors")));
  BOOST_TEST(std::distance(fs::directory_iterator(target), fs::directory_iterator()) == 4);
}

BOOST_AUTO_TEST_CASE(a_new_model_is_saved_with_its_tokenizer) {
  const scratch_folder folder;
  const auto tokenizer = prefopt::gpt2_tokenizer::byte_level();
  gpt2_config config = tiny;
  config.vocab_size = tokenizer.vocabulary_size();
  prefopt::save_gpt2(make_model<model>(config), tokenizer, folder.path());
  same_weights(prefopt::load_gpt2(machine(), folder.path()), make_model<model>(config));
  const auto again = prefopt::gpt2_tokenizer::from_directory(folder.path());
  BOOST_TEST(again.encode("a\u00e9") == tokenizer.encode("a\u00e9"), boost::test_tools::per_element());
  BOOST_TEST(nlohmann::json::parse(get(folder / "config.json"))["eos_token_id"] == tokenizer.end_of_text());
}

BOOST_AUTO_TEST_SUITE_END()
