// SPDX-License-Identifier: MIT
// Threads by quota, as the files of control groups specify it.

#include "prefopt/eigen/available_threads.hpp"

#include <boost/test/unit_test.hpp>

#include "support/scratch_folder.hpp"

namespace fs = std::filesystem;
using prefopt::detail::cpus_in_control_groups;
using prefopt_test::put;
using prefopt_test::scratch_folder;

BOOST_AUTO_TEST_SUITE(available_threads)

BOOST_AUTO_TEST_CASE(a_quota_bounds_the_threads) {
  constexpr int none = std::numeric_limits<int>::max();
  const scratch_folder folder;
  const auto groups = [&](const std::string& line) {
    return put(folder / "cgroup", line + "\n").native();
  };
  const auto mount = (folder / "mount").native();
  fs::create_directories(folder / "mount/user/job");
  fs::create_directories(folder / "mount/cpu/docker");
  BOOST_TEST(cpus_in_control_groups(groups("0::/user/job"), mount) == none);
  put(folder / "mount/user/job/cpu.max", "max 100000\n");
  BOOST_TEST(cpus_in_control_groups(groups("0::/user/job"), mount) == none);
  put(folder / "mount/user/cpu.max", "250000 100000\n");  // of a parent group
  BOOST_TEST(cpus_in_control_groups(groups("0::/user/job"), mount) == 2);
  put(folder / "mount/user/job/cpu.max", "50000 100000\n");
  BOOST_TEST(cpus_in_control_groups(groups("0::/user/job"), mount) == 1);
  put(folder / "mount/cpu.max", "400000 100000\n");  // a container's own, whose path is the host's
  BOOST_TEST(cpus_in_control_groups(groups("0::/kubepods/pod7"), mount) == 4);
  put(folder / "mount/cpu/docker/cpu.cfs_quota_us", "-1\n");
  put(folder / "mount/cpu/docker/cpu.cfs_period_us", "100000\n");
  BOOST_TEST(cpus_in_control_groups(groups("4:cpu,cpuacct:/docker\n3:memory:/user"), mount) ==
             none);
  put(folder / "mount/cpu/docker/cpu.cfs_quota_us", "300000\n");
  BOOST_TEST(cpus_in_control_groups(groups("4:cpu,cpuacct:/docker\n3:memory:/user"), mount) == 3);
  BOOST_TEST(cpus_in_control_groups("/nowhere", mount) == none);
}

BOOST_AUTO_TEST_CASE(there_is_at_least_one) { BOOST_TEST(prefopt::available_threads() >= 1); }

BOOST_AUTO_TEST_SUITE_END()
