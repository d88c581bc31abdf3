// SPDX-License-Identifier: MIT
#pragma once
// The threads of a block on the host: each is a fiber, and all run in turn until they wait for each
// other. The operations that cuda/kernel.hpp lists have the same meaning here; what would hang or
// be undefined on a GPU is an error.

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <boost/context/fiber.hpp>
#include <boost/context/pooled_fixedsize_stack.hpp>

#include "prefopt/cuda/detail/kernel.hpp"

namespace prefopt::tests {

/// A barrier at which some threads wait for each other. Each round of waiting has a number.
class meeting {
 public:
  explicit meeting(unsigned expected) : expected_(expected) {}

  /// Records that a thread is here; returns the number of the round that it waits for.
  unsigned arrive() {
    const unsigned round = round_;
    if (++here_ == expected_) {
      here_ = 0;
      ++round_;
    }
    return round;
  }
  [[nodiscard]] bool is_over(unsigned round) const { return round_ != round; }

 private:
  unsigned expected_;
  unsigned here_ = 0;
  unsigned round_ = 0;
};

/// The values that the 32 threads of a warp show each other.
struct warp_board {
  meeting all{detail::warp_size};
  std::array<std::array<std::uint32_t, 10>, detail::warp_size> shown{};
};

/// The state that the threads of a block share.
struct emulated_block {
  std::array<unsigned, 3> index;
  unsigned threads;
  std::byte* memory;
  meeting all;
  std::vector<warp_board> warps;
  bool moved = false;  ///< whether any thread got past a meeting or ended in this turn

  emulated_block(std::array<unsigned, 3> where, unsigned count, std::byte* shared)
      : index(where),
        threads(count),
        memory(shared),
        all(count),
        warps(count / detail::warp_size) {}
};

class emulated_thread {
 public:
  using fiber = boost::context::fiber;

  emulated_thread(emulated_block& block, unsigned index, fiber& scheduler)
      : block_(&block), index_(index), scheduler_(&scheduler) {}

  [[nodiscard]] unsigned index() const { return index_; }
  [[nodiscard]] unsigned count() const { return block_->threads; }
  [[nodiscard]] unsigned block(unsigned axis) const { return block_->index.at(axis); }
  [[nodiscard]] std::byte* shared() const { return block_->memory; }

  void sync() const { wait_at(block_->all); }

  [[nodiscard]] float shuffle_xor(float x, int mask) const {
    show({std::bit_cast<std::uint32_t>(x)});
    const float other =
        std::bit_cast<float>(board().shown[lane() ^ static_cast<unsigned>(mask)][0]);
    wait_at(board().all);  // before any thread shows something else
    return other;
  }
  [[nodiscard]] float warp_sum(float x) const {
    return over_warp(x, [](float a, float b) { return a + b; });
  }
  [[nodiscard]] float warp_max(float x) const {
    return over_warp(x, [](float a, float b) { return std::fmax(a, b); });
  }

  /// d [16, 8] += a [16, 16] b [16, 8]: thread l holds of a the rows l/4 and l/4+8 at the columns
  /// 2(l%4), +1, +8, +9; of b the column l/4 at the rows 2(l%4), +1, +8, +9; of d the rows l/4 and
  /// l/4+8 at the columns 2(l%4), +1.
  void mma(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) const {
    show({a[0], a[1], a[2], a[3], b[0], b[1]});
    const unsigned row = lane() / 4, column = lane() % 4 * 2;
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned r = row + i / 2 * 8, c = column + i % 2;
      for (unsigned k = 0; k < 16; ++k) d[i] += left(r, k) * right(k, c);
    }
    wait_at(board().all);
  }

 private:
  [[nodiscard]] unsigned lane() const { return index_ % detail::warp_size; }
  [[nodiscard]] warp_board& board() const { return block_->warps[index_ / detail::warp_size]; }

  [[nodiscard]] static float half_of(std::uint32_t pair, unsigned upper) {
    return static_cast<float>(
        bfloat16::from_bits(static_cast<std::uint16_t>(pair >> (16 * upper))));
  }
  [[nodiscard]] float left(unsigned r, unsigned k) const {
    return half_of(board().shown[r % 8 * 4 + k % 8 / 2][r / 8 + k / 8 * 2], k % 2);
  }
  [[nodiscard]] float right(unsigned k, unsigned c) const {
    return half_of(board().shown[c * 4 + k % 8 / 2][4 + k / 8], k % 2);
  }

  /// In the order of the device's exchanges, with one meeting instead of five.
  template <class Fold>
  [[nodiscard]] float over_warp(float x, const Fold& fold) const {
    show({std::bit_cast<std::uint32_t>(x)});
    std::array<float, detail::warp_size> all;
    for (unsigned i = 0; i < all.size(); ++i) all[i] = std::bit_cast<float>(board().shown[i][0]);
    wait_at(board().all);  // before any thread shows something else
    for (unsigned half = detail::warp_size / 2; half > 0; half /= 2)
      for (unsigned i = 0; i < half; ++i) all[i] = fold(all[i], all[i + half]);
    return all[0];
  }

  void show(std::array<std::uint32_t, 10> values) const {
    board().shown[lane()] = values;
    wait_at(board().all);
  }
  void wait_at(meeting& where) const {
    const unsigned round = where.arrive();
    while (!where.is_over(round)) *scheduler_ = std::move(*scheduler_).resume();
    block_->moved = true;
  }

  emulated_block* block_;
  unsigned index_;
  fiber* scheduler_;
};

/// Runs one block of a kernel. Throws what a thread throws, and std::logic_error if threads wait
/// for others that never arrive.
template <class Kernel>
void run_block(const Kernel& kernel, std::array<unsigned, 3> index, unsigned threads,
               std::byte* shared) {
  using fiber = boost::context::fiber;
  if (threads % detail::warp_size != 0)
    throw std::logic_error("a block of threads that are not whole warps");
  // kept: each block needs hundreds
  static boost::context::pooled_fixedsize_stack stacks(std::size_t{1} << 16);
  emulated_block block(index, threads, shared);
  std::exception_ptr failure;
  std::vector<fiber> running(threads);
  for (unsigned i = 0; i < threads; ++i)
    running[i] = fiber(std::allocator_arg, stacks, [&, i](fiber&& scheduler) {
      fiber back = std::move(scheduler);
      try {
        emulated_thread thread(block, i, back);
        kernel(thread);
      } catch (const boost::context::detail::forced_unwind&) {
        throw;
      } catch (...) {
        failure = std::current_exception();
      }
      block.moved = true;
      return back;
    });
  for (bool any = true; any;) {
    any = block.moved = false;
    for (fiber& thread : running) {
      if (!thread) continue;
      thread = std::move(thread).resume();
      if (failure) std::rethrow_exception(failure);
      any = any || static_cast<bool>(thread);
    }
    if (any && !block.moved)
      throw std::logic_error("threads of a block wait for others that do not come");
  }
}

}  // namespace prefopt::tests
