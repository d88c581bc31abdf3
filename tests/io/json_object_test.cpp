// SPDX-License-Identifier: MIT
#include "prefopt/io/json_object.hpp"

#include <boost/test/unit_test.hpp>

#include "prefopt/io/json.hpp"
#include "support/scratch_folder.hpp"

using prefopt::format_error;
using prefopt::json_object;
using prefopt_test::says;

BOOST_AUTO_TEST_SUITE(json_object_members)

BOOST_AUTO_TEST_CASE(a_member_of_the_wanted_type_is_given_as_it_is) {
  const auto value = prefopt::parse_json(
      R"({"i":-3,"f":2.5,"t":"x","b":true,"o":{"k":1},"l":[1],"n":null,"most":9223372036854775807,"one":1})",
      "f");
  const json_object object(value, "f");
  BOOST_TEST(object.integer("i") == -3);
  BOOST_TEST(object.integer("most") == std::numeric_limits<std::int64_t>::max());
  BOOST_TEST(object.number("f") == 2.5);
  BOOST_TEST(object.number("one") == 1.0);
  BOOST_TEST(object.text("t") == "x");
  BOOST_TEST(object.boolean("b"));
  BOOST_TEST(object.object("o").integer("k") == 1);
  BOOST_TEST(object.list("l").size() == 1);
  BOOST_TEST(object.has("n"));
  BOOST_TEST(!object.has_value("n"));
  BOOST_TEST(!object.has("absent"));
  BOOST_TEST(!object.optional_integer("n").has_value());
  BOOST_TEST(!object.optional_text("absent").has_value());
  BOOST_TEST(object.optional_boolean("b").value());
  BOOST_TEST(object.optional_number("f").value() == 2.5);
}

BOOST_AUTO_TEST_CASE(no_number_is_bent_into_an_integer) {
  const auto value = prefopt::parse_json(
      R"({"a":1.5,"b":true,"c":"1","d":1.0,"e":18446744073709551615,"g":[1],"h":{},"i":null,"j":1e300,"k":123456789012345678901})",
      "f");
  const json_object object(value, "f");
  for (const char* key : {"a", "b", "c", "d", "e", "g", "h", "i", "j", "k"}) {
    BOOST_CHECK_EXCEPTION((void)object.integer(key), format_error,
                          says("f: ", key, "integer from"));
  }
  BOOST_CHECK_EXCEPTION((void)object.optional_integer("a"), format_error, says("f: a is 1.5"));
}

BOOST_AUTO_TEST_CASE(an_integer_outside_its_range_is_refused_with_the_range) {
  const auto value = prefopt::parse_json(R"({"n":-1,"m":4294967296})", "config.json");
  const json_object object(value, "config.json");
  BOOST_CHECK_EXCEPTION((void)object.integer("n", 0, 7), format_error,
                        says("config.json: n is -1, expected an integer from 0 to 7"));
  BOOST_CHECK_EXCEPTION((void)object.integer("m", 0, 4294967295), format_error,
                        says("m is 4294967296"));
  BOOST_TEST(object.integer("m", 0, 4294967296) == 4294967296);
}

BOOST_AUTO_TEST_CASE(a_member_that_is_missing_or_of_another_type_is_named) {
  const auto value = prefopt::parse_json(R"({"i":1,"t":"x","b":0,"n":"0.5"})", "f");
  const json_object object(value, "f");
  BOOST_CHECK_EXCEPTION((void)object.integer("absent"), format_error,
                        says("f: key \"absent\" is missing"));
  BOOST_CHECK_EXCEPTION((void)object.text("i"), format_error, says("f: i is 1, expected a text"));
  BOOST_CHECK_EXCEPTION((void)object.boolean("b"), format_error,
                        says("f: b is 0, expected true or false"));
  BOOST_CHECK_EXCEPTION((void)object.number("n"), format_error,
                        says("f: n is a text, expected a number"));
  BOOST_CHECK_EXCEPTION((void)object.list("t"), format_error, says("expected a list"));
  BOOST_CHECK_EXCEPTION((void)object.object("t"), format_error, says("expected an object"));
  const nlohmann::json list = {1, 2};
  BOOST_CHECK_EXCEPTION(json_object(list, "f"), format_error,
                        says("f: a list, expected a JSON object"));
}

BOOST_AUTO_TEST_SUITE_END()
