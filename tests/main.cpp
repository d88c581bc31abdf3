// SPDX-License-Identifier: MIT
// The entry point that every test program shares.

#define BOOST_TEST_MODULE prefopt
#include <boost/test/unit_test.hpp>
