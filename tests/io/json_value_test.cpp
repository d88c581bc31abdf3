// SPDX-License-Identifier: MIT
#include "prefopt/io/json_value.hpp"

#include <utility>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using nlohmann::json;
using prefopt::json_value;

BOOST_AUTO_TEST_SUITE(json_value_copies)

BOOST_AUTO_TEST_CASE(a_value_is_null_or_what_it_was_made_from) {
  BOOST_TEST(json_value()->is_null());
  BOOST_TEST(json_value::object()->is_object());
  BOOST_TEST(json_value::object()->empty());
  BOOST_TEST(*json_value(json{{"a", 1}}) == (json{{"a", 1}}));
}

BOOST_AUTO_TEST_CASE(a_change_to_a_copy_stays_there) {
  json_value first = json{{"a", 1}};
  json_value second = first;
  (*second)["a"] = 2;
  BOOST_TEST((*first)["a"] == 1);
  first = second;
  BOOST_TEST((*first)["a"] == 2);
  json_value& same = first;
  first = same;
  BOOST_TEST((*first)["a"] == 2);
}

BOOST_AUTO_TEST_CASE(a_value_that_was_moved_from_is_still_one) {
  json_value from = json{{"a", 1}};
  const json_value to = std::move(from);
  BOOST_TEST((*to)["a"] == 1);
  BOOST_TEST(from->is_object());
}

BOOST_AUTO_TEST_SUITE_END()
