// SPDX-License-Identifier: MIT
#include "prefopt/formats/safetensors_archive.hpp"

#include <boost/test/unit_test.hpp>

#include "prefopt/formats/safetensors_writer.hpp"
#include "support/scratch_folder.hpp"

using prefopt::format_error;
using prefopt::safetensors_archive;
using namespace prefopt_test;

namespace {

/// Two shards of one tensor each, "a" and "b".
struct sharded_folder : scratch_folder {
  sharded_folder() {
    prefopt::write_safetensors<float>(*this / "1.safetensors", {{"a", {2}, a}});
    prefopt::write_safetensors<float>(*this / "2.safetensors", {{"b", {3}, b}});
  }

  void index(std::string_view weight_map) const {
    put(*this / "model.safetensors.index.json",
        prefopt::concat(R"({"metadata":{"total_size":20},"weight_map":)", weight_map, "}"));
  }

  void refused(std::string_view weight_map, std::string_view why) const {
    index(weight_map);
    BOOST_CHECK_EXCEPTION((void)safetensors_archive::from_folder(path()), prefopt::error,
                          says(why));
  }

  std::vector<float> a{1, 2};
  std::vector<float> b{3, 4, 5};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(archive)

BOOST_AUTO_TEST_CASE(shards_read_like_one_file) {
  const sharded_folder folder;
  folder.index(R"({"a":"1.safetensors","b":"2.safetensors"})");
  const auto archive = safetensors_archive::from_folder(folder.path());
  BOOST_REQUIRE(archive.tensors().size() == 2);
  const auto& [file, entry] = archive.tensors().at("b");
  std::vector<float> values(3);
  file->read(*entry, std::span(values));
  BOOST_TEST(values == folder.b, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_single_file_goes_before_an_index) {
  const sharded_folder folder;
  folder.index(R"({"broken":1})");
  prefopt::write_safetensors<float>(folder / "model.safetensors", {{"c", {2}, folder.a}});
  const auto archive = safetensors_archive::from_folder(folder.path());
  BOOST_TEST(archive.tensors().size() == 1);
  BOOST_TEST(archive.tensors().contains("c"));
}

BOOST_AUTO_TEST_CASE(a_folder_with_neither_names_the_file_that_is_missing) {
  const scratch_folder folder;
  const auto refused = [&](const char* why) {
    BOOST_CHECK_EXCEPTION((void)safetensors_archive::from_folder(folder.path()), prefopt::io_error,
                          says(why));
  };
  refused(": no model.safetensors; an empty folder");
  put(folder / "config.json", "{}");
  refused("/model.safetensors: cannot open");
}

BOOST_AUTO_TEST_CASE(an_index_that_disagrees_with_its_shards_is_refused) {
  const sharded_folder folder;
  folder.refused(R"({"a":"1.safetensors","b":"1.safetensors"})",
                 "1.safetensors: tensor b is missing");
  prefopt::write_safetensors<float>(folder / "both.safetensors",
                                    {{"a", {2}, folder.a}, {"b", {3}, folder.b}});
  folder.refused(R"({"a":"both.safetensors"})", "both.safetensors: tensor b is not in");
  folder.refused(R"({"a":"both.safetensors","b":"2.safetensors"})",
                 "tensor b is in another shard too");
}

BOOST_AUTO_TEST_CASE(an_index_leads_nowhere_but_into_its_folder) {
  const sharded_folder folder;
  for (const char* name : {"../1.safetensors", "/etc/passwd", "sub/1.safetensors", "..", ".", "",
                           "a\\\\b", "a\\u0000b", "a\\nb", "a\\u007fb"}) {
    folder.refused(prefopt::concat(R"({"a":")", name, R"("})"),
                   "expected a file in the same folder");
  }
  folder.refused(R"({"a":"3.safetensors"})", "3.safetensors: is missing, but ");
  folder.refused(R"({"a":7})", "a is 7, expected a text");
  folder.refused("[]", "weight_map");
}

BOOST_AUTO_TEST_SUITE_END()
