// SPDX-License-Identifier: MIT
// The config.json of Llama and its relatives: every key that changes a number is read or refused by
// its name.

#include "prefopt/hub/model_config_json.hpp"

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "support/scratch_folder.hpp"

using namespace prefopt;
using json = nlohmann::json;

namespace {

const json small{{"model_type", "llama"},        {"hidden_size", 32},
                 {"intermediate_size", 24},      {"num_hidden_layers", 3},
                 {"num_attention_heads", 4},     {"vocab_size", 130},
                 {"max_position_embeddings", 64}};

json with(const json& changes) {
  json config = small;
  config.update(changes);
  return config;
}
decoder_spec spec_of(const json& config) {
  return describe(parse_model_config(config, "config.json"));
}
decoder_shape shape_of(const json& changes) { return spec_of(with(changes)).shape; }

void refused(const json& changes, std::string_view why) {
  BOOST_TEST_CONTEXT(changes.dump()) {
    BOOST_CHECK_EXCEPTION((void)spec_of(with(changes)), format_error,
                          prefopt_test::says("config.json: ", why));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_config_json)

BOOST_AUTO_TEST_CASE(missing_keys_have_the_defaults_of_their_family) {
  const decoder_shape llama = shape_of(json::object());
  BOOST_TEST(llama.kv_heads == 4);
  BOOST_TEST(llama.head_size == 8);
  BOOST_TEST(llama.epsilon == 1e-6);
  BOOST_TEST(!llama.tied_head);
  BOOST_TEST(!llama.qkv_bias);
  BOOST_TEST((llama.inverse_frequencies == inverse_frequencies({.rope_theta = 1e4}, 8)));
  BOOST_TEST(shape_of({{"model_type", "smollm3"}}).tied_head);
  BOOST_TEST(shape_of({{"model_type", "smollm3"}}).kv_heads == 4);
  BOOST_TEST((spec_of(with({{"model_type", "smollm3"}})).rope.rope_theta == 2e6));
  BOOST_TEST(shape_of({{"model_type", "qwen3"}, {"num_key_value_heads", 4}}).head_size == 128);
  refused({{"model_type", "qwen2"}},
          "qwen2: num_attention_heads is 4, expected a multiple of num_key_value_heads, 32");
  refused({{"model_type", "mistral"}},
          "mistral: num_attention_heads is 4, expected a multiple of num_key_value_heads, 8");
}

BOOST_AUTO_TEST_CASE(rotations_are_described_in_the_old_and_in_the_new_way) {
  const auto theta = [](const json& changes) { return spec_of(with(changes)).rope.rope_theta; };
  BOOST_TEST(theta({{"rope_theta", 500000}}) == 5e5);
  BOOST_TEST(theta({{"rope_parameters", {{"rope_theta", 1e6}, {"rope_type", "default"}}}}) == 1e6);
  BOOST_TEST(theta({{"rope_theta", 1e6},
                    {"rope_parameters", {{"rope_theta", 1e6}, {"rope_type", "default"}}}}) == 1e6);
  refused({{"rope_theta", 1e4}, {"rope_parameters", {{"rope_theta", 1e6}}}},
          "rope_theta is 10000 and, in rope_parameters, 1e+06");
  const json linear{{"type", "linear"}, {"factor", 4.0}};
  BOOST_TEST((spec_of(with({{"rope_scaling", linear}})).rope.rope_type == rope_kind::linear));
  refused(
      {{"rope_scaling", linear}, {"rope_parameters", {{"rope_type", "linear"}, {"factor", 2.0}}}},
      "rope_scaling and rope_parameters differ");
  for (const char* type : {"yarn", "dynamic", "longrope", "su"})
    refused({{"rope_scaling", {{"rope_type", type}, {"factor", 4.0}}}},
            concat("rope_scaling: rope_type is \"", type, "\", supported are default, linear and"));
  refused({{"rope_scaling", {{"rope_type", "linear"}}}}, "rope_scaling: key \"factor\" is missing");
  refused({{"rope_scaling", {{"rope_type", "linear"}, {"factor", 2.0}, {"beta_fast", 32}}}},
          "rope_scaling: beta_fast is 32");
  refused({{"rope_parameters", {{"full_attention", {{"rope_theta", 1e6}}}}}},
          "rope_parameters: full_attention is an object");
  refused({{"rope_parameters", {{"partial_rotary_factor", 0.5}}}},
          "rope_parameters: partial_rotary_factor is 0.5, expected 1");
  const json llama3{{"rope_type", "llama3"},
                    {"factor", 8.0},
                    {"low_freq_factor", 1.0},
                    {"high_freq_factor", 4.0}};
  refused({{"rope_scaling", llama3}}, "original_max_position_embeddings is missing");
  json inside = llama3;
  inside["original_max_position_embeddings"] = 8192;
  BOOST_TEST(spec_of(with({{"rope_scaling", inside}, {"original_max_position_embeddings", 4096}}))
                 .rope.original_max_position_embeddings == 4096);
  refused({{"original_max_position_embeddings", 4096}}, "original_max_position_embeddings is 4096");
}

BOOST_AUTO_TEST_CASE(windows_are_where_their_family_has_them) {
  const auto windows = [](const json& changes) {
    std::vector<std::size_t> all;
    for (const layer_shape& layer : shape_of(changes).layers) all.push_back(layer.window);
    return all;
  };
  using sizes = std::vector<std::size_t>;
  const json mistral{{"model_type", "mistral"}, {"num_key_value_heads", 2}};
  const auto plus = [](json base, const json& changes) {
    base.update(changes);
    return base;
  };
  BOOST_TEST((windows(mistral) == sizes{4096, 4096, 4096}));  // without the key
  BOOST_TEST((windows(plus(mistral, {{"sliding_window", nullptr}})) == sizes{0, 0, 0}));
  BOOST_TEST((windows(plus(mistral, {{"sliding_window", 5}})) == sizes{5, 5, 5}));
  refused({{"sliding_window", 5}}, "sliding_window is 5; this key is not supported");  // llama
  for (const char* type : {"qwen2", "qwen3"}) {
    const json qwen{{"model_type", type},
                    {"num_key_value_heads", 2},
                    {"sliding_window", 4},
                    {"max_window_layers", 1}};
    BOOST_TEST((windows(qwen) == sizes{0, 0, 0}));
    const json used = plus(qwen, {{"use_sliding_window", true}});
    BOOST_TEST((windows(used) == sizes{0, 4, 4}));
    const json listed = {"sliding_attention", "full_attention", "sliding_attention"};
    BOOST_TEST((windows(plus(used, {{"layer_types", listed}})) == sizes{4, 0, 4}));
    refused(plus(qwen, {{"layer_types", listed}}), concat(type, ": layer_types has"));
    refused(plus(used, {{"layer_types", {"full_attention"}}}), concat(type, ": layer_types has 1"));
    refused(plus(used, {{"layer_types", {"chunked_attention"}}}), "layer_types holds chunked_");
  }
}

BOOST_AUTO_TEST_CASE(layers_without_rotations_are_smollm3s) {
  const auto rotary = [](const json& changes) {
    std::string all;
    for (const layer_shape& layer : shape_of(changes).layers) all += layer.rotary ? '1' : '0';
    return all;
  };
  BOOST_TEST(rotary({{"model_type", "smollm3"}, {"num_hidden_layers", 9}}) == "111011101");
  BOOST_TEST(rotary({{"model_type", "smollm3"}, {"no_rope_layers", {1, 0, 1}}}) == "101");
  BOOST_TEST(rotary({{"model_type", "smollm3"}, {"no_rope_layer_interval", 2}}) == "101");
  refused({{"model_type", "smollm3"}, {"no_rope_layers", {1, 0}}},
          "smollm3: no_rope_layers has 2 entries");
  refused({{"model_type", "smollm3"}, {"no_rope_layers", {1, 2, 1}}}, "no_rope_layers is 2");
  refused({{"no_rope_layers", {1, 0, 1}}}, "no_rope_layers is a list");
}

BOOST_AUTO_TEST_CASE(a_key_that_may_change_a_number_is_refused_unless_it_says_nothing) {
  for (const char* key : {"attn_logit_softcapping", "query_pre_attn_scalar", "embedding_multiplier",
                          "logits_scaling", "partial_rotary_factor", "a_new_key"}) {
    refused({{key, 2.5}}, concat(key, " is 2.5; this key is not supported"));
    for (const json& neutral : {json(), json(false), json(0), json(""), json::array()})
      BOOST_CHECK_NO_THROW((void)spec_of(with({{key, neutral}})));
  }
  refused({{"a_new_key", true}}, "a_new_key is true");
  refused({{"quantization_config", {{"quant_method", "gptq"}}}},
          "quantization_config is an object");
  for (const json& harmless :
       {json{{"is_llama_config", true}}, json{{"pretraining_tp", 2}}, json{{"_anything", 7}},
        json{{"eos_token_id", {2, 3}}}, json{{"torch_dtype", "bfloat16"}},
        json{{"attention_dropout", 0.1}}, json{{"initializer_range", 0.04}},
        json{{"use_cache", true}}, json{{"transformers_version", "5.0"}}})
    BOOST_CHECK_NO_THROW((void)spec_of(with(harmless)));
}

BOOST_AUTO_TEST_CASE(a_family_that_is_not_supported_is_named) {
  for (const char* type : {"gemma", "gemma2", "gemma3_text", "granite", "phi3", "qwen2_moe"})
    refused({{"model_type", type}}, concat("model_type is \"", type, "\"; supported are gpt2, "));
  json config = small;
  config.erase("model_type");
  config["architectures"] = {"LlamaForCausalLM"};
  BOOST_TEST(spec_of(config).model_type == "llama");
  config["architectures"] = {"Qwen3MoeForCausalLM"};
  BOOST_CHECK_EXCEPTION((void)spec_of(config), format_error,
                        prefopt_test::says("architectures holds Qwen3MoeForCausalLM; supported"));
  config["architectures"] = {"LlamaForCausalLM", "MistralForCausalLM"};
  BOOST_CHECK_EXCEPTION((void)spec_of(config), format_error,
                        prefopt_test::says("architectures holds MistralForCausalLM; supported"));
}

BOOST_AUTO_TEST_CASE(wrong_values_are_refused_by_their_key) {
  refused({{"hidden_size", 33}}, "llama: hidden_size is 33, expected a multiple of num_attention_");
  refused({{"hidden_size", 0}}, "hidden_size is 0, expected an integer from 1");
  refused({{"num_hidden_layers", 5000}}, "num_hidden_layers is 5000, expected an integer from 1");
  refused({{"num_key_value_heads", 3}}, "llama: num_attention_heads is 4, expected a multiple of");
  refused({{"head_dim", 7}}, "llama: heads of 7 channels, expected an even number");
  refused({{"rms_norm_eps", 0}}, "llama: rms_norm_eps is 0");
  refused({{"rms_norm_eps", "1e-5"}}, "rms_norm_eps is a text, expected a number");
  refused({{"hidden_act", "relu"}}, "hidden_act is \"relu\"");
  refused({{"tie_word_embeddings", 1}}, "tie_word_embeddings is 1, expected true or false");
  refused({{"rope_theta", 0.5}}, "rope_parameters: rope_theta is 0.5, expected above 1");
  BOOST_TEST(shape_of({{"head_dim", 12}}).query_columns() == 48);  // not hidden_size
}

BOOST_AUTO_TEST_CASE(what_is_written_is_what_was_read_key_by_key) {
  for (const char* name :
       {"llama", "llama3", "llama_linear", "mistral", "qwen2", "qwen3", "smollm3"}) {
    BOOST_TEST_CONTEXT(name) {
      const std::string folder = std::string(PREFOPT_TEST_SOURCE_DIR "/golden/decoder/") + name;
      const decoder_spec spec = read_model_config(folder);
      const json source = json::parse(std::ifstream(folder + "/config.json"));
      BOOST_TEST(json::parse(write_model_config(spec, source)).dump() == [&] {
        json expected = source;
        expected["tie_word_embeddings"] = spec.shape.tied_head;
        return expected.dump();
      }());
      // a new model's, from its description alone
      const decoder_spec again = spec_of(json::parse(write_model_config(spec, json::object())));
      BOOST_TEST(again.model_type == spec.model_type);
      BOOST_TEST((again.shape == spec.shape));
      BOOST_TEST((again.rope == spec.rope));
      // another model's config does not survive, and what is known to change no number does
      const json gpt2{{"model_type", "gpt2"},
                      {"n_layer", 12},
                      {"n_embd", 768},
                      {"eos_token_id", 7},
                      {"a_new_key", true},
                      {"sliding_window", 9},
                      {"quantization_config", {{"bits", 4}}}};
      for (const json& others : {small, gpt2}) {
        const json written = json::parse(write_model_config(spec, others));
        BOOST_TEST((spec_of(written).shape == spec.shape));
        BOOST_TEST(!written.contains("n_layer"));
        BOOST_TEST(!written.contains("a_new_key"));
        BOOST_TEST(written.contains("eos_token_id") == others.contains("eos_token_id"));
      }
      const json scalar = json::parse(write_scalar_model_config(spec, source));
      BOOST_TEST(
          scalar["architectures"][0].get<std::string>().ends_with("ForSequence"
                                                                  "Classification"));
      BOOST_TEST(scalar["id2label"].size() == 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(transformers_pads_a_new_smollm3_with_no_token_outside_the_vocabulary) {
  const decoder_spec spec = spec_of(with({{"model_type", "smollm3"}}));
  const auto written = [&](const json& source) {
    return json::parse(write_model_config(spec, source));
  };
  BOOST_TEST(written(json::object()).at("pad_token_id").is_null());
  BOOST_TEST(written({{"pad_token_id", 5}}).at("pad_token_id") == 5);
  BOOST_TEST(
      json::parse(write_scalar_model_config(spec, json::object())).at("pad_token_id").is_null());
}

BOOST_AUTO_TEST_SUITE_END()
