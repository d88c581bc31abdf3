// SPDX-License-Identifier: MIT
#pragma once
// device_pool: scratch memory of a device, kept from step to step. A block returns to the pool as
// soon as the host releases it, although the device may still have to use it: its next user runs
// later on the same stream.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <new>
#include <utility>

#include "prefopt/backend/free_ranges.hpp"
#include "prefopt/cuda/detail/device_block.hpp"

namespace prefopt::inline v0_2::detail {

/// Source provides memory in large regions: `allocate(bytes)`, aligned to `line`, or nullptr if
/// there is no more; `release(data)`.
template <class Source>
class device_pool final : public device_memory {
 public:
  /// Blocks are whole lines, as wide as any load and aligned as by cudaMalloc.
  static constexpr std::size_t line = 256;
  static constexpr std::size_t least_region = std::size_t{1} << 28;

  explicit device_pool(Source source) : source_(std::move(source)) {}
  device_pool(const device_pool&) = delete;
  device_pool& operator=(const device_pool&) = delete;
  ~device_pool() override {
    for (const auto& region : regions_) source_.release(reinterpret_cast<void*>(region.first));
  }

  /// `bytes` bytes with any content, or nullptr if the source has no more. The source is no longer
  /// used once the regions hold all that is in use at once.
  [[nodiscard]] void* take(std::size_t bytes) {
    const std::size_t size = lines(bytes);
    auto found = free_.take(size);
    if (!found && grow(size)) found = free_.take(size);
    return found ? reinterpret_cast<void*>(*found) : nullptr;
  }

  void give_back(void* data, std::size_t bytes) noexcept override {
    try {
      free_.add(reinterpret_cast<address>(data), lines(bytes));
    } catch (const std::bad_alloc&) {  // no memory to record it: it is lost until the pool goes
    }
  }

  /// Returns unused regions to the source.
  void release_idle() {
    free_ranges kept;
    for (const auto& [begin, size] : free_.ranges()) {
      const auto region = regions_.find(begin);
      if (region != regions_.end() && region->second == size) {
        source_.release(reinterpret_cast<void*>(begin));
        regions_.erase(region);
      } else {
        kept.add(begin, size);
      }
    }
    free_ = std::move(kept);
  }

  /// Bytes that the pool holds, in use or not.
  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& region : regions_) sum += region.second;
    return sum;
  }

 private:
  using address = free_ranges::address;

  /// At least one line: every block has its own address.
  [[nodiscard]] static std::size_t lines(std::size_t bytes) {
    return (std::max<std::size_t>(bytes, 1) + line - 1) / line * line;
  }

  /// Adds a region for `size` bytes. If there is no room for one, unused regions are released
  /// first: there may be many that are too small.
  bool grow(std::size_t size) {
    if (add_region(std::max(size, least_region))) return true;
    release_idle();
    return add_region(size);
  }

  bool add_region(std::size_t size) {
    void* const data = source_.allocate(size + line);  // the last line is left out, for free_ranges
    if (data == nullptr) return false;
    const auto begin = reinterpret_cast<address>(data);
    regions_.emplace(begin, size);
    free_.add(begin, size);
    return true;
  }

  Source source_;
  free_ranges free_;
  std::map<address, std::size_t> regions_;  // begin to bytes, without the line left out
};

}  // namespace prefopt::inline v0_2::detail
