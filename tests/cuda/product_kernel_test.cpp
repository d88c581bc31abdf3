// SPDX-License-Identifier: MIT
// The product kernel against plain loops, for every layout, type and finish; and the ways that a
// device has to compute a product.

#include "prefopt/cuda/detail/product_kernel.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"
#include "cuda/emulated_device.hpp"

using namespace prefopt;
using detail::device_product;
using detail::product_finish;

namespace {

/// Random numbers in rows that are further apart than they are long.
template <class T>
class matrix {
 public:
  matrix(std::size_t rows, std::size_t columns, random_generator& random)
      : rows_(rows), columns_(columns), values_(rows * (columns + 3)) {
    for (T& value : values_) value = static_cast<T>(static_cast<float>(random.normal()));
  }
  [[nodiscard]] matrix_view<T> view() {
    return {values_.data(), {rows_, columns_}, {columns_ + 3, 1}};
  }
  [[nodiscard]] std::vector<float> numbers() const {
    std::vector<float> all;
    for (const T value : values_) all.push_back(detail::widen(value));
    return all;
  }

 private:
  std::size_t rows_, columns_;
  std::vector<T> values_;
};

struct sizes {
  std::size_t rows, columns, depth;
};
/// Below, at and beyond a tile; one element; no depth at all.
constexpr sizes all_sizes[] = {{1, 1, 1},     {13, 21, 16}, {64, 64, 32},
                               {65, 130, 17}, {70, 5, 129}, {33, 65, 0}};

struct variant {
  bool left_turned = false, right_turned = false, added = false, in_place = false, biased = false;
  product_finish finish = product_finish::none;
};

/// The contents of the matrices after `run` has computed the product: out, and before.
template <class In, class Out, class Run>
std::vector<float> after(const sizes& s, const variant& v, const Run& run) {
  random_generator random(7);
  matrix<In> left(v.left_turned ? s.depth : s.rows, v.left_turned ? s.rows : s.depth, random);
  matrix<In> right(v.right_turned ? s.columns : s.depth, v.right_turned ? s.depth : s.columns,
                   random);
  matrix<Out> out(s.rows, s.columns, random), addend(s.rows, s.columns, random),
      before(s.rows, s.columns, random);
  std::vector<float> bias(s.columns);
  for (float& value : bias) value = static_cast<float>(random.normal());
  device_product<In, Out> product{.out = out.view(),
                                  .left = left.view(),
                                  .right = right.view(),
                                  .left_is_transposed = v.left_turned,
                                  .right_is_transposed = v.right_turned,
                                  .bias = v.biased ? bias.data() : nullptr,
                                  .finish = v.finish};
  if (v.added) product.addend = v.in_place ? out.view() : addend.view();
  if (v.finish != product_finish::none) product.before = before.view();
  run(product);
  std::vector<float> all = out.numbers();
  const std::vector<float> kept = before.numbers();
  all.insert(all.end(), kept.begin(), kept.end());
  return all;
}

template <class In, class Out>
void agrees(const sizes& s, const variant& v) {
  const tests::emulated_device device;
  const auto expected =
      after<In, Out>(s, v, [&](const auto& product) { device.multiply(product); });
  const auto came = after<In, Out>(s, v, [&](const auto& product) {
    const detail::product_kernel<In, Out> kernel(product);
    device.launch(kernel, kernel.shape());
  });
  const double unit = std::is_same_v<Out, float> ? std::exp2(-22.0) : std::exp2(-7.0);
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    worst = std::max(
        worst, std::abs(static_cast<double>(came[i] - expected[i])) / (1 + std::abs(expected[i])));
  BOOST_TEST(worst <= unit * (1 + std::sqrt(s.depth)),
             s.rows << " x " << s.columns << " x " << s.depth);
}

template <class In, class Out>
void agrees_in_every_way() {
  for (const sizes& s : all_sizes)
    for (const bool left_turned : {false, true})
      for (const bool right_turned : {false, true}) {
        agrees<In, Out>(s, {left_turned, right_turned});
        agrees<In, Out>(s, {left_turned, right_turned, true, true});
      }
  const sizes s = {65, 21, 17};
  agrees<In, Out>(s, {.biased = true});
  agrees<In, Out>(s, {.added = true, .biased = true});
  for (const product_finish finish : {product_finish::gelu, product_finish::gelu_backward}) {
    agrees<In, Out>(s, {.finish = finish});
    agrees<In, Out>(s, {.right_turned = true, .added = true, .biased = true, .finish = finish});
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_product_kernel_agrees_with_plain_loops) {
  agrees_in_every_way<float, float>();
  agrees_in_every_way<bfloat16, bfloat16>();
  agrees_in_every_way<bfloat16, float>();
}

// Fused; the library's plain product followed by a kernel; a kernel: all give the same result, and
// all except the first are noted.
BOOST_AUTO_TEST_CASE(a_product_goes_the_first_way_there_is_and_others_are_counted) {
  using library = tests::emulated_device::library;
  const sizes s = {33, 21, 17};
  for (const product_finish finish :
       {product_finish::none, product_finish::gelu, product_finish::gelu_backward})
    for (const bool added : {false, true}) {
      const variant v{.right_turned = true,
                      .added = added,
                      .in_place = added,
                      .biased = true,
                      .finish = finish};
      const auto with = [&](library can, std::size_t calls) {
        tests::emulated_device device;
        device.give_library(can);
        auto result =
            after<float, float>(s, v, [&](const auto& product) { device.multiply(product); });
        const auto elsewhere = device.products_elsewhere().all();
        BOOST_TEST(elsewhere.size() == calls);
        for (const product_fallback& one : elsewhere) {
          BOOST_TEST(one.product.starts_with("33 x 21 x 17, float32 to float32, right transposed"));
          BOOST_TEST((one.way == (can == library::nothing ? product_way::own_kernel
                                                          : product_way::plain_and_kernel)));
          BOOST_TEST(one.calls == 1U);
        }
        return result;
      };
      const bool plain = finish == product_finish::none;
      const auto fused = with(library::everything, 0),
                 half = with(library::plain_products, plain ? 0 : 1),
                 own = with(library::nothing, 1);
      for (std::size_t i = 0; i < fused.size(); ++i) {
        BOOST_TEST(std::abs(half[i] - fused[i]) <= 1e-5 * (1 + std::abs(fused[i])));
        BOOST_TEST(std::abs(own[i] - fused[i]) <= 1e-5 * (1 + std::abs(fused[i])));
      }
    }
}
