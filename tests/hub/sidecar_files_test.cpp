// SPDX-License-Identifier: MIT
// The files that are copied with a model from folder to folder.

#include "prefopt/hub/sidecar_files.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/hub/load_model.hpp"
#include "prefopt/tokenizers/gpt2_tokenizer.hpp"
#include "hub/gpt2_folders.hpp"
#include "hub/gpt2_model_folder.hpp"
#include "support/scratch_folder.hpp"

namespace fs = std::filesystem;
using prefopt::concat;
using prefopt::gpt2_config;
using namespace prefopt_test;

BOOST_AUTO_TEST_SUITE(sidecar_files)

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
  prefopt::save_model(source.load(), source.path(), target);
  config["torch_dtype"] = "float32";
  config["dtype"] = "float32";
  BOOST_TEST(nlohmann::json::parse(get(target / "config.json")) == config);
  BOOST_TEST(get(target / "generation_config.json") == "{\"top_k\": 7}");
  BOOST_TEST(get(target / "merges.txt") == "#version: 0.2\nA B\n");
  BOOST_TEST(!fs::exists(target / "README.md"));
  BOOST_TEST((get(target / "model.safetensors") == get(source / "model.safetensors")));
  BOOST_TEST(std::distance(fs::directory_iterator(target), fs::directory_iterator()) == 4);
}

BOOST_AUTO_TEST_CASE(chat_templates_and_linked_files_are_carried_along_as_plain_files) {
  const model_folder source;
  const scratch_folder blobs, parent;
  put(blobs / "0", "{\"eos_token\": null, \"chat_template\": null}");
  fs::create_symlink(blobs / "0", source / "tokenizer_config.json");
  BOOST_TEST(!prefopt::read_sidecar_files(source.path()).has_chat_template());
  put(blobs / "0", "{\"chat_template\": \"{{ messages }}\"}");
  BOOST_TEST(prefopt::read_sidecar_files(source.path()).has_chat_template());
  put(blobs / "0", "{}");
  put(source / "chat_template.jinja", "{{ messages[0].content }}");
  BOOST_TEST(prefopt::read_sidecar_files(source.path()).has_chat_template());
  fs::create_directory(source / "additional_chat_templates");
  put(source / "additional_chat_templates/rag.jinja", "{{ documents }}");
  fs::rename(source / "model.safetensors", blobs / "1");
  fs::create_symlink(blobs / "1", source / "model.safetensors");

  // The target, too, may be a link to a folder.
  fs::create_directory(parent / "there");
  fs::create_directory_symlink("there", parent / "link");
  const fs::path target = parent / "link";
  prefopt::save_model(source.load(), source.path(), target);
  for (const char* name : {"tokenizer_config.json", "chat_template.jinja",
                           "additional_chat_templates/rag.jinja", "model.safetensors"}) {
    BOOST_TEST(get(target / name) == get(source / name));
    BOOST_TEST((fs::symlink_status(target / name).type() == fs::file_type::regular));
  }
  BOOST_TEST(fs::is_symlink(target));
  BOOST_TEST(prefopt::read_sidecar_files(target).has_chat_template());

  fs::remove(blobs / "0");
  BOOST_CHECK_EXCEPTION((void)prefopt::read_sidecar_files(source.path()), prefopt::io_error,
                        says("tokenizer_config.json: cannot open"));
}

BOOST_AUTO_TEST_CASE(a_save_into_a_snapshot_of_the_hubs_cache_leaves_its_blobs_alone) {
  const model_folder source;
  put(source / "merges.txt", "#version: 0.2\n");
  const scratch_folder cache;
  fs::create_directories(cache / "blobs");
  const fs::path snapshot = cache / "snapshots/0123";
  fs::create_directories(snapshot);
  const std::vector<std::string> names{"config.json", "merges.txt", "model.safetensors"};
  for (const std::string& name : names) {
    put(cache / "blobs" / name, "somebody's " + name);
    fs::create_symlink("../../blobs/" + name, snapshot / name);
  }
  prefopt::save_model(source.load(), source.path(), snapshot);
  for (const std::string& name : names) {
    BOOST_TEST(get(cache / "blobs" / name) == "somebody's " + name);
    BOOST_TEST((fs::symlink_status(snapshot / name).type() == fs::file_type::regular));
  }
  same_weights(prefopt::load_model(backend(), snapshot), source.load());
}

BOOST_AUTO_TEST_CASE(generation_stops_at_the_tokenizers_end_of_text_too) {
  using nlohmann::json;
  const auto tokenizer = prefopt::gpt2_tokenizer::byte_level();  // 256
  const auto aligned = [&](const json& config_id, const char* generation) {
    const model_folder source;
    auto config = json::parse(get(source / "config.json"));
    if (!config_id.is_discarded()) config["eos_token_id"] = config_id;
    config["pad_token_id"] = 256;
    put(source / "config.json", config.dump());
    if (generation) put(source / "generation_config.json", generation);
    const auto sidecars = prefopt::read_sidecar_files(source.path(), tokenizer);
    const scratch_folder target;
    prefopt::save_model(source.load(), sidecars, target.path());
    json result = json::array({json::parse(get(target / "config.json"))["eos_token_id"]});
    BOOST_TEST(json::parse(get(target / "config.json"))["pad_token_id"] == 256);
    if (generation)
      result.push_back(json::parse(get(target / "generation_config.json"))["eos_token_id"]);
    result.push_back(sidecars.notes.size());
    if (!sidecars.notes.empty())
      result.push_back(sidecars.notes[0].substr(source.path().native().size()));
    return result;
  };
  const json no_key(json::value_t::discarded);
  const char* text = ": the tokenizer ends a text with token 256, but eos_token_id is ";
  const char* both = "; the trained model's files hold both, so generation stops at either";
  BOOST_TEST(aligned(256, nullptr) == json::parse("[256, 0]"));
  BOOST_TEST(aligned({7, 256}, R"({"eos_token_id": [256, 9]})") ==
             json::parse("[[7, 256], [256, 9], 0]"));
  BOOST_TEST(aligned(no_key, "{}") == json::parse("[256, 256, 0]"));
  BOOST_TEST(aligned(nullptr, nullptr) == json::parse("[256, 0]"));
  BOOST_TEST(aligned(7, nullptr) == (json{{256, 7}, 1, concat(text, "7 in config.json", both)}));
  BOOST_TEST(
      aligned(7, R"({"eos_token_id": [7, 8]})") ==
      (json{
          {256, 7},
          {256, 7, 8},
          1,
          concat(text, "7 in config.json, 7 in generation_config.json, 8 in generation_config.json",
                 both)}));
  BOOST_TEST(aligned(256, R"({"eos_token_id": 7})") ==
             (json{256, {256, 7}, 1, concat(text, "7 in generation_config.json", both)}));
  BOOST_CHECK_EXCEPTION((void)aligned("7", nullptr), prefopt::format_error,
                        says("config.json: eos_token_id is a text, expected an integer"));
  BOOST_CHECK_EXCEPTION((void)aligned(7, R"({"eos_token_id": [-7]})"), prefopt::format_error,
                        says("generation_config.json: eos_token_id is -7"));
}

BOOST_AUTO_TEST_CASE(config_keys_that_nobody_knows_are_listed_once) {
  const model_folder source;
  BOOST_TEST(prefopt::read_sidecar_files(source.path()).notes.empty());
  auto config = nlohmann::json::parse(get(source / "config.json"));
  config["alibi"] = true;
  config["auto_map"] = nlohmann::json::object();
  config["n_ctx"] = 3;
  put(source / "config.json", config.dump());
  const auto notes = prefopt::read_sidecar_files(source.path()).notes;
  BOOST_REQUIRE(notes.size() == 1u);
  BOOST_TEST(notes[0] ==
             concat((source / "config.json").native(),
                    ": unknown keys, not used but copied to the trained model: alibi, auto_map"));
}

BOOST_AUTO_TEST_CASE(a_new_model_is_saved_with_its_tokenizer) {
  const scratch_folder folder;
  const auto tokenizer = prefopt::gpt2_tokenizer::byte_level();
  gpt2_config config = tiny;
  config.vocab_size = tokenizer.vocabulary_size();
  prefopt::save_model(make_model<model>(config), tokenizer, folder.path());
  same_weights(prefopt::load_model(backend(), folder.path()), make_model<model>(config));
  const auto again = prefopt::gpt2_tokenizer::from_directory(folder.path());
  BOOST_TEST(again.encode("a\u00e9") == tokenizer.encode("a\u00e9"),
             boost::test_tools::per_element());
  BOOST_TEST(nlohmann::json::parse(get(folder / "config.json"))["eos_token_id"] ==
             tokenizer.end_of_text());
}

BOOST_AUTO_TEST_SUITE_END()
