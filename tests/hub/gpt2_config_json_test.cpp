// SPDX-License-Identifier: MIT
#include "prefopt/hub/gpt2_config_json.hpp"

#include <variant>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/hub/model_config_json.hpp"
#include "support/scratch_folder.hpp"

using prefopt::activation_function;
using prefopt::format_error;
using prefopt::gpt2_config;
using prefopt_test::says;

namespace {

const nlohmann::json good = {
    {"n_layer", 2}, {"n_head", 2}, {"n_embd", 4}, {"n_positions", 8}, {"vocab_size", 11}};

gpt2_config parse(const nlohmann::json& json) {
  return prefopt::parse_gpt2_config(json, "config.json");
}

nlohmann::json with(const char* key, const nlohmann::json& value) {
  nlohmann::json json = good;
  json[key] = value;
  return json;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gpt2_config_json)

BOOST_AUTO_TEST_CASE(what_is_not_said_has_the_default_of_transformers) {
  const gpt2_config expected{.n_layer = 2,
                             .n_head = 2,
                             .n_embd = 4,
                             .n_inner = 0,
                             .vocab_size = 11,
                             .n_positions = 8,
                             .layer_norm_epsilon = 1e-5,
                             .activation = activation_function::gelu_new,
                             .tie_word_embeddings = true};
  BOOST_TEST((parse(good) == expected));
  BOOST_TEST((parse(with("n_inner", nullptr)) == expected));
  BOOST_TEST((parse(with("activation_function", "gelu_pytorch_tanh")) == expected));
  BOOST_TEST((parse(with("scale_attn_weights", true)) == expected));
  BOOST_TEST(parse(with("n_inner", 9)).inner() == 9);
  BOOST_TEST((parse(with("activation_function", "gelu")).activation == activation_function::gelu));
  BOOST_TEST((parse(with("activation_function", "silu")).activation == activation_function::silu));
  BOOST_TEST(!parse(with("tie_word_embeddings", false)).tie_word_embeddings);
  BOOST_TEST(parse(with("layer_norm_epsilon", 1e-6)).layer_norm_epsilon == 1e-6);
}

BOOST_AUTO_TEST_CASE(a_needed_key_has_no_fallback) {
  for (const char* key : {"n_layer", "n_head", "n_embd", "n_positions", "vocab_size"}) {
    nlohmann::json json = good;
    json.erase(key);
    BOOST_CHECK_EXCEPTION((void)parse(json), format_error,
                          says("config.json: key \"", key, "\" is missing"));
    for (const nlohmann::json& bad :
         {nlohmann::json(0), nlohmann::json(-1), nlohmann::json(2.0), nlohmann::json("2"),
          nlohmann::json(nullptr), nlohmann::json(true), nlohmann::json(16777217),
          nlohmann::json(1e300), nlohmann::json(~std::uint64_t{0})}) {
      BOOST_CHECK_EXCEPTION((void)parse(with(key, bad)), format_error,
                            says("config.json: ", key, "an integer from 1 to"));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_would_compute_another_model_is_refused_by_its_key) {
  const auto refused = [](const char* key, const nlohmann::json& value) {
    BOOST_CHECK_EXCEPTION((void)parse(with(key, value)), format_error, says("config.json: ", key));
  };
  refused("model_type", "llama");
  refused("activation_function", "relu");
  refused("activation_function", 1);
  refused("scale_attn_weights", false);
  refused("scale_attn_by_inverse_layer_idx", true);
  refused("reorder_and_upcast_attn", true);
  refused("add_cross_attention", true);
  refused("add_cross_attention", "no");
  refused("tie_word_embeddings", 1);
  refused("layer_norm_epsilon", "1e-5");
  refused("is_encoder_decoder", true);
  refused("quantization_config", {{"load_in_8bit", true}});
  refused("pruned_heads", {{"0", {1}}});
  refused("architectures", {"LlamaForCausalLM"});
  refused("architectures", "GPT2LMHeadModel");
  BOOST_TEST((parse(with("pruned_heads", nlohmann::json::object())) == parse(good)));
  BOOST_TEST((parse(with("architectures", {"GPT2DoubleHeadsModel"})) == parse(good)));
  BOOST_CHECK_EXCEPTION((void)parse(with("model_type", "llama")), format_error,
                        says("config.json: model_type is \"llama\", expected gpt2"));
  BOOST_CHECK_EXCEPTION((void)parse(with("layer_norm_epsilon", 0)), format_error,
                        says("config.json: ", "layer_norm_epsilon"));
  BOOST_CHECK_EXCEPTION((void)parse(with("n_head", 3)), format_error,
                        says("config.json: ", "n_embd is 4", "n_head, 3"));
  refused("n_inner", 0);
  BOOST_CHECK_EXCEPTION((void)parse(nlohmann::json::array()), format_error,
                        says("config.json: ", "object"));
}

BOOST_AUTO_TEST_CASE(a_size_may_have_its_general_name_but_not_two_values) {
  const std::pair<const char*, const char*> names[] = {{"n_layer", "num_hidden_layers"},
                                                       {"n_head", "num_attention_heads"},
                                                       {"n_embd", "hidden_size"},
                                                       {"n_positions", "max_position_embeddings"}};
  for (const auto& [key, general] : names) {
    BOOST_TEST((parse(with(general, good[key])) == parse(good)));
    BOOST_CHECK_EXCEPTION((void)parse(with(general, 16)), format_error,
                          says("config.json: ", key, general, "another name for it, is 16"));
    auto json = with(general, good[key]);
    json.erase(key);
    BOOST_TEST((parse(json) == parse(good)));
  }
}

BOOST_AUTO_TEST_CASE(a_written_config_says_what_was_written_whatever_its_source_says) {
  nlohmann::json source = with("model_type", "gpt2");
  source.update({{"hidden_size", 64},
                 {"num_hidden_layers", 9},
                 {"num_attention_heads", 8},
                 {"n_ctx", 1024},
                 {"max_position_embeddings", 1024},
                 {"activation_function", "gelu"},
                 {"scale_attn_weights", false},
                 {"reorder_and_upcast_attn", true},
                 {"quantization_config", {{"bits", 4}}},
                 {"n_inner", 77},
                 {"architectures", {"GPT2Model"}},
                 {"tie_word_embeddings", false},
                 {"embd_pdrop", 0.25}});
  const auto config = parse(good);
  const auto json = nlohmann::json::parse(prefopt::write_gpt2_config(config, source));
  BOOST_TEST((parse(json) == config));
  BOOST_TEST(json["n_ctx"] == 8);
  BOOST_TEST(json["hidden_size"] == 4);
  BOOST_TEST(json["activation_function"] == "gelu_new");
  BOOST_TEST(json["architectures"] == nlohmann::json::array({"GPT2LMHeadModel"}));
  BOOST_TEST(json["embd_pdrop"] == 0.25);
  BOOST_TEST(!json.contains("quantization_config"));
  const auto scalar = nlohmann::json::parse(prefopt::write_gpt2_scalar_config(config, source));
  BOOST_TEST((std::get<gpt2_config>(prefopt::parse_scalar_model_config(scalar, "c")) == config));
  BOOST_TEST(scalar["architectures"] == nlohmann::json::array({"GPT2ForSequenceClassification"}));
  source["activation_function"] = "gelu_pytorch_tanh";
  BOOST_TEST(nlohmann::json::parse(prefopt::write_gpt2_config(
                 config, source))["activation_function"] == "gelu_pytorch_tanh");
}

BOOST_AUTO_TEST_CASE(a_written_config_is_read_as_the_same) {
  for (const gpt2_config& config :
       {parse(good), parse(with("n_inner", 9)), parse(with("activation_function", "gelu")),
        parse(with("activation_function", "silu")), parse(with("tie_word_embeddings", false)),
        parse(with("layer_norm_epsilon", 3e-7))}) {
    const auto json =
        nlohmann::json::parse(prefopt::write_gpt2_config(config, nlohmann::json::object()));
    BOOST_TEST((parse(json) == config));
    BOOST_TEST(json["architectures"] == nlohmann::json::array({"GPT2LMHeadModel"}));
    BOOST_TEST(json["torch_dtype"] == "float32");
    BOOST_TEST(!json.contains("dtype"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
