// SPDX-License-Identifier: MIT
// Model folders: what is written is read back, and errors say what is wrong with one.

#include "prefopt/hub/load_model.hpp"

#include <bit>
#include <limits>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include "prefopt/tokenizers/gpt2_tokenizer.hpp"
#include "formats/safetensors_bytes.hpp"
#include "hub/gpt2_folders.hpp"
#include "hub/gpt2_model_folder.hpp"
#include "support/scratch_folder.hpp"

namespace fs = std::filesystem;
using prefopt::concat;
using prefopt::gpt2_config;
using namespace prefopt_test;

BOOST_AUTO_TEST_SUITE(gpt2_folder)

BOOST_AUTO_TEST_CASE(what_was_saved_is_loaded_tied_and_untied) {
  for (const bool tied : {true, false}) {
    gpt2_config config = tiny;
    config.tie_word_embeddings = tied;
    config.n_inner = tied ? 0 : 7;
    config.activation =
        tied ? prefopt::activation_function::gelu_new : prefopt::activation_function::gelu;
    config.layer_norm_epsilon = 1e-6;
    const model_folder folder(config);
    const model loaded = folder.load();
    BOOST_TEST((prefopt::config_of(loaded.shape()) == config));
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

BOOST_AUTO_TEST_CASE(whatever_stands_before_all_names_is_taken_off) {
  gpt2_config untied = tiny;
  untied.tie_word_embeddings = false;
  const model_folder folder(untied);
  const tensor_list good(folder.path());
  const auto with = [&](std::string_view prefix, bool is_bare) {
    tensor_list list = good;
    for (auto& tensor : list.tensors) {
      if (is_bare && tensor.name.starts_with("transformer.")) tensor.name.erase(0, 12);
      tensor.name.insert(0, prefix);
    }
    list.add(concat(prefix, is_bare ? "" : "transformer.", "h.0.attn.bias"), {1, 1, 2, 2},
             {1, 0, 1, 1});
    return list;
  };
  for (const char* prefix :
       {"", "module.", "_orig_mod.", "model.", "base_model.model.", "policy.", "a.b.", "h.0."}) {
    for (const bool is_bare : {false, true}) {
      BOOST_TEST_CONTEXT(prefix << is_bare) {
        with(prefix, is_bare).write(folder.path());
        same_weights(folder.load(), make_model<model>(untied));
      }
    }
  }
  // In shards, too.
  fs::remove(folder / "model.safetensors");
  nlohmann::json weight_map;
  std::vector<prefopt::named_tensor<float>> halves[2];
  const tensor_list wrapped = with("module.", false);
  for (std::size_t i = 0; i < wrapped.tensors.size(); ++i) {
    halves[i % 2].push_back(wrapped.tensors[i]);
    weight_map[wrapped.tensors[i].name] = i % 2 == 0 ? "a.safetensors" : "b.safetensors";
  }
  prefopt::write_safetensors(folder / "a.safetensors", halves[0]);
  prefopt::write_safetensors(folder / "b.safetensors", halves[1]);
  put(folder / "model.safetensors.index.json", nlohmann::json{{"weight_map", weight_map}}.dump());
  same_weights(folder.load(), make_model<model>(untied));

  tensor_list mixed = with("policy.", false);
  mixed["policy.transformer.ln_f.bias"].name = "reference.transformer.ln_f.bias";
  mixed.write(folder.path());
  folder.refused("tensors policy.transformer.",
                 " and reference.transformer.ln_f.bias: \"policy.transformer.\" before");
  mixed = with("policy.", false);
  mixed["policy.lm_head.weight"].name = "reference.lm_head.weight";
  mixed.write(folder.path());
  folder.refused(
      "tensor reference.lm_head.weight: \"reference.\" before a head's name, expected \"policy.\"");
}

BOOST_AUTO_TEST_CASE(the_tensors_of_an_adapter_are_named_as_such) {
  const model_folder folder;
  for (const char* name : {"base_model.model.transformer.h.0.attn.c_attn.lora_A.weight",
                           "transformer.h.0.attn.c_attn.base_layer.weight"}) {
    tensor_list list(folder.path());
    const tensor_list good = list;
    list.add(name, {1}, {1});
    list.write(folder.path());
    folder.refused("model.safetensors: tensor ", name, "is an adapter's (PEFT)", "merge");
    good.write(folder.path());
  }
}

BOOST_AUTO_TEST_CASE(tied_weights_are_read_under_either_name) {
  // What safetensors.torch.save_model writes: shared tensors once, under the alphabetically first
  // name.
  const model_folder folder;
  const tensor_list good(folder.path());
  for (const bool has_alias : {true, false}) {
    tensor_list list = good;
    list["transformer.wte.weight"].name = "lm_head.weight";
    prefopt::tensor_metadata metadata = prefopt::torch_metadata();
    if (has_alias) metadata["transformer.wte.weight"] = "lm_head.weight";
    prefopt::write_safetensors(folder / "model.safetensors", list.tensors, metadata);
    same_weights(folder.load(), make_model<model>(tiny));
  }
  // Any tensor may be shared, and a config without ties still has both parameters.
  tensor_list list = good;
  const auto shared = list["transformer.h.0.ln_1.weight"];
  list.erase("transformer.h.1.ln_2.weight");
  prefopt::write_safetensors(folder / "model.safetensors", list.tensors,
                             {{"transformer.h.1.ln_2.weight", "transformer.h.0.ln_1.weight"},
                              {"lm_head.weight", "transformer.wte.weight"},
                              {"transformer.wpe.weight", "nothing"}});
  auto config = nlohmann::json::parse(get(folder / "config.json"));
  config["tie_word_embeddings"] = false;
  put(folder / "config.json", config.dump());
  const model loaded = folder.load();
  const auto parameters = loaded.parameters();
  const auto value = [&](std::string_view name) {
    const auto found =
        std::ranges::find_if(parameters, [&](const auto& each) { return each.name == name; });
    BOOST_REQUIRE((found != parameters.end()));
    return found->value;
  };
  BOOST_TEST(value("h.1.ln_2.weight") == shared.values, boost::test_tools::per_element());
  BOOST_TEST(value("lm_head.weight") == value("wte.weight"), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_weight_that_is_not_finite_is_named_by_tensor_and_index) {
  const model_folder folder;
  const float infinity = std::numeric_limits<float>::infinity();
  const auto with = [&](std::string_view name, std::size_t at, float value) {
    tensor_list list(folder.path());
    auto& tensor = list[name];
    std::vector<float> values(tensor.values.begin(), tensor.values.end());
    values[at] = value;
    tensor.values = values;
    const tensor_list good(folder.path());
    list.write(folder.path());
    BOOST_CHECK_EXCEPTION(
        (void)folder.load(), prefopt::format_error,
        says(concat(folder.path().native(), "/model.safetensors: tensor ", name, " holds "),
             value != value ? "nan at ["
             : value > 0    ? "infinity at ["
                            : "-infinity at ["));
    good.write(folder.path());
  };
  with("transformer.h.1.mlp.c_fc.bias", 3, std::numeric_limits<float>::quiet_NaN());
  with("transformer.wpe.weight", 11, infinity);
  with("transformer.wte.weight", 0, -infinity);

  tensor_list list(folder.path());
  std::vector<float> values(20, 1);
  values[13] = -std::numeric_limits<float>::quiet_NaN();
  list["transformer.wte.weight"].values = values;
  list.write(folder.path());
  folder.refused("tensor transformer.wte.weight holds nan at [3, 1]; expected finite numbers");
}

BOOST_AUTO_TEST_CASE(a_weight_that_is_not_finite_is_named_in_every_type) {
  const auto value_at = [](std::string_view type, std::string bytes) {
    const scratch_folder folder;
    std::string data(bytes.size(), '\0');
    data += bytes;
    const auto path =
        put(folder / "x.safetensors",
            safetensors_bytes(concat(R"({"w":{"dtype":")", type,
                                     R"(","shape":[1,2],"data_offsets":[0,)", data.size(), "]}}"),
                              data));
    const auto archive = prefopt::safetensors_archive::from_file(path);
    return prefopt::detail::read_tensor<float>(archive.tensors().at("w"))[1];
  };
  using namespace std::string_literals;
  const auto refused = [&](std::string_view type, const std::string& bytes, auto... pieces) {
    BOOST_CHECK_EXCEPTION(value_at(type, bytes), prefopt::format_error,
                          says("x.safetensors: tensor w holds ", pieces..., " at [0, 1]"));
  };
  refused("BF16", "\x80\x7f"s, "infinity");
  refused("BF16", "\xc0\xff"s, "nan");
  refused("F16", "\x00\xfc"s, "-infinity");
  refused("F16", "\x00\x7e"s, "nan");
  refused("F32", "\x00\x00\x80\x7f"s, "infinity");
  refused("F64", "\x00\x00\x00\x00\x00\x00\xf0\x7f"s, "infinity");
  refused("F64", "\x9c\x75\x00\x88\x3c\xe4\x37\x7e"s, "1e+300", ", beyond float32");
  BOOST_TEST(value_at("BF16", "\x7f\x7f"s) == std::bit_cast<float>(0x7F7F0000u));
  BOOST_TEST(value_at("F16", "\xff\x7b"s) == 65504.0f);
}

BOOST_AUTO_TEST_CASE(a_model_that_is_not_finite_is_not_written) {
  const scratch_folder folder;
  auto broken = make_model<model>(tiny);
  broken.parameters()[1].value[5] = std::numeric_limits<float>::quiet_NaN();
  BOOST_CHECK_EXCEPTION(
      prefopt::save_model(broken, prefopt::sidecar_files{}, folder.path()), prefopt::value_error,
      says("model.safetensors: tensor transformer.wpe.weight would hold nan at [1, 1]"));
  BOOST_TEST(!fs::exists(folder / "model.safetensors"));
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
  folder.refused(
      "model.safetensors: tensor transformer.h.0.attn.c_attn.scale does not belong to a GPT-2");

  list = good;
  list.add("transformer.h.x.attn.bias", {1}, {1});  // like a mask buffer, but of no layer
  list.write(folder.path());
  folder.refused("h.x.attn.bias does not belong to a GPT-2");

  list = good;
  list.add("wpe.weight", {1}, {1});
  list.write(folder.path());
  folder.refused(
      "tensors transformer.h.0.attn.c_attn.bias and wpe.weight: \"transformer.\" before one name and \"\" before");

  list = good;
  list["transformer.h.0.mlp.c_fc.weight"].shape = {16, 4};
  list.write(folder.path());
  folder.refused("tensor transformer.h.0.mlp.c_fc.weight has shape [16, 4], expected [4, 16]",
                 "n_embd 4, n_inner 16");

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
  folder.refused(
      "transformer.wte.weight has shape [5, 4], expected [16777216, 4] (vocab_size 16777216, n_embd 4)");
  put(folder / "config.json", good);
  with("n_positions", 4);
  folder.refused("wpe.weight has shape [3, 4], expected [4, 4] (n_positions 4, n_embd 4)");
  put(folder / "config.json", good);
  with("n_layer", 4096);
  folder.refused("tensor h.2.ln_1.weight is missing");
  put(folder / "config.json", good);
  with("n_layer", 1);
  folder.refused("h.1.", "does not belong to a GPT-2 with n_layer 1");
  put(folder / "config.json", good);
  with("tie_word_embeddings", false);
  folder.refused("tensor lm_head.weight is missing, and tie_word_embeddings is false");
  put(folder / "config.json", good);
  with("n_embd", 16777216);
  with("n_inner", 16777216);
  with("n_layer", 4096);
  folder.refused("wte.weight has shape [5, 4], expected [5, 16777216]");
}

BOOST_AUTO_TEST_CASE(a_folder_without_its_files_names_the_one_that_is_missing) {
  const scratch_folder empty;
  BOOST_CHECK_EXCEPTION((void)prefopt::load_model(backend(), empty / "none"), prefopt::io_error,
                        says("none: no such folder"));
  const model_folder folder;
  fs::resize_file(folder / "model.safetensors", fs::file_size(folder / "model.safetensors") - 1);
  folder.refused("model.safetensors: tensor ", "truncated");
  fs::remove(folder / "model.safetensors");
  folder.refused("model.safetensors: ", "No such file");
}

BOOST_AUTO_TEST_CASE(a_path_that_is_no_model_folder_is_named_as_what_it_is) {
  const scratch_folder scratch;
  const auto refused = [&](const fs::path& path, auto... why) {
    BOOST_CHECK_EXCEPTION((void)prefopt::load_model(backend(), path), prefopt::io_error,
                          says(path.native(), why...));
    BOOST_CHECK_EXCEPTION((void)prefopt::read_sidecar_files(path), prefopt::io_error,
                          says(path.native(), why...));
  };
  for (const char* name : {"gpt2", "openai-community/gpt2", "HuggingFaceTB/SmolLM2-135M"}) {
    refused(name,
            ": no such folder; names of the Hugging Face Hub are not downloaded, `hf download ",
            name);
    BOOST_CHECK_EXCEPTION((void)prefopt::gpt2_tokenizer::from_directory(name), prefopt::io_error,
                          says("hf download"));
  }
  for (const char* name : {"./gpt2", "../gpt2", "a/b/c", "/nowhere", "out/"}) {
    BOOST_CHECK_EXCEPTION(
        (void)prefopt::load_model(backend(), name), prefopt::io_error,
        [&](const auto& e) { return e.what() == concat(name, ": no such folder"); });
  }
  fs::create_symlink("nothing", scratch / "dangling");
  refused(scratch / "dangling", "a symbolic link to nothing, which does not exist");
  refused(put(scratch / "m.gguf", "GGUF\3"),
          "a GGUF model; expected a folder with config.json and model.safetensors");
  refused(put(scratch / "m.bin", "PK\3\4"),
          "a zip archive, as PyTorch's .bin and .pt files are; expected a folder");
  refused(put(scratch / "m.pt", "\x80\5"), "a Python pickle; expected a folder");
  refused(put(scratch / "x.safetensors", "12345678{}"), "a file, expected its folder",
          scratch.path().native());
  refused(put(scratch / "text", "hello"), "text: a file; expected a folder with");
  BOOST_REQUIRE(::mkfifo((scratch / "pipe").c_str(), 0600) == 0);
  refused(scratch / "pipe", "pipe: a pipe, expected a regular file");

  const auto with_file = [&](const fs::path& name, auto... why) {
    const scratch_folder folder;
    refused(folder.path(), "no config.json; an empty folder");
    fs::create_directories((folder.path() / name).parent_path());
    put(folder.path() / name, "x");
    refused(folder.path(), why...);
  };
  with_file("adapter_config.json", "holds adapter_config.json: an adapter (PEFT)", "merge");
  with_file("adapter_model.safetensors",
            "no config.json; holds adapter_model.safetensors: an adapter (PEFT)");
  with_file("m.Q4.gguf", "no config.json; holds m.Q4.gguf: a GGUF model");
  with_file("snapshots/abc/config.json",
            "no config.json; holds snapshots: downloads from the Hugging Face Hub");
  with_file("checkpoint-12/config.json", "no config.json; holds checkpoint-12: a checkpoint");
  with_file("onnx/model.onnx", "no config.json; holds onnx: ONNX models");

  const auto beside_config = [&](const char* name, auto... why) {
    const model_folder folder;
    fs::remove(folder / "model.safetensors");
    put(folder / "optimizer.pt", "x");
    put(folder / name, "x");
    folder.refused(folder.path().native(), ": no model.safetensors; holds ", name, why...);
  };
  beside_config(
      "pytorch_model.bin", "PyTorch's pickled weights, which are not read: save_pretrained",
      ": python3 -c 'from transformers import AutoModelForCausalLM as M", "-safetensors\")'");
  beside_config("pytorch_model.bin.index.json", "PyTorch's pickled weights");
  beside_config("model.pt", "PyTorch's pickled weights");
  beside_config("tf_model.h5", "TensorFlow");
  beside_config("flax_model.msgpack", "Flax");
  beside_config("model-00001-of-00002.safetensors",
                "neither model.safetensors nor model.safetensors.index.json");

  // transformers would apply an adapter that is next to a model.
  const model_folder folder;
  put(folder / "adapter_config.json", "{}");
  folder.refused("holds adapter_config.json: an adapter");
}

BOOST_AUTO_TEST_CASE(a_model_file_that_is_no_regular_file_is_refused_without_waiting) {
  for (const char* name : {"config.json", "model.safetensors", "model.safetensors.index.json",
                           "vocab.json", "generation_config.json", "chat_template.jinja"}) {
    const model_folder folder;
    if (std::string_view(name) == "model.safetensors.index.json")
      fs::remove(folder / "model.safetensors");
    fs::remove(folder / name);
    BOOST_REQUIRE(::mkfifo((folder / name).c_str(), 0600) == 0);
    const auto read = [&] {
      (void)folder.load();
      (void)prefopt::read_sidecar_files(folder.path());
    };
    BOOST_CHECK_EXCEPTION(read(), prefopt::io_error,
                          says(name, ": a pipe, expected a regular file"));
    fs::remove(folder / name);
    fs::create_symlink("/dev/zero", folder / name);
    BOOST_CHECK_EXCEPTION(read(), prefopt::io_error,
                          says(name, ": a device, expected a regular file"));
    fs::remove(folder / name);
    fs::create_directory(folder / name);
    BOOST_CHECK_EXCEPTION(read(), prefopt::io_error, says(name, ": a folder, expected a file"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
