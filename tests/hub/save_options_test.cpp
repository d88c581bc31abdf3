// SPDX-License-Identifier: MIT
// The type in which a model is saved: as its folder was stored, or as asked.

#include "prefopt/hub/save_options.hpp"

#include <bit>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/hub/load_model.hpp"
#include "prefopt/hub/load_scalar_model.hpp"
#include "formats/safetensors_bytes.hpp"
#include "hub/gpt2_folders.hpp"
#include "hub/gpt2_model_folder.hpp"
#include "support/scratch_folder.hpp"

namespace fs = std::filesystem;
using nlohmann::json;
using prefopt::bfloat16;
using prefopt::weight_type;
using namespace prefopt_test;

namespace {

constexpr prefopt::save_options as_bfloat16{.dtype = weight_type::bfloat16};
constexpr prefopt::save_options as_float32{.dtype = weight_type::float32};

json config_in(const fs::path& folder) { return json::parse(get(folder / "config.json")); }

/// The types of a folder's tensors, each once.
std::set<std::string> types_in(const fs::path& folder) {
  std::set<std::string> types;
  const auto archive = prefopt::safetensors_archive::from_folder(folder);
  for (const auto& [name, item] : archive.tensors()) types.emplace(item.entry->type.name);
  return types;
}

/// A model whose weights need all bits of a float32.
model long_model() {
  auto one = make_model<model>(tiny);
  float next = 0.1f;
  for (auto& tensor : one.parameters())
    for (float& value : tensor.value) value = next *= -1.01f;
  return one;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(save_options)

BOOST_AUTO_TEST_CASE(values_are_rounded_to_nearest_even_and_config_says_so) {
  const scratch_folder folder;
  const model exact = long_model();
  prefopt::save_model(exact, prefopt::sidecar_files{}, folder.path(), as_bfloat16);
  BOOST_TEST(types_in(folder.path()) == std::set<std::string>{"BF16"});
  BOOST_TEST(config_in(folder.path())["torch_dtype"] == "bfloat16");
  const model loaded = prefopt::load_model(backend(), folder.path());
  const auto from = exact.parameters(), to = loaded.parameters();
  for (std::size_t i = 0; i < from.size(); ++i)
    for (std::size_t k = 0; k < from[i].value.size(); ++k)
      BOOST_REQUIRE(to[i].value[k] == static_cast<float>(bfloat16(from[i].value[k])));

  // Halfway between two: to the even one.
  auto halves = make_model<model>(tiny);
  halves.parameters()[0].value[0] = std::bit_cast<float>(0x3F808000u);
  halves.parameters()[0].value[1] = std::bit_cast<float>(0x3F818000u);
  prefopt::save_model(halves, prefopt::sidecar_files{}, folder.path(), as_bfloat16);
  const model rounded = prefopt::load_model(backend(), folder.path());
  BOOST_TEST(rounded.parameters()[0].value[0] == std::bit_cast<float>(0x3F800000u));
  BOOST_TEST(rounded.parameters()[0].value[1] == std::bit_cast<float>(0x3F820000u));
}

BOOST_AUTO_TEST_CASE(a_folder_of_bfloat16_stays_one_bit_for_bit) {
  const scratch_folder source, target;
  prefopt::save_model(long_model(), prefopt::sidecar_files{}, source.path(), as_bfloat16);
  const auto sidecars = prefopt::read_sidecar_files(source.path());
  BOOST_TEST((sidecars.stored_type == prefopt::bfloat16_type));
  prefopt::save_model(prefopt::load_model(backend(), source.path()), source.path(), target.path());
  BOOST_TEST((get(target / "model.safetensors") == get(source / "model.safetensors")));
  BOOST_TEST((get(target / "config.json") == get(source / "config.json")));
  prefopt::save_model(prefopt::load_model(backend(), source.path()), source.path(), target.path(),
                      as_float32);
  BOOST_TEST(types_in(target.path()) == std::set<std::string>{"F32"});
  BOOST_TEST(config_in(target.path())["torch_dtype"] == "float32");
  same_weights(prefopt::load_model(backend(), target.path()),
               prefopt::load_model(backend(), source.path()));
}

BOOST_AUTO_TEST_CASE(folders_of_other_types_become_float32) {
  const model_folder folder;  // float32
  BOOST_TEST((prefopt::read_sidecar_files(folder.path()).default_dtype() == weight_type::float32));
  const auto with_types = [&](std::string_view first, std::string_view second) {
    std::string data(4, '\0');
    put(folder / "model.safetensors",
        safetensors_bytes(
            prefopt::concat(R"({"a":{"dtype":")", first,
                            R"(","shape":[1],"data_offsets":[0,2]},"h.0.attn.bias":)",
                            R"({"dtype":")", second, R"(","shape":[1],"data_offsets":[2,4]}})"),
            data));
    return prefopt::read_sidecar_files(folder.path());
  };
  BOOST_TEST((with_types("BF16", "F16").default_dtype() == weight_type::bfloat16));  // a mask
  BOOST_TEST((with_types("F16", "BF16").default_dtype() == weight_type::float32));
  BOOST_TEST((with_types("F16", "BF16").stored_type == prefopt::float16_type));
  fs::remove(folder / "model.safetensors");
  BOOST_TEST(!prefopt::read_sidecar_files(folder.path()).stored_type.has_value());

  const scratch_folder mixed;
  prefopt::save_model(long_model(), prefopt::sidecar_files{}, mixed.path(), as_bfloat16);
  put(mixed / "b.safetensors",
      safetensors_bytes(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                        std::string(4, '\0')));
  fs::rename(mixed / "model.safetensors", mixed / "a.safetensors");
  json map;
  const auto archive = prefopt::safetensors_archive::from_file(mixed / "a.safetensors");
  for (const auto& [name, item] : archive.tensors()) map[name] = "a.safetensors";
  map["b"] = "b.safetensors";
  put(mixed / "model.safetensors.index.json", json{{"weight_map", map}}.dump());
  BOOST_TEST(!prefopt::read_sidecar_files(mixed.path()).stored_type.has_value());
}

BOOST_AUTO_TEST_CASE(config_names_the_type_under_the_keys_that_it_has) {
  const scratch_folder folder;
  const auto written = [&](json source) {
    prefopt::sidecar_files sidecars{std::move(source), {}};
    prefopt::save_model(make_model<model>(tiny), sidecars, folder.path(), as_bfloat16);
    return config_in(folder.path());
  };
  const json both = written({{"torch_dtype", "float16"}, {"dtype", "float16"}});
  BOOST_TEST(both["torch_dtype"] == "bfloat16");
  BOOST_TEST(both["dtype"] == "bfloat16");
  const json newer = written({{"dtype", "float32"}});
  BOOST_TEST(newer["dtype"] == "bfloat16");
  BOOST_TEST(!newer.contains("torch_dtype"));
}

BOOST_AUTO_TEST_CASE(a_value_that_would_become_infinite_is_not_written) {
  const scratch_folder folder;
  auto broken = make_model<model>(tiny);
  broken.parameters()[1].value[5] = std::numeric_limits<float>::max();
  BOOST_CHECK_EXCEPTION(
      prefopt::save_model(broken, prefopt::sidecar_files{}, folder.path(), as_bfloat16),
      prefopt::value_error,
      says("model.safetensors: tensor transformer.wpe.weight would hold infinity at [1, 1] for "
           "3.4",
           "which float32 can hold"));
  BOOST_TEST(!fs::exists(folder / "model.safetensors"));
  prefopt::save_model(broken, prefopt::sidecar_files{}, folder.path());
  broken.parameters()[1].value[5] = -std::bit_cast<float>(0x7F7F7FFFu);  // the greatest below
  prefopt::save_model(broken, prefopt::sidecar_files{}, folder.path(), as_bfloat16);
  broken.parameters()[1].value[5] = std::numeric_limits<float>::quiet_NaN();
  BOOST_CHECK_EXCEPTION(
      prefopt::save_model(broken, prefopt::sidecar_files{}, folder.path(), as_bfloat16),
      prefopt::value_error, says("would hold nan at [1, 1], which could not be read back"));
}

BOOST_AUTO_TEST_CASE(a_scalar_model_is_saved_the_same_way) {
  using scalar_model = prefopt::scalar_lm<backend_type>;
  const scratch_folder source, target;
  prefopt::save_scalar_model(make_model<scalar_model>(tiny), prefopt::sidecar_files{},
                             source.path(), as_bfloat16);
  BOOST_TEST(types_in(source.path()) == std::set<std::string>{"BF16"});
  const auto loaded = prefopt::load_scalar_model(backend(), source.path());
  prefopt::save_scalar_model(loaded, source.path(), target.path());
  BOOST_TEST((get(target / "model.safetensors") == get(source / "model.safetensors")));
  BOOST_TEST(config_in(target.path())["torch_dtype"] == "bfloat16");
}

BOOST_AUTO_TEST_SUITE_END()
