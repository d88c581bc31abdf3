// SPDX-License-Identifier: MIT
#pragma once
// free_ranges: the unused parts of some memory. A backend that keeps its scratch memory from step
// to step takes the lowest range that is large enough (Knuth, The Art of Computer Programming 1,
// section 2.5, first fit): the memory that a step touches stays together, no matter what sizes the
// previous step had.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// Addresses only: the memory itself may be anywhere, including on a device. Adjacent ranges are
/// merged, so ranges from two allocations must not be adjacent: leave out a byte of each.
class free_ranges {
 public:
  using address = std::uintptr_t;

  /// Takes the lowest free `bytes` bytes; returns nothing if there are none. Cost: linear in the
  /// number of ranges.
  [[nodiscard]] std::optional<address> take(std::size_t bytes) {
    for (auto range = ranges_.begin(); range != ranges_.end(); ++range) {
      const auto [begin, size] = *range;
      if (size < bytes) continue;
      if (size == bytes) {
        ranges_.erase(range);
      } else {  // reuses the node for the rest: nothing is allocated
        auto node = ranges_.extract(range);
        node.key() = begin + bytes;
        node.mapped() = size - bytes;
        ranges_.insert(std::move(node));
      }
      return begin;
    }
    return std::nullopt;
  }

  /// Adds a range that is not (or no longer) in use. Throws std::bad_alloc.
  void add(address begin, std::size_t bytes) {
    auto range = ranges_.emplace(begin, bytes).first;
    if (const auto next = std::next(range); next != ranges_.end() && begin + bytes == next->first) {
      range->second += next->second;
      ranges_.erase(next);
    }
    if (range == ranges_.begin()) return;
    if (const auto before = std::prev(range); before->first + before->second == begin) {
      before->second += range->second;
      ranges_.erase(range);
    }
  }

  /// Removes a range as it was added, all of it; returns false if some of it is in use.
  bool remove(address begin, std::size_t bytes) {
    const auto range = ranges_.find(begin);
    if (range == ranges_.end() || range->second != bytes) return false;
    ranges_.erase(range);
    return true;
  }

  [[nodiscard]] const std::map<address, std::size_t>& ranges() const { return ranges_; }

 private:
  std::map<address, std::size_t> ranges_;
};

}  // namespace prefopt::inline v0_2
