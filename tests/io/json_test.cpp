// SPDX-License-Identifier: MIT
#include "prefopt/io/json.hpp"

#include <boost/test/unit_test.hpp>

#include "support/scratch_folder.hpp"

using prefopt::format_error;
using prefopt::parse_json;
using prefopt_test::says;

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(good_json_gives_the_value_that_it_spells) {
  const auto value = parse_json(
      R"( {"a":[1,-2,2.5,true,null,"\u00e9\n"],"b":{"c":[{}]}, "d":18446744073709551615} )", "f");
  BOOST_TEST(value["a"][0].get<int>() == 1);
  BOOST_TEST(value["a"][1].get<int>() == -2);
  BOOST_TEST(value["a"][2].get<double>() == 2.5);
  BOOST_TEST(value["a"][3].get<bool>());
  BOOST_TEST(value["a"][4].is_null());
  BOOST_TEST(value["a"][5].get<std::string>() == "\xc3\xa9\n");
  BOOST_TEST(value["b"]["c"][0].is_object());
  BOOST_TEST(value["d"].get<std::uint64_t>() == 18446744073709551615u);
  BOOST_TEST(value == nlohmann::json::parse(value.dump()));
  BOOST_TEST(parse_json("7", "f").get<int>() == 7);
}

BOOST_AUTO_TEST_CASE(bad_json_is_refused_with_the_file_and_the_byte) {
  for (const char* text :
       {"{", "[1,]", "{\"a\":NaN}", "nan", "[Infinity]", "[1] x", "{\"a\" 1}", "\"\xff\"",
        "[1e999]", "// c\n1", "{'a':1}", "\"\\ud800\"", "[01]", " "}) {
    BOOST_CHECK_EXCEPTION((void)parse_json(text, "dir/f.json"), format_error,
                          says("dir/f.json: ", "byte "));
  }
  BOOST_CHECK_EXCEPTION((void)parse_json("{\"a\":1,\"b\":x}", "f"), format_error,
                        says("f: not JSON at byte 12"));
}

// A flipped bit makes a NUL of a blank in the padding of a safetensors header.
BOOST_AUTO_TEST_CASE(a_nul_does_not_end_the_text) {
  using namespace std::string_view_literals;
  for (const auto text : {"{}\0"sv, "{} \0 "sv, "{}\0x"sv, "7\0"sv, "\0"sv, "{\0}"sv, "\"\0\""sv})
    BOOST_CHECK_EXCEPTION((void)parse_json(text, "f"), format_error, says("f: not JSON at byte "));
  BOOST_CHECK_EXCEPTION((void)parse_json("{} \0"sv, "f"), format_error, says("byte 4: a NUL"));
}

BOOST_AUTO_TEST_CASE(a_repeated_key_is_refused_at_any_depth) {
  BOOST_CHECK_EXCEPTION((void)parse_json(R"({"n":1,"m":2,"n":1})", "f"), format_error,
                        says("f: key \"n\" appears twice"));
  BOOST_CHECK_EXCEPTION((void)parse_json(R"([{"a":{"b":{},"b":[]}}])", "f"), format_error,
                        says("\"b\""));
  BOOST_CHECK_NO_THROW((void)parse_json(R"([{"a":{"a":1}},{"a":2}])", "f"));
}

BOOST_AUTO_TEST_CASE(depth_and_number_of_values_are_bounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  BOOST_CHECK_NO_THROW((void)parse_json(nested(64), "f"));
  BOOST_CHECK_EXCEPTION((void)parse_json(nested(65), "f"), format_error,
                        says("f: ", "deeper than 64"));
  BOOST_CHECK_EXCEPTION((void)parse_json(std::string(5000000, '['), "f"), format_error,
                        says("deeper"));
  BOOST_CHECK_NO_THROW((void)parse_json("[1,2]", "f", {.values = 3}));
  BOOST_CHECK_EXCEPTION((void)parse_json("[1,2,3]", "f", {.values = 3}), format_error,
                        says("more than 3"));
}

BOOST_AUTO_TEST_CASE(a_file_of_another_kind_is_called_by_its_name) {
  BOOST_CHECK_EXCEPTION(
      (void)parse_json("version https://git-lfs.github.com/spec/v1\noid", "c.json"), format_error,
      says("c.json: a git-lfs pointer"));
  BOOST_CHECK_EXCEPTION((void)parse_json("<!DOCTYPE html>", "f"), format_error, says("HTML"));
  BOOST_CHECK_EXCEPTION((void)parse_json("GGUF\x03", "f"), format_error, says("GGUF"));
  BOOST_CHECK_EXCEPTION((void)parse_json("PK\x03\x04zz", "f"), format_error, says("zip"));
  BOOST_CHECK_EXCEPTION((void)parse_json("", "f"), format_error, says("empty file"));
}

BOOST_AUTO_TEST_SUITE_END()
