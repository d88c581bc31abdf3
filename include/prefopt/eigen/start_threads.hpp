// SPDX-License-Identifier: MIT
#pragma once
// start_threads: a team of threads that is there before the work is. OpenMP's libraries end the
// program where the system refuses a thread, with a message of theirs; here that is an error like
// any other.

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

namespace prefopt {

namespace detail {

/// Starts count - 1 threads, all there at a time, and ends them. `start` makes a thread that does
/// what it is given.
template <class Start>
void start_all_at_a_time(int count, const Start& start) {
  std::latch all(1);
  std::vector<std::jthread> threads;
  // Whatever is thrown, the threads go on before they are waited for: this is destroyed first.
  const struct opener {
    std::latch& latch;
    ~opener() { latch.count_down(); }
  } open{all};
  const auto refused = [&](std::string_view why) {
    return device_error(
        concat(count, " threads: the system refuses more than ", threads.size() + 1, ": ", why));
  };
  try {
    // so that none is lost on its way in
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

/// Starts the threads with which backends of `count` threads work when the calling thread uses
/// them. Throws device_error where the system refuses so many.
inline void start_threads(int count) {
  detail::start_all_at_a_time(count, [](auto&& work) { return std::jthread(work); });
  detail::on_team(static_cast<std::size_t>(count), [](std::size_t, std::size_t) {});
}

}  // namespace prefopt
