// SPDX-License-Identifier: MIT
// A misspelled name is recognized by the edits that lead to it.

#include "prefopt/io/closest_name.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

using namespace prefopt;

BOOST_AUTO_TEST_SUITE(closest_names)

BOOST_AUTO_TEST_CASE(edits_are_counted_one_by_one) {
  BOOST_TEST(edit_distance("", "") == 0U);
  BOOST_TEST(edit_distance("abc", "") == 3U);
  BOOST_TEST(edit_distance("beta", "beta") == 0U);
  BOOST_TEST(edit_distance("bta", "beta") == 1U);    // inserted
  BOOST_TEST(edit_distance("beeta", "beta") == 1U);  // removed
  BOOST_TEST(edit_distance("bata", "beta") == 1U);   // replaced
  BOOST_TEST(edit_distance("ebta", "beta") == 1U);   // exchanged
  BOOST_TEST(edit_distance("kitten", "sitting") == 3U);
  BOOST_TEST(edit_distance("ca", "abc") == 3U);  // an exchanged pair is not edited again
}

BOOST_AUTO_TEST_CASE(edits_do_not_depend_on_the_order_of_the_names) {
  const std::vector<std::string_view> names{"", "a", "learning-rate", "loss", "label", "epochs"};
  for (const std::string_view a : names)
    for (const std::string_view b : names) BOOST_TEST(edit_distance(a, b) == edit_distance(b, a));
}

BOOST_AUTO_TEST_CASE(only_a_near_name_is_meant) {
  const std::vector<std::string> names{"beta", "output", "epochs", "learning-rate"};
  BOOST_TEST(closest_name("bata", names) == "beta");
  BOOST_TEST(closest_name("outptu", names) == "output");
  BOOST_TEST(closest_name("lerning_rate", names) == "learning-rate");
  BOOST_TEST(closest_name("epoch", names) == "epochs");
  BOOST_TEST(closest_name("lr", names).empty());
  BOOST_TEST(closest_name("", names).empty());
  BOOST_TEST(closest_name("input", names) == "");  // two of five
  BOOST_TEST(closest_name("beta", std::vector<std::string>{}).empty());
  BOOST_TEST(closest_name("aaaaaaaaaaaa", std::vector<std::string>{"bbbbaaaaaaaa"}).empty());
}

BOOST_AUTO_TEST_CASE(the_first_of_equally_near_names_is_taken) {
  BOOST_TEST(closest_name("apo", std::vector<std::string>{"dpo", "ipo"}) == "dpo");
}

BOOST_AUTO_TEST_CASE(long_names_are_no_misspelling) {
  const std::string name(1000, 'a');
  BOOST_TEST(edit_distance(name, name + "b") == 1001U);
  BOOST_TEST(closest_name(name, std::vector<std::string>{name + "b"}).empty());
  BOOST_TEST(edit_distance(std::string(64, 'a'), std::string(63, 'a') + "b") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
