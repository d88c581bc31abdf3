// SPDX-License-Identifier: MIT
#pragma once
// Splits work over a fixed number of OpenMP threads; uses one thread without OpenMP.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail {

/// Runs work(thread, size) on each thread of a team of `threads`; thread is in [0, size), and size
/// is the actual size of the team. Inside, Eigen starts no threads. If threads throw (memory may
/// run out), the first exception is rethrown after the region.
template <class Work>
void on_team(std::size_t threads, const Work& work) {
#ifdef _OPENMP
  std::exception_ptr failure;
#pragma omp parallel num_threads(static_cast<int>(threads))
  {
    // for this region's tasks only: nested products run on the calling thread
    omp_set_num_threads(1);
    try {
      work(static_cast<std::size_t>(omp_get_thread_num()),
           static_cast<std::size_t>(omp_get_num_threads()));
    } catch (...) {
#pragma omp critical(prefopt_team_failure)
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
#else
  static_cast<void>(threads);
  work(std::size_t{0}, std::size_t{1});
#endif
}

/// Calls work(begin, end, part) with the `threads` near-equal parts of [0, count), cut at multiples
/// of `grain`. The parts depend only on the arguments.
template <class Work>
void parallel_ranges(int threads, std::size_t count, std::size_t grain, const Work& work) {
  const std::size_t grains = (count + grain - 1) / grain;
  const std::size_t parts =
      std::min(static_cast<std::size_t>(threads), std::max<std::size_t>(grains, 1));
  // Always all threads: a smaller team would end the others and lose what they keep.
  on_team(static_cast<std::size_t>(threads), [&](std::size_t thread, std::size_t team) {
    for (std::size_t part = thread; part < parts; part += team) {
      const std::size_t begin = std::min(count, grains * part / parts * grain);
      const std::size_t end = std::min(count, grains * (part + 1) / parts * grain);
      if (begin < end) work(begin, end, part);
    }
  });
}

/// Calls work(task) for every task in [0, count), each on the next free thread. Tasks must not
/// share outputs.
template <class Work>
void parallel_tasks(int threads, std::size_t count, const Work& work) {
  std::atomic<std::size_t> next = 0;
  on_team(static_cast<std::size_t>(threads), [&](std::size_t, std::size_t) {
    for (std::size_t task = next++; task < count; task = next++) work(task);
  });
}

}  // namespace prefopt::inline v0_2::detail
