// SPDX-License-Identifier: MIT
// The entry point that every test program shares. It is written out because Boost's macro for it
// must come before the precompiled header.

#include <boost/test/unit_test.hpp>

int main(int argc, char** argv) {
  const auto begin = [] {
    boost::unit_test::framework::master_test_suite().p_name.value = "prefopt";
    return true;
  };
  return boost::unit_test::unit_test_main(begin, argc, argv);
}
