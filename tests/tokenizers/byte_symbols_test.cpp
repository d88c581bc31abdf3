// SPDX-License-Identifier: MIT
#include "prefopt/tokenizers/byte_symbols.hpp"

#include <algorithm>
#include <set>
#include <string>

#include <boost/test/unit_test.hpp>

using prefopt::from_byte_symbols;
using prefopt::to_byte_symbols;

BOOST_AUTO_TEST_SUITE(byte_symbols)

BOOST_AUTO_TEST_CASE(bytes_come_back_from_their_symbols_and_no_two_share_one) {
  std::set<std::string> symbols;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text(1, static_cast<char>(byte));
    symbols.insert(to_byte_symbols(text));
    BOOST_TEST((from_byte_symbols(to_byte_symbols(text)) == text));
  }
  BOOST_TEST(symbols.size() == 256u);
}

BOOST_AUTO_TEST_CASE(symbols_are_those_of_the_published_vocabulary) {
  BOOST_TEST(to_byte_symbols(" the\n") == "\u0120the\u010a");
  BOOST_TEST(to_byte_symbols(std::string(1, '\0')) == "\u0100");
  BOOST_TEST(to_byte_symbols("\x7f\x80\xa0\xa1\xad\xae\xff") ==
             "\u0121\u0122\u0142\u00a1\u0143\u00ae\u00ff");
}

BOOST_AUTO_TEST_CASE(what_spells_no_byte_gives_nothing) {
  for (const char* text :
       {" ", "a b", "\n", "\u00a0", "\u00ad", "\u0144", "\u4e16", "\xc4", "\U0001f600"}) {
    BOOST_TEST(!from_byte_symbols(text).has_value());
  }
}

BOOST_AUTO_TEST_CASE(the_order_is_that_of_the_published_vocabulary) {
  auto order = prefopt::gpt2_byte_order();
  BOOST_TEST(int{order[0]} == '!');
  BOOST_TEST(int{order[93]} == '~');
  BOOST_TEST(int{order[94]} == 0xA1);
  BOOST_TEST(int{order[187]} == 0xFF);
  BOOST_TEST(int{order[188]} == 0);
  BOOST_TEST(int{order[220]} == ' ');
  BOOST_TEST(int{order[255]} == 0xAD);
  std::ranges::sort(order);
  BOOST_TEST((std::ranges::adjacent_find(order) == order.end()));
}

BOOST_AUTO_TEST_SUITE_END()
