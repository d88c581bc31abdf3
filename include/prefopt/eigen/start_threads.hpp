// SPDX-License-Identifier: MIT
#pragma once
// start_threads: a team of threads that is there before the work is. OpenMP's libraries end the program where the
// system refuses a thread, with a message of theirs; here that is an error like any other.

#include <cstddef>
#include <latch>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/eigen/parallel.hpp"

namespace prefopt {

/// Starts the threads with which machines of `count` threads work when the calling thread uses them. Throws
/// device_error where the system refuses so many.
inline void start_threads(int count) {
  std::latch all(1);
  std::vector<std::jthread> threads;
  try {
    while (std::cmp_less(threads.size(), count - 1)) threads.emplace_back([&] { all.wait(); });
  } catch (const std::system_error& cause) {
    const std::size_t started = threads.size() + 1;
    all.count_down();
    throw device_error(join(count, " threads: the system refuses more than ", started, ": ", cause.code().message()));
  }
  all.count_down();
  threads.clear();
  detail::on_team(static_cast<std::size_t>(count), [](std::size_t, std::size_t) {});
}

}  // namespace prefopt
