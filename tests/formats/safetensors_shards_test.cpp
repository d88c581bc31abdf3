// SPDX-License-Identifier: MIT
// Dividing tensors among files.

#include "prefopt/formats/safetensors_shards.hpp"

#include <limits>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/io/model_folder.hpp"
#include "support/scratch_folder.hpp"

using prefopt::plan_shards;
using prefopt::tensor_signature;
using namespace prefopt_test;

BOOST_AUTO_TEST_SUITE(safetensors_shards)

BOOST_AUTO_TEST_CASE(tensors_are_divided_in_their_order_as_huggingface_hub_divides_them) {
  const std::vector<tensor_signature> tensors{{"a", {10}}, {"b", {10}}, {"c", {50}},
                                              {"d", {5}},  {"e", {6}},  {"f", {}}};
  const auto plan = [&](std::uint64_t most) {
    std::string text;
    for (const auto& shard : plan_shards(tensors, prefopt::float32_type, most)) {
      text += text.empty() ? "" : " ";
      for (const std::size_t i : shard.tensors) text += tensors[i].name;
      text += prefopt::concat(':', shard.bytes);
    }
    return text;
  };
  BOOST_TEST(plan(1000) == "abcdef:328");
  BOOST_TEST(plan(328) == "abcdef:328");
  BOOST_TEST(plan(327) == "abcde:324 f:4");
  // a tensor that is too long has a file by itself, and the open one stays open
  BOOST_TEST(plan(100) == "c:200 abd:100 ef:28");
  BOOST_TEST(plan(80) == "c:200 ab:80 def:48");
  BOOST_TEST(plan(1) == "a:40 b:40 c:200 d:20 e:24 f:4");
  BOOST_TEST(plan_shards(tensors, prefopt::bfloat16_type, 164).size() == 1);
  BOOST_TEST(plan_shards({}, prefopt::float32_type, 1).size() == 1);
  BOOST_CHECK_THROW((void)plan_shards({{"a", {std::numeric_limits<std::size_t>::max(), 2}}},
                                      prefopt::float32_type, 1),
                    prefopt::shape_error);
}

BOOST_AUTO_TEST_CASE(names_and_index_are_those_of_transformers) {
  const std::vector<tensor_signature> tensors{{"b", {3}}, {"a", {2, 2}}};
  BOOST_TEST(plan_shards(tensors, prefopt::float32_type, 28)[0].name == "model.safetensors");
  const auto shards = plan_shards(tensors, prefopt::float32_type, 16);
  BOOST_REQUIRE(shards.size() == 2);
  BOOST_TEST(shards[0].name == "model-00001-of-00002.safetensors");
  BOOST_TEST(shards[1].name == "model-00002-of-00002.safetensors");
  BOOST_TEST(prefopt::write_shard_index(tensors, shards) == R"({
  "metadata": {
    "total_size": 28
  },
  "weight_map": {
    "a": "model-00002-of-00002.safetensors",
    "b": "model-00001-of-00002.safetensors"
  }
}
)");
  for (const auto& shard : shards) BOOST_TEST(prefopt::is_shard_name(shard.name));
  for (const char* name : {"model.safetensors", "model-1-of-2.safetensors", "model-00001-of-00002",
                           "model-00001-of-00002.safetensors.tmp",
                           "model-0000x-of-00002.safetensors", "other-00001-of-00002.safetensors"})
    BOOST_TEST(!prefopt::is_shard_name(name));
}

BOOST_AUTO_TEST_SUITE_END()
