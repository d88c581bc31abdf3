// SPDX-License-Identifier: MIT
// A device's scratch memory over a source that counts requests and has a limited amount.

#include "prefopt/cuda/detail/device_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"

using namespace prefopt;

namespace {

/// Addresses that no one reads. Regions are adjacent, but the pool must not treat them as one.
struct counted_memory {
  std::size_t limit = std::numeric_limits<std::size_t>::max();
  std::size_t held = 0, asked = 0;
  std::uintptr_t next = 4096;
  std::map<std::uintptr_t, std::size_t> regions = {};
};

struct counting_source {
  counted_memory* memory;

  void* allocate(std::size_t bytes) const {
    ++memory->asked;
    if (bytes > memory->limit - memory->held) return nullptr;
    memory->held += bytes;
    const std::uintptr_t begin = std::exchange(memory->next, memory->next + bytes);
    memory->regions[begin] = bytes;
    return reinterpret_cast<void*>(begin);
  }
  void release(void* data) const {
    const auto region = memory->regions.find(reinterpret_cast<std::uintptr_t>(data));
    BOOST_REQUIRE(region != memory->regions.end());
    memory->held -= region->second;
    memory->regions.erase(region);
  }
};

using pool_type = detail::device_pool<counting_source>;

/// Fails unless [data, data + bytes) lies in one region and in none of the blocks in use.
void check_location(const counted_memory& memory, const std::map<std::uintptr_t, std::size_t>& used,
                    void* data, std::size_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(data), end = begin + bytes;
  BOOST_REQUIRE_EQUAL(begin % pool_type::line, 0U);
  const auto region = std::prev(memory.regions.upper_bound(begin));
  BOOST_REQUIRE_LE(end, region->first + region->second);
  const auto next = used.lower_bound(begin);
  BOOST_REQUIRE(next == used.end() || next->first >= end);
  BOOST_REQUIRE(next == used.begin() || std::prev(next)->first + std::prev(next)->second <= begin);
}

}  // namespace

BOOST_AUTO_TEST_CASE(blocks_in_use_never_overlap_and_all_goes_back) {
  counted_memory memory;
  {
    pool_type pool({&memory});
    random_generator random(3);
    std::map<std::uintptr_t, std::size_t> used;
    std::vector<std::pair<void*, std::size_t>> blocks;
    for (int step = 0; step < 2000; ++step) {
      if (blocks.empty() || random.below(5) < 3) {
        const std::size_t bytes =
            random.below(random.below(20) == 0 ? pool_type::least_region * 3 : 70000);
        void* const data = pool.take(bytes);
        check_location(memory, used, data, bytes);
        used[reinterpret_cast<std::uintptr_t>(data)] = bytes;
        blocks.emplace_back(data, bytes);
      } else {
        std::swap(blocks[random.below(blocks.size())], blocks.back());
        pool.give_back(blocks.back().first, blocks.back().second);
        used.erase(reinterpret_cast<std::uintptr_t>(blocks.back().first));
        blocks.pop_back();
      }
    }
    BOOST_TEST(memory.regions.size() > 1);
    for (const auto& [data, bytes] : blocks) pool.give_back(data, bytes);
    pool.release_idle();
    BOOST_TEST(memory.held == 0U);
    BOOST_TEST(pool.bytes() == 0U);
    BOOST_TEST(pool.take(1) != nullptr);
  }
  BOOST_TEST(memory.held == 0U);
}

BOOST_AUTO_TEST_CASE(a_step_that_was_done_before_asks_the_source_for_nothing) {
  counted_memory memory;
  pool_type pool({&memory});
  const auto step = [&](std::size_t scale) {
    std::vector<std::pair<void*, std::size_t>> blocks;
    for (std::size_t i = 1; i <= 40; ++i) blocks.emplace_back(pool.take(i * scale), i * scale);
    for (const auto& [data, bytes] : blocks) pool.give_back(data, bytes);
  };
  step(5'000'000);
  const std::size_t asked = memory.asked;
  for (const std::size_t scale : {5'000'000U, 4'000'000U, 10U, 5'000'000U}) step(scale);
  BOOST_TEST(memory.asked == asked);
}

BOOST_AUTO_TEST_CASE(where_memory_is_scarce_idle_regions_make_room_and_what_is_in_use_stays) {
  constexpr std::size_t unit = pool_type::least_region;
  counted_memory memory{.limit = 4 * unit};
  pool_type pool({&memory});
  void* const small = pool.take(unit);
  void* const other = pool.take(unit / 2);
  pool.give_back(small, unit);
  void* const large = pool.take(2 * unit + unit / 2);  // does not fit next to both regions
  BOOST_REQUIRE(large != nullptr);
  BOOST_TEST(memory.regions.count(reinterpret_cast<std::uintptr_t>(other)) == 1U);
  BOOST_TEST(memory.regions.count(reinterpret_cast<std::uintptr_t>(small)) == 0U);
  const auto rest = reinterpret_cast<std::uintptr_t>(pool.take(unit / 2));
  BOOST_TEST(rest == reinterpret_cast<std::uintptr_t>(other) + unit / 2);
  BOOST_TEST(pool.take(unit) == nullptr);
  BOOST_TEST(pool.take(1000) != nullptr);  // less than a region is left, but it is enough
}
