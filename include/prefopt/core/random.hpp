// SPDX-License-Identifier: MIT
#pragma once
// random_generator: the library's own random numbers, the same on every computer. The standard
// library's distributions differ between platforms, and so do the last bits of log and cos; here
// only integers and exactly rounded operations are used. The generator is xoshiro256** (Blackman &
// Vigna 2021, doi:10.1145/3460772), seeded by splitmix64.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <ranges>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

/// A stream of random numbers. Copies continue independently with the same numbers; the state is
/// all you need to save.
class random_generator {
 public:
  using state_type = std::array<std::uint64_t, 4>;

  /// Streams of one seed are unrelated; a shuffle uses the epoch as its stream.
  explicit random_generator(std::uint64_t seed, std::uint64_t stream = 0) {
    std::uint64_t walk = seed ^ mixed(stream + golden_ratio);
    for (std::uint64_t& word : state_) word = mixed(walk += golden_ratio);
  }

  [[nodiscard]] const state_type& state() const { return state_; }

  /// Continues from that state. Throws value_error for the all-zero state, which is invalid.
  void set_state(const state_type& state) {
    if (state == state_type{})
      throw value_error("random_generator: a state of four zeros, expected a saved state");
    state_ = state;
  }

  /// 64 random bits.
  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// A multiple of 2^-53 in [0, 1), all equally likely.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// An integer in [0, count), all exactly equally likely. Throws value_error for 0.
  std::uint64_t below(std::uint64_t count) {
    if (count == 0)
      throw value_error("random_generator: the bound is 0, expected a positive bound");
    // Rejects the first 2^64 mod count values, so that the number of remaining values is a multiple
    // of count.
    const std::uint64_t refused = (0 - count) % count;
    std::uint64_t bits = next();
    while (bits < refused) bits = next();
    return bits % count;
  }

  /// A standard normal number, by rejection with comparisons only: no logarithm whose last bit
  /// could differ. Karney 2016, doi:10.1145/2710016, algorithm N. Cost: about ten calls of next().
  double normal() {
    for (;;) {
      std::uint64_t whole = 0;  // with probability exp(-whole / 2) (1 - exp(-1 / 2))
      while (happens_with_exp_minus(0.5)) ++whole;
      if (!all_happen(whole * (whole - 1), 0.5)) continue;  // 0 times for 0 and 1
      const double fraction = uniform();
      const double twice = 2 * static_cast<double>(whole);
      if (!all_happen(whole + 1, fraction * (twice + fraction) / (twice + 2))) continue;
      const double magnitude = static_cast<double>(whole) + fraction;
      return (next() >> 63) != 0 ? -magnitude : magnitude;
    }
  }

 private:
  static constexpr std::uint64_t golden_ratio = 0x9e3779b97f4a7c15;

  /// The output function of splitmix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193).
  static std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
  }

  /// True with probability exp(-exponent), 0 <= exponent <= 1: the run of decreasing uniforms below
  /// it has length n with probability exponent^n / n! - exponent^(n+1) / (n+1)!, so the even
  /// lengths sum to the series of exp (von Neumann).
  bool happens_with_exp_minus(double exponent) {
    bool even = true;
    for (double bound = exponent, drawn = uniform(); drawn < bound; drawn = uniform()) {
      bound = drawn;
      even = !even;
    }
    return even;
  }

  bool all_happen(std::uint64_t times, double exponent) {
    for (; times > 0; --times)
      if (!happens_with_exp_minus(exponent)) return false;
    return true;
  }

  state_type state_{};
};

/// Puts the elements of a range in random order, all orders equally likely (Fisher & Yates).
template <std::ranges::random_access_range Range>
void shuffle(Range&& range, random_generator& generator) {
  const auto first = std::ranges::begin(range);
  for (auto left = static_cast<std::uint64_t>(std::ranges::size(range)); left > 1; --left) {
    const auto chosen = static_cast<std::ranges::range_difference_t<Range>>(generator.below(left));
    std::ranges::iter_swap(first + chosen,
                           first + static_cast<std::ranges::range_difference_t<Range>>(left - 1));
  }
}

/// The numbers 0 .. count-1 in an epoch's order, the same for the same seed and epoch on every
/// computer.
[[nodiscard]] inline std::vector<std::size_t> shuffled_indices(std::size_t count,
                                                               std::uint64_t seed,
                                                               std::uint64_t epoch) {
  std::vector<std::size_t> indices(count);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  random_generator generator(seed, epoch);
  shuffle(indices, generator);
  return indices;
}

}  // namespace prefopt::inline v0_2
