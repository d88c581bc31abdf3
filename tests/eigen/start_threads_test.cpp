// SPDX-License-Identifier: MIT
// Refused threads are an error and leave no thread behind.

#include "prefopt/eigen/start_threads.hpp"

#include <atomic>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include <boost/test/unit_test.hpp>

using prefopt::device_error;
using prefopt::detail::start_all_at_a_time;

BOOST_AUTO_TEST_SUITE(start_threads)

namespace {

/// Requests eight threads and calls `refuse` for the third; counts those that ended.
template <class Refuse>
void ask_for_eight(std::atomic<int>& ended, const Refuse& refuse) {
  int started = 0;
  start_all_at_a_time(8, [&](auto&& work) {
    if (started++ == 2) refuse();
    return std::jthread([&ended, work] {
      work();
      ++ended;
    });
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(all_are_there_at_a_time_and_end) {
  std::atomic<int> ended = 0;
  ask_for_eight(ended, [] {});
  BOOST_TEST(ended == 7);
  BOOST_CHECK_NO_THROW(prefopt::start_threads(1));
  BOOST_CHECK_NO_THROW(prefopt::start_threads(2));
}

BOOST_AUTO_TEST_CASE(a_refused_thread_is_an_error_that_says_how_many_there_were) {
  const auto says = [](const std::string& why) {
    return [why](const device_error& cause) {
      const std::string text = cause.what();
      return text.find("8 threads: the system refuses more than 3: " + why) != text.npos;
    };
  };
  std::atomic<int> ended = 0;
  BOOST_CHECK_EXCEPTION(ask_for_eight(ended,
                                      [] {
                                        throw std::system_error(std::make_error_code(
                                            std::errc::resource_unavailable_try_again));
                                      }),
                        device_error, says("Resource temporarily unavailable"));
  BOOST_TEST(ended == 2);
  BOOST_CHECK_EXCEPTION(ask_for_eight(ended, [] { throw std::bad_alloc(); }), device_error,
                        says("memory ran out"));
  BOOST_TEST(ended == 4);
}

BOOST_AUTO_TEST_CASE(any_other_exception_comes_through) {
  std::atomic<int> ended = 0;
  BOOST_CHECK_THROW(ask_for_eight(ended, [] { throw std::runtime_error("else"); }),
                    std::runtime_error);
  BOOST_TEST(ended == 2);
}

BOOST_AUTO_TEST_SUITE_END()
