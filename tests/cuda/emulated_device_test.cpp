// SPDX-License-Identifier: MIT
// The emulated device itself: waiting, warps, tensor cores, and cases in which a GPU would hang.

#include "cuda/emulated_device.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"

using namespace prefopt;
using tests::emulated_device;

namespace {

/// Each thread passes its number to the next through shared memory.
struct pass_on {
  int* out;
  template <class Thread>
  void operator()(Thread& t) const {
    auto* const shared = reinterpret_cast<int*>(t.shared());
    shared[t.index()] = static_cast<int>(t.index());
    t.sync();
    out[t.block(0) * t.count() + t.index()] = shared[(t.index() + 1) % t.count()];
  }
};

struct sum_up {
  const float* in;
  float* sums;
  float* greatest;
  template <class Thread>
  void operator()(Thread& t) const {
    sums[t.index()] = t.warp_sum(in[t.index()]);
    greatest[t.index()] = t.warp_max(in[t.index()]);
  }
};

struct some_do_not_come {
  template <class Thread>
  void operator()(Thread& t) const {
    if (t.index() < 32) t.sync();
  }
};

struct that_throws {
  template <class Thread>
  void operator()(Thread& t) const {
    if (t.index() == 40) throw std::domain_error("from a kernel");
    t.sync();
  }
};

/// One tensor-core product, from and to plain matrices.
struct multiply_once {
  const bfloat16* a;  // [16, 16]
  const bfloat16* b;  // [16, 8]
  float* d;           // [16, 8]
  template <class Thread>
  void operator()(Thread& t) const {
    const unsigned row = t.index() / 4, column = t.index() % 4 * 2;
    const auto pair = [](bfloat16 low, bfloat16 high) {
      return static_cast<std::uint32_t>(low.bits()) | static_cast<std::uint32_t>(high.bits()) << 16;
    };
    const auto left = [&](unsigned r, unsigned c) {
      return pair(a[r * 16 + c], a[r * 16 + c + 1]);
    };
    const auto right = [&](unsigned r) { return pair(b[r * 8 + row], b[(r + 1) * 8 + row]); };
    const std::uint32_t lefts[4] = {left(row, column), left(row + 8, column), left(row, column + 8),
                                    left(row + 8, column + 8)};
    const std::uint32_t rights[2] = {right(column), right(column + 8)};
    float sums[4] = {d[row * 8 + column], d[row * 8 + column + 1], d[(row + 8) * 8 + column],
                     d[(row + 8) * 8 + column + 1]};
    t.mma(sums, lefts, rights);
    for (unsigned i = 0; i < 4; ++i) d[(row + i / 2 * 8) * 8 + column + i % 2] = sums[i];
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(threads_wait_for_each_other) {
  std::vector<int> out(2 * 96);
  emulated_device().launch(pass_on{out.data()},
                           {.blocks = {2, 1, 1}, .threads = 96, .shared_bytes = 96 * sizeof(int)});
  for (std::size_t i = 0; i < out.size(); ++i)
    BOOST_TEST(out[i] == static_cast<int>((i % 96 + 1) % 96));
}

BOOST_AUTO_TEST_CASE(a_warp_adds_up_and_all_its_threads_have_the_same_bits) {
  random_generator random(1);
  std::vector<float> in(64), sums(64), greatest(64);
  for (float& value : in) value = static_cast<float>(random.normal());
  emulated_device().launch(sum_up{in.data(), sums.data(), greatest.data()}, {.threads = 64});
  for (std::size_t warp = 0; warp < 64; warp += 32) {
    double sum = 0;
    float most = in[warp];
    for (std::size_t i = warp; i < warp + 32; ++i) sum += in[i], most = std::max(most, in[i]);
    BOOST_TEST(std::abs(sums[warp] - sum) < 1e-5);
    for (std::size_t i = warp; i < warp + 32; ++i)
      BOOST_TEST((sums[i] == sums[warp] && greatest[i] == most));
  }
}

BOOST_AUTO_TEST_CASE(what_would_hang_is_an_error) {
  BOOST_CHECK_THROW(emulated_device().launch(some_do_not_come{}, {.threads = 64}),
                    std::logic_error);
  BOOST_CHECK_THROW(emulated_device().launch(that_throws{}, {.threads = 64}), std::domain_error);
  BOOST_CHECK_THROW(emulated_device().launch(some_do_not_come{}, {.threads = 48}),
                    std::logic_error);
  BOOST_CHECK_THROW(emulated_device().launch(some_do_not_come{}, {.blocks = {1, 1 << 16, 1}}),
                    std::logic_error);
  BOOST_CHECK_THROW(emulated_device().launch(some_do_not_come{}, {.shared_bytes = 200 * 1024}),
                    std::logic_error);
}

BOOST_AUTO_TEST_CASE(tensor_cores_multiply) {
  random_generator random(2);
  const auto fill = [&](auto& values) {
    for (auto& value : values)
      value = static_cast<std::remove_reference_t<decltype(value)>>(random.normal());
  };
  std::vector<float> numbers(16 * 16 + 16 * 8), d(16 * 8);
  fill(numbers);
  fill(d);
  std::vector<bfloat16> a, b;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    (i < 256 ? a : b).push_back(bfloat16(numbers[i]));
  const std::vector<float> before = d;
  emulated_device().launch(multiply_once{a.data(), b.data(), d.data()}, {.threads = 32});
  for (std::size_t i = 0; i < 16; ++i)
    for (std::size_t j = 0; j < 8; ++j) {
      double sum = before[i * 8 + j];
      for (std::size_t k = 0; k < 16; ++k)
        sum += static_cast<double>(static_cast<float>(a[i * 16 + k])) *
               static_cast<float>(b[k * 8 + j]);
      BOOST_TEST(std::abs(d[i * 8 + j] - sum) < 1e-5);
    }
}
