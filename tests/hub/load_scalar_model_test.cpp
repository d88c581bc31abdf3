// SPDX-License-Identifier: MIT
// Folders of GPT-2s with a scalar head: what is written is read back, and errors say why a folder
// is not such a model.

#include "prefopt/hub/load_scalar_model.hpp"

#include <array>
#include <cmath>
#include <limits>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/data/pack.hpp"
#include "prefopt/hub/load_model.hpp"
#include "prefopt/policy/reward_model.hpp"
#include "prefopt/tokenizers/gpt2_tokenizer.hpp"
#include "hub/gpt2_folders.hpp"
#include "support/scratch_folder.hpp"

namespace fs = std::filesystem;
using nlohmann::json;
using prefopt::error;
using prefopt::gpt2_config;
using namespace prefopt_test;

namespace {

using language_model = prefopt::causal_lm<backend_type>;
using model = prefopt::scalar_lm<backend_type>;

/// A model's number at each token of a path.
std::vector<double> values_of(const model& scores) {
  const prefopt::token_ids prompt{4, 0}, response{3};
  const std::vector<prefopt::packable_sequence> path{
      {.example = 0, .response_index = 0, .prompt = prompt, .response = response}};
  return scores.values(prefopt::pack(path), std::array{0, 1, 2});
}

/// Weights of moderate size, so that the model's numbers distinguish one from another.
model small_model(const gpt2_config& config) {
  auto scores = make_model<model>(config);
  for (auto& tensor : scores.parameters())
    for (float& value : tensor.value) value = std::sin(7 * value);
  return scores;
}

json config_in(const fs::path& folder) { return json::parse(get(folder / "config.json")); }

/// A folder that holds the tiny model.
struct scalar_folder : scratch_folder {
  scalar_folder() {
    prefopt::save_scalar_model(small_model(tiny), prefopt::sidecar_files{}, path());
  }
  [[nodiscard]] model load() const { return prefopt::load_scalar_model(backend(), path()); }
  void refused(auto... why) const { BOOST_CHECK_EXCEPTION((void)load(), error, says(why...)); }
  void set(const char* key, const json& value) const {
    json config = config_in(path());
    config[key] = value;
    put(path() / "config.json", config.dump());
  }
};

/// The config.json that save_scalar_model makes from another one.
json written_from(json source) {
  const scratch_folder folder;
  prefopt::save_scalar_model(small_model(tiny), prefopt::sidecar_files{std::move(source), {}},
                             folder.path());
  return config_in(folder.path());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gpt2_scalar_folder)

BOOST_AUTO_TEST_CASE(what_was_saved_is_loaded_to_the_bit) {
  gpt2_config config = tiny;
  config.n_inner = 7;
  config.activation = prefopt::activation_function::gelu;
  config.layer_norm_epsilon = 1e-6;
  const scratch_folder folder;
  auto saved = small_model(config);
  prefopt::save_scalar_model(saved, prefopt::sidecar_files{}, folder.path());
  auto loaded = prefopt::load_scalar_model(backend(), folder.path());
  BOOST_TEST((prefopt::config_of(loaded.shape()) == config));
  same_weights(loaded.parameters(), saved.parameters());
  const auto values = values_of(loaded);
  BOOST_TEST(values == values_of(saved), boost::test_tools::per_element());
  BOOST_TEST(values[0] != values[2]);

  const prefopt::safetensors_file file(folder / "model.safetensors");
  BOOST_TEST(file.tensors().size() == 29);
  BOOST_TEST(file.metadata().at("format") == "pt");
  for (const auto& [name, entry] : file.tensors()) {
    BOOST_TEST((name.starts_with("transformer.") || name == "score.weight"));
    BOOST_TEST(entry.type.name == "F32");
  }
  BOOST_REQUIRE(file.find("score.weight") != nullptr);
  BOOST_TEST((file.find("score.weight")->shape == std::vector<std::size_t>{1, 4}));
}

BOOST_AUTO_TEST_CASE(a_reward_model_made_of_a_language_model_takes_its_companions) {
  const scratch_folder source, target;
  gpt2_config config = tiny;
  config.tie_word_embeddings = false;
  const auto tokenizer = prefopt::gpt2_tokenizer::byte_level();
  prefopt::save_model(make_model<language_model>(config), tokenizer, source.path());
  auto with_more = config_in(source.path());
  with_more["task_specific_params"] = {{"a", {1, 2}}};
  put(source / "config.json", with_more.dump());

  prefopt::reward_model<model> rewards(model(prefopt::load_model(backend(), source.path())));
  rewards.parameters().back().value[2] = 3;
  prefopt::save_scalar_model(rewards.model(), source.path(), target.path());

  auto loaded = prefopt::load_scalar_model(backend(), target.path());
  same_weights(loaded.parameters(), rewards.parameters());
  auto expected = with_more;
  expected["architectures"] = {"GPT2ForSequenceClassification"};
  expected["id2label"] = {{"0", "LABEL_0"}};
  expected["label2id"] = {{"LABEL_0", 0}};
  expected["tie_word_embeddings"] = true;
  BOOST_TEST(config_in(target.path()) == expected);
  for (const auto& file : tokenizer.files()) BOOST_TEST(get(target / file.name) == file.content);
  BOOST_TEST(!fs::exists(target / "model.safetensors.prefopt-tmp"));
}

BOOST_AUTO_TEST_CASE(a_new_model_is_saved_with_its_tokenizer) {
  const scratch_folder folder;
  const auto tokenizer = prefopt::gpt2_tokenizer::byte_level();
  prefopt::save_scalar_model(small_model(tiny), tokenizer, folder.path());
  const json config = config_in(folder.path());
  // the end of text must not be padding: the reward is read there
  BOOST_TEST(!config.contains("pad_token_id"));
  BOOST_TEST(config["eos_token_id"] == tokenizer.end_of_text());
  const auto again = prefopt::gpt2_tokenizer::from_directory(folder.path());
  BOOST_TEST(again.encode("a\u00e9") == tokenizer.encode("a\u00e9"),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(label_and_padding_stay_where_the_source_has_them) {
  const json named = written_from({{"id2label", {{"0", "reward"}}}, {"label2id", {{"reward", 0}}}});
  BOOST_TEST((named["id2label"] == json{{"0", "reward"}}));
  BOOST_TEST((named["label2id"] == json{{"reward", 0}}));
  BOOST_TEST(!named.contains("num_labels"));

  const json three = written_from({{"num_labels", 3},
                                   {"id2label", {{"0", "a"}, {"1", "b"}, {"2", "c"}}},
                                   {"label2id", nullptr}});
  BOOST_TEST((three["id2label"] == json{{"0", "LABEL_0"}}));
  BOOST_TEST((three["label2id"] == json{{"LABEL_0", 0}}));
  BOOST_TEST(three["num_labels"] == 1);

  BOOST_TEST(written_from({{"pad_token_id", 0}, {"eos_token_id", 4}})["pad_token_id"] == 0);
  BOOST_TEST(
      written_from({{"pad_token_id", nullptr}, {"eos_token_id", 4}})["pad_token_id"].is_null());
  BOOST_TEST(!written_from({{"eos_token_id", 4}}).contains("pad_token_id"));
  BOOST_TEST(!written_from(json::object()).contains("pad_token_id"));

  const json odd = {{"a key of nobody", {1.5, nullptr}}, {"summary_type", "cls_index"}};
  const json written = written_from(odd);
  for (const auto& [key, value] : odd.items()) BOOST_TEST(written[key] == value);
}

BOOST_AUTO_TEST_CASE(more_than_one_label_is_refused) {
  const scalar_folder folder;
  const std::string good = get(folder / "config.json");
  folder.set("id2label", {{"0", "LABEL_0"}, {"1", "LABEL_1"}, {"2", "LABEL_2"}});
  folder.refused("config.json: id2label has 3 labels, expected one label");
  folder.set("id2label", json::object());
  folder.refused("config.json: id2label has 0 labels");
  folder.set("id2label", {"LABEL_0"});
  folder.refused("config.json: id2label is a list, expected an object");
  folder.set("id2label", nullptr);
  folder.set("num_labels", 2);
  folder.refused("config.json: num_labels is 2, expected one label");
  folder.set("num_labels", 1);
  (void)folder.load();

  // transformers writes no id2label for its default of two labels: the head's shape decides.
  auto config = json::parse(good);
  config.erase("id2label");
  config.erase("label2id");
  put(folder / "config.json", config.dump());
  (void)folder.load();
  tensor_list list(folder.path());
  list.erase("score.weight");
  list.add("score.weight", {2, 4}, std::vector<float>(8));
  list.write(folder.path());
  folder.refused(
      "model.safetensors: tensor score.weight has shape [2, 4], expected [1, 4] (one label, n_embd 4)");
}

BOOST_AUTO_TEST_CASE(wrapped_names_and_numbers_that_are_none_are_as_in_a_language_model) {
  const scalar_folder folder;
  const tensor_list good(folder.path());
  tensor_list list = good;
  for (auto& tensor : list.tensors) tensor.name.insert(0, "module.");
  list.write(folder.path());
  same_weights(folder.load().parameters(), small_model(tiny).parameters());

  list = good;
  std::vector<float> head{1, 2, std::numeric_limits<float>::quiet_NaN(), 4};
  list["score.weight"].values = head;
  list.write(folder.path());
  folder.refused("model.safetensors: tensor score.weight holds nan at [0, 2]");
}

BOOST_AUTO_TEST_CASE(a_language_model_is_refused_with_what_to_do) {
  for (const bool tied : {true, false}) {
    const scalar_folder folder;
    gpt2_config config = tiny;
    config.tie_word_embeddings = tied;
    prefopt::save_model(make_model<language_model>(config), prefopt::sidecar_files{},
                        folder.path());
    folder.refused("model.safetensors: tensor score.weight is missing",
                   "use scalar_lm{policy} with the policy that load_model returns");
  }
}

BOOST_AUTO_TEST_CASE(as_a_language_model_it_is_refused_with_what_to_do) {
  const scalar_folder folder;
  for (const bool tied : {true, false}) {
    folder.set("tie_word_embeddings", tied);
    BOOST_CHECK_EXCEPTION(
        (void)prefopt::load_model(backend(), folder.path()), prefopt::format_error,
        says("model.safetensors: tensor score.weight is a classifier's or reward model's",
             "load_scalar_model reads"));
    auto loaded = folder.load();  // which needs no language-model head
    same_weights(loaded.parameters(), small_model(tiny).parameters());
  }
}

BOOST_AUTO_TEST_CASE(a_tensor_that_is_missing_unknown_or_of_another_shape_is_named) {
  const scalar_folder folder;
  const tensor_list good(folder.path());
  const auto refused_with = [&](auto change, auto... why) {
    tensor_list list = good;
    change(list);
    list.write(folder.path());
    folder.refused(why...);
  };
  refused_with([](tensor_list& list) { list.add("score.bias", {1}, {1}); },
               "model.safetensors: tensor score.bias: a scalar head has no bias");
  refused_with(
      [](tensor_list& list) {
        list.add("lm_head.weight", {5, 4}, std::vector<float>(20));
      },
      "model.safetensors: tensor lm_head.weight does not belong to a GPT-2 with n_layer 2 and a scalar head");
  refused_with([](tensor_list& list) { list["score.weight"].shape = {4}; },
               "tensor score.weight has shape [4], expected [1, 4]");
  refused_with(
      [](tensor_list& list) {
        list["score.weight"].shape = {4, 1};
      },
      "tensor score.weight has shape [4, 1], expected [1, 4]");
  refused_with([](tensor_list& list) { list.erase("transformer.h.1.ln_2.bias"); },
               "model.safetensors: tensor h.1.ln_2.bias is missing");
  refused_with(
      [](tensor_list& list) {
        list["transformer.h.0.mlp.c_fc.weight"].shape = {16, 4};
      },
      "tensor transformer.h.0.mlp.c_fc.weight has shape [16, 4], expected [4, 16]",
      "n_embd 4, n_inner 16");
  good.write(folder.path());
  (void)folder.load();
  folder.set("vocab_size", 16777216);
  folder.refused("transformer.wte.weight has shape [5, 4], expected [16777216, 4]");
  fs::remove(folder / "config.json");
  folder.refused("config.json: ", "No such file");
}

BOOST_AUTO_TEST_CASE(mask_buffers_are_skipped) {
  const scalar_folder folder;
  tensor_list list(folder.path());
  list.add("transformer.h.0.attn.bias", {1, 1, 2, 2}, {1, 0, 1, 1});
  list.write(folder.path());
  auto loaded = folder.load();
  same_weights(loaded.parameters(), small_model(tiny).parameters());
}

BOOST_AUTO_TEST_SUITE_END()
