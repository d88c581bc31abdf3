// SPDX-License-Identifier: MIT
#pragma once
// Splitting work over a fixed number of OpenMP threads; one thread where OpenMP is off.

#include <algorithm>
#include <cstddef>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace prefopt::detail {

/// Calls work(begin, end, thread) with the `threads` near-equal parts of [0, count), cut at multiples of `grain`. The
/// parts depend on the arguments only. Inside, Eigen starts no threads of its own. `work` must not throw.
template <class Work>
void parallel_ranges(int threads, std::size_t count, std::size_t grain, const Work& work) {
  const std::size_t grains = (count + grain - 1) / grain;
  const std::size_t parts = std::min(static_cast<std::size_t>(threads), std::max<std::size_t>(grains, 1));
  const auto run = [&](std::size_t part) {
    const std::size_t begin = std::min(count, grains * part / parts * grain);
    const std::size_t end = std::min(count, grains * (part + 1) / parts * grain);
    if (begin < end) work(begin, end, part);
  };
#ifdef _OPENMP
#pragma omp parallel num_threads(static_cast <int>(parts))
  {
    omp_set_num_threads(1);  // of this region's tasks only: products below here run on the thread that calls them
    const auto team = static_cast<std::size_t>(omp_get_num_threads());
    for (auto part = static_cast<std::size_t>(omp_get_thread_num()); part < parts; part += team) run(part);
  }
#else
  for (std::size_t part = 0; part < parts; ++part) run(part);
#endif
}

/// Calls work(task, thread) for every task in [0, count), each on whichever thread is free. Tasks must not share
/// outputs.
template <class Work>
void parallel_tasks(int threads, std::size_t count, const Work& work) {
#ifdef _OPENMP
#pragma omp parallel num_threads(threads)
  {
    omp_set_num_threads(1);
    const auto thread = static_cast<std::size_t>(omp_get_thread_num());
#pragma omp for schedule(dynamic)
    for (std::size_t task = 0; task < count; ++task) work(task, thread);
  }
#else
  static_cast<void>(threads);
  for (std::size_t task = 0; task < count; ++task) work(task, std::size_t{0});
#endif
}

}  // namespace prefopt::detail
