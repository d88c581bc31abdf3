// SPDX-License-Identifier: MIT
#pragma once
// available_threads: how many threads can run at the same time, also in a container with a CPU
// quota. Any more would wait for each other.

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Whole CPUs in a quota of `quota` microseconds of CPU time per `period`; at least 1.
[[nodiscard]] constexpr int cpus_in_quota(std::int64_t quota, std::int64_t period) {
  if (quota <= 0 || period <= 0) return std::numeric_limits<int>::max();
  return static_cast<int>(
      std::clamp<std::int64_t>(quota / period, 1, std::numeric_limits<int>::max()));
}

/// The content of a kernel file; empty if it cannot be read. Such files report no size and are
/// short.
[[nodiscard]] inline std::string text_of_kernel(const std::string& path) {
  std::string text;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return text;
  std::array<char, 4096> part;
  for (;;) {
    const auto count = ::read(file, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  ::close(file);
  return text;
}

/// The content of a control group's files; 0 for missing values and for "max".
struct cpu_quota {
  std::int64_t quota = 0;
  std::int64_t period = 0;
};

[[nodiscard]] inline cpu_quota read_cpu_quota(const std::string& folder) {
  const auto number = [](std::string_view text) {
    std::int64_t read = 0;
    std::from_chars(text.data(), text.data() + text.size(), read);
    return read;
  };
  const std::string both = text_of_kernel(folder + "/cpu.max");  // version 2: "200000 100000"
  if (const std::size_t space = both.find(' '); space != both.npos)
    return {number(both), number(std::string_view(both).substr(space + 1))};
  return {number(text_of_kernel(folder + "/cpu.cfs_quota_us")),
          number(text_of_kernel(folder + "/cpu.cfs_period_us"))};
}

/// The smallest quota of the control groups that a process is in. `groups` is its
/// /proc/self/cgroup, `mount` the mount point of their file system.
[[nodiscard]] inline int cpus_in_control_groups(const std::string& groups,
                                                const std::string& mount) {
  int least = std::numeric_limits<int>::max();
  const std::string lines = text_of_kernel(groups);
  for (std::size_t begin = 0, end = 0; begin < lines.size(); begin = end + 1) {
    end = std::min(lines.find('\n', begin), lines.size());
    const std::string line = lines.substr(begin, end - begin);
    const std::size_t first = line.find(':'),
                      second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool is_second_version = controllers == ",,";
    if (!is_second_version && controllers.find(",cpu,") == controllers.npos) continue;
    const std::string top = mount + (is_second_version ? "" : "/cpu");
    // In a container the path may be the host's, of which only the container's part is mounted.
    for (std::string path = line.substr(second + 1);; path.resize(path.rfind('/'))) {
      const auto [quota, period] = read_cpu_quota(top + path);
      least = std::min(least, cpus_in_quota(quota, period));
      if (path.rfind('/') == path.npos) break;
    }
  }
  return least;
}

}  // namespace detail

/// The CPUs that this process may use according to its affinity and its quota; at least 1.
[[nodiscard]] inline int available_threads() {
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    threads = std::min(threads, CPU_COUNT(&allowed));
  return std::max(
      1, std::min(threads, detail::cpus_in_control_groups("/proc/self/cgroup", "/sys/fs/cgroup")));
}

}  // namespace prefopt::inline v0_2
