// SPDX-License-Identifier: MIT
// A workspace keeps what is used and releases what has become too small.

#include "prefopt/eigen/detail/workspace.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <utility>

#include <boost/test/unit_test.hpp>

using prefopt::workspace_buffer;
using prefopt::detail::workspace;

BOOST_AUTO_TEST_CASE(memory_that_was_given_back_is_taken_again) {
  const auto home = std::make_shared<workspace>();
  workspace_buffer<float> first(home, 1000);
  const float* const address = first.data();
  BOOST_TEST(reinterpret_cast<std::uintptr_t>(address) % 64 == 0);
  workspace_buffer<float> second(home, 1000);
  BOOST_TEST(second.data() != address);
  const std::size_t bytes = home->bytes();
  first = {};
  const workspace_buffer<float> third(home, 900);
  BOOST_TEST(third.data() == address);
  BOOST_TEST(home->bytes() == bytes);
}

BOOST_AUTO_TEST_CASE(buffers_without_content_have_addresses_of_their_own) {
  const auto home = std::make_shared<workspace>();
  workspace_buffer<int> a(home, 0), b(home, 0);
  BOOST_TEST(a.data() != b.data());
}

// One at a time, each larger than the last: a region that is no longer used makes room.
BOOST_AUTO_TEST_CASE(sizes_that_grow_do_not_add_up) {
  const auto home = std::make_shared<workspace>();
  constexpr std::size_t mebibyte = std::size_t{1} << 20;
  for (std::size_t size = 260; size <= 400; size += 20) {
    const workspace_buffer<char> buffer(home, size * mebibyte);
    BOOST_TEST(home->bytes() < (size + 1) * mebibyte);
  }
}

BOOST_AUTO_TEST_CASE(more_than_any_computer_has_is_refused) {
  const auto home = std::make_shared<workspace>();
  for (const std::size_t less : {0U, 10U, 100U, 1000U})
    BOOST_CHECK_THROW(workspace_buffer<char>(home, std::numeric_limits<std::size_t>::max() - less),
                      std::bad_alloc);
}
