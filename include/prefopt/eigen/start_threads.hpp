// SPDX-License-Identifier: MIT
#pragma once
// start_threads: starts a team of threads before there is work for it. If the system refuses a
// thread, OpenMP's libraries print their own message and end the program; here it is an ordinary
// error.

#include <algorithm>
#include <cstddef>
#include <latch>
#include <new>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/eigen/detail/parallel.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Starts count - 1 threads that all exist at the same time, and ends them. `start` creates a
/// thread that runs its argument.
template <class Start>
void start_all_at_a_time(int count, const Start& start) {
  std::latch all(1);
  std::vector<std::jthread> threads;
  // Even after an exception, the threads are released before they are joined: this is destroyed
  // first.
  const struct opener {
    std::latch& latch;
    ~opener() { latch.count_down(); }
  } open{all};
  const auto refused = [&](std::string_view why) {
    return device_error(
        concat(count, " threads: the system refuses more than ", threads.size() + 1, ": ", why));
  };
  try {
    // so that no thread is lost while it is added
    threads.reserve(static_cast<std::size_t>(std::max(count - 1, 0)));
    while (std::cmp_less(threads.size(), count - 1))
      threads.push_back(start([&all] { all.wait(); }));
  } catch (const std::system_error& cause) {
    throw refused(cause.code().message());
  } catch (const std::bad_alloc&) {
    throw refused("memory ran out");
  }
}

}  // namespace detail

/// Starts the threads that backends with `count` threads use when the calling thread uses them.
/// Throws device_error if the system refuses that many.
inline void start_threads(int count) {
  detail::start_all_at_a_time(count, [](auto&& work) { return std::jthread(work); });
  detail::on_team(static_cast<std::size_t>(count), [](std::size_t, std::size_t) {});
}

}  // namespace prefopt::inline v0_2
