// SPDX-License-Identifier: MIT
#pragma once
// available_threads: how many threads can run at a time, in a container with a quota of CPU time too. More of them wait
// for each other.

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <thread>

#include "prefopt/version.hpp"

namespace prefopt {

namespace detail {

/// Whole CPUs in a quota of `quota` microseconds of CPU time for each `period`; at least 1.
[[nodiscard]] constexpr int cpus_in_quota(std::int64_t quota, std::int64_t period) {
  if (quota <= 0 || period <= 0) return std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp<std::int64_t>(quota / period, 1, std::numeric_limits<int>::max()));
}

/// What a file of numbers says, "max" being none; none where it cannot be read.
struct cpu_quota {
  std::int64_t quota = 0;
  std::int64_t period = 0;
};

[[nodiscard]] inline cpu_quota read_cpu_quota(const std::string& folder) {
  cpu_quota read;
  std::string quota;
  if (std::ifstream both(folder + "/cpu.max"); both >> quota >> read.period) {  // version 2: "200000 100000"
    std::from_chars(quota.data(), quota.data() + quota.size(), read.quota);
    return read;
  }
  std::ifstream(folder + "/cpu.cfs_quota_us") >> read.quota;  // version 1
  std::ifstream(folder + "/cpu.cfs_period_us") >> read.period;
  return read;
}

/// The least quota of the control groups that a process is in. `groups` is its /proc/self/cgroup, `mount` where their
/// file system is.
[[nodiscard]] inline int cpus_in_control_groups(const std::string& groups, const std::string& mount) {
  int least = std::numeric_limits<int>::max();
  std::ifstream lines(groups);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool is_second_version = controllers == ",,";
    if (!is_second_version && controllers.find(",cpu,") == controllers.npos) continue;
    const std::string top = mount + (is_second_version ? "" : "/cpu");
    // In a container the path may be the host's, of which only the container's own part is mounted.
    for (std::string path = line.substr(second + 1);; path.resize(path.rfind('/'))) {
      const auto [quota, period] = read_cpu_quota(top + path);
      least = std::min(least, cpus_in_quota(quota, period));
      if (path.rfind('/') == path.npos) break;
    }
  }
  return least;
}

}  // namespace detail

/// The CPUs that this process may use, by its affinity and its quota; at least 1.
[[nodiscard]] inline int available_threads() {
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) threads = std::min(threads, CPU_COUNT(&allowed));
  return std::max(1, std::min(threads, detail::cpus_in_control_groups("/proc/self/cgroup", "/sys/fs/cgroup")));
}

}  // namespace prefopt
