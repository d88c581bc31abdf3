// SPDX-License-Identifier: MIT
// Matrix products on every kernel that works here, against plain loops in float64.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"
#include "prefopt/eigen/detail/product_engine.hpp"
#include "eigen/emulated_tiles.hpp"

using prefopt::matrix_view;
using prefopt::detail::block_range;
using prefopt::detail::update;

namespace {

/// Calls visit(kernel, name) for each kernel that can run here.
template <class Visitor>
void for_each_kernel(const Visitor& visit) {
  visit(prefopt::detail::native_kernel<double>{}, "float64");
  visit(prefopt::detail::native_kernel<float>{}, "float32");
  visit(prefopt::detail::widened_bfloat16_kernel<prefopt::detail::native_kernel<float>>{},
        "widened bfloat16");
#if defined(__x86_64__)
  visit(prefopt::detail::tile_bfloat16_kernel<prefopt::tests::emulated_tiles>{}, "emulated tiles");
  if (prefopt::detail::amx_works())
    visit(prefopt::detail::tile_bfloat16_kernel<prefopt::detail::amx_unit>{}, "AMX");
  else
    BOOST_TEST_MESSAGE("skipped: no AMX here");
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    visit(prefopt::detail::avx2_kernel<float>{}, "AVX2 float32");
    visit(prefopt::detail::avx2_kernel<double>{}, "AVX2 float64");
  } else {
    BOOST_TEST_MESSAGE("skipped: no AVX2 here");
  }
  if (__builtin_cpu_supports("avx512f")) {
    visit(prefopt::detail::avx512_kernel<float>{}, "AVX-512 float32");
    visit(prefopt::detail::avx512_kernel<double>{}, "AVX-512 float64");
  } else {
    BOOST_TEST_MESSAGE("skipped: no AVX-512 here");
  }
  if (__builtin_cpu_supports("avx512bf16"))
    visit(prefopt::detail::avx512_bfloat16_kernel{}, "AVX-512 bfloat16");
  else
    BOOST_TEST_MESSAGE("skipped: no AVX-512 bfloat16 here");
#endif
}

/// A dense matrix and how a product reads it.
template <class Real>
struct operand {
  std::size_t outer, depth;
  bool turned;  ///< stored [depth, outer]
  std::vector<Real> values;

  operand(std::size_t o, std::size_t d, bool t, prefopt::random_generator& random)
      : outer(o), depth(d), turned(t), values(o * d) {
    for (Real& value : values) value = static_cast<Real>(random.normal());
  }
  /// The same matrix, stored the other way round.
  [[nodiscard]] operand turned_around() const {
    operand copy = *this;
    copy.turned = !turned;
    for (std::size_t i = 0; i < outer; ++i)
      for (std::size_t p = 0; p < depth; ++p)
        copy.at(i, p) = values[turned ? p * outer + i : i * depth + p];
    return copy;
  }
  [[nodiscard]] Real& at(std::size_t i, std::size_t p) {
    return values[turned ? p * outer + i : i * depth + p];
  }
  [[nodiscard]] prefopt::detail::product_operand<Real> view() const {
    return {values.data(), outer, depth, turned ? 1 : depth, turned ? outer : 1};
  }
  /// Rounded as the kernel does.
  [[nodiscard]] double at(std::size_t i, std::size_t p, bool rounded) const {
    const Real value = values[turned ? p * outer + i : i * depth + p];
    return static_cast<double>(
        rounded ? static_cast<Real>(prefopt::detail::rounded_to_bfloat16(static_cast<float>(value)))
                : value);
  }
};

struct sizes {
  std::size_t rows, columns, depth;
};
/// Below, at and beyond tiles, panels and blocks; a dimension of one; no depth at all.
const sizes all_sizes[] = {{1, 1, 1},     {12, 32, 16}, {13, 33, 17},  {5, 70, 3},    {70, 5, 129},
                           {150, 40, 40}, {33, 65, 0},  {31, 2100, 9}, {40, 47, 1200}};

template <class Kernel>
constexpr bool rounds = Kernel::group == 2 || !Kernel::words_are_numbers;

template <class Kernel>
void agrees_with_plain_loops(const sizes& s, bool left_turned, bool right_turned, update how,
                             int threads) {
  using real = typename Kernel::real;
  prefopt::random_generator random(3);
  const operand<real> left(s.rows, s.depth, left_turned, random),
      right(s.columns, s.depth, right_turned, random);
  const std::size_t stride = s.columns + 3;  // what follows a row must stay
  std::vector<real> out(s.rows * stride, real(0.5));
  const matrix_view<real> view(out.data(), {s.rows, s.columns}, {stride, 1});
  prefopt::detail::multiply<Kernel>(threads, how, view, left.view(), right.view());

  double worst = 0;
  bool kept = true;
  for (std::size_t i = 0; i < s.rows; ++i) {
    for (std::size_t j = 0; j < s.columns; ++j) {
      double sum = how == update::add ? 0.5 : 0;
      for (std::size_t p = 0; p < s.depth; ++p)
        sum += left.at(i, p, rounds<Kernel>) * right.at(j, p, rounds<Kernel>);
      worst = std::max(worst, std::abs(sum - static_cast<double>(view(i, j))));
    }
    for (std::size_t j = s.columns; j < stride; ++j)
      kept = kept && out[i * stride + j] == real(0.5);
  }
  const double depth = static_cast<double>(s.depth) + 1;
  const double unit = std::is_same_v<real, double> ? 1e-16 : 6e-8;
  BOOST_TEST(worst <= 8 * unit * depth, "off by " << worst << " over a depth of " << s.depth);
  BOOST_TEST(kept, "wrote behind a row's end");
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_kernel_agrees_with_plain_loops) {
  for_each_kernel([](auto kernel, const char* name) {
    for (const sizes& s : all_sizes)
      for (const bool left_turned : {false, true})
        for (const bool right_turned : {false, true})
          for (const update how : {update::assign, update::add})
            BOOST_TEST_CONTEXT(name << ' ' << s.rows << " x " << s.columns << " x " << s.depth
                                    << ", turned " << left_turned << right_turned)
    agrees_with_plain_loops<decltype(kernel)>(s, left_turned, right_turned, how, 1);
  });
}

#ifdef _OPENMP
BOOST_AUTO_TEST_CASE(threads_share_a_product) {
  for_each_kernel([](auto kernel, const char* name) {
    for (const sizes& s : all_sizes) BOOST_TEST_CONTEXT(name)
    agrees_with_plain_loops<decltype(kernel)>(s, false, false, update::assign, 3);
  });
}
#endif

#if defined(__x86_64__)
namespace {

/// Tiles that get one sum wrong.
struct faulty_tiles : prefopt::tests::emulated_tiles {
  static inline std::size_t fault = 0;
  static void store(float* to, std::size_t stride) {
    emulated_tiles::store(to, stride);
    to[fault / 32 * (stride / sizeof *to) + fault % 32] += 1;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(tiles_that_get_any_sum_wrong_are_not_used) {
  BOOST_TEST(prefopt::detail::tiles_multiply<prefopt::tests::emulated_tiles>());
  for (faulty_tiles::fault = 0; faulty_tiles::fault < 32 * 32; ++faulty_tiles::fault)
    BOOST_REQUIRE_MESSAGE(!prefopt::detail::tiles_multiply<faulty_tiles>(),
                          "sum " << faulty_tiles::fault);
}
#endif

namespace {

/// Rows and columns of a product.
struct part_of_a_product {
  std::size_t row_begin, row_end, column_begin, column_end;
};

}  // namespace

// Columns beyond the first block of them, a depth of several blocks, parts that threads split by
// rows and by columns.
BOOST_AUTO_TEST_CASE(the_bits_of_an_element_depend_on_its_row_and_its_column_only) {
  constexpr std::size_t rows = 71, columns = 2100, depth = 1000;
#ifdef _OPENMP
  constexpr int most_threads = 3;
#else
  constexpr int most_threads = 1;
#endif
  for_each_kernel([&](auto kernel, const char* name) {
    using real = typename decltype(kernel)::real;
    prefopt::random_generator random(5);
    const operand<real> left(rows, depth, false, random), right(columns, depth, false, random);
    const operand<real> turned_left = left.turned_around(), turned_right = right.turned_around();
    for (const update how : {update::assign, update::add}) {
      std::vector<real> all(rows * columns, real(0.1));
      prefopt::detail::multiply<decltype(kernel)>(
          1, how, matrix_view<real>(all.data(), {rows, columns}), left.view(), right.view());
      const auto differs = [&](const part_of_a_product& part, int threads, bool turns_left,
                               bool turns_right) {
        const std::size_t height = part.row_end - part.row_begin,
                          width = part.column_end - part.column_begin;
        std::vector<real> some(height * width, real(0.1));
        prefopt::detail::multiply<decltype(kernel)>(
            threads, how, matrix_view<real>(some.data(), {height, width}),
            (turns_left ? turned_left : left).view().part(part.row_begin, part.row_end, 0, depth),
            (turns_right ? turned_right : right)
                .view()
                .part(part.column_begin, part.column_end, 0, depth));
        for (std::size_t i = 0; i < height; ++i)
          if (!std::equal(&some[i * width], &some[i * width] + width,
                          &all[(part.row_begin + i) * columns + part.column_begin]))
            return true;
        return false;
      };
      for (const part_of_a_product& part : {part_of_a_product{0, 1, 0, columns},
                                            {11, 12, 0, 50},
                                            {70, rows, 2000, columns},
                                            {3, 40, 17, 18},
                                            {0, rows, 0, 50},
                                            {1, rows, 2055, columns},
                                            {0, rows, 0, columns}})
        for (const int threads : {1, most_threads})
          for (const int turns : {0, 1, 2, 3})
            BOOST_TEST(!differs(part, threads, turns % 2 != 0, turns / 2 != 0),
                       name << ": rows from " << part.row_begin << " to " << part.row_end
                            << ", columns from " << part.column_begin << " to " << part.column_end
                            << ", " << threads << " threads, turned " << turns);
    }
  });
}

#if defined(__x86_64__)
namespace {

template <class Kernel>
std::vector<typename Kernel::real> product_on() {
  using real = typename Kernel::real;
  constexpr std::size_t rows = 31, columns = 75, depth = 1000;
  prefopt::random_generator random(8);
  const operand<real> left(rows, depth, false, random), right(columns, depth, false, random);
  std::vector<real> out(rows * columns, real(0.1));
  prefopt::detail::multiply<Kernel>(1, update::add, matrix_view<real>(out.data(), {rows, columns}),
                                    left.view(), right.view());
  return out;
}

template <class Real>
void widths_agree() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    BOOST_TEST_MESSAGE("skipped: no AVX2 here");
    return;
  }
  const auto expected = product_on<prefopt::detail::avx2_kernel<Real>>();
#ifdef __FMA__
  BOOST_TEST((product_on<prefopt::detail::native_kernel<Real>>() == expected));
#endif
  if (__builtin_cpu_supports("avx512f"))
    BOOST_TEST((product_on<prefopt::detail::avx512_kernel<Real>>() == expected));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_width_of_the_vectors_changes_no_bit) {
  widths_agree<float>();
  widths_agree<double>();
}

BOOST_AUTO_TEST_CASE(the_widest_vectors_of_the_processor_are_chosen) {
  __builtin_cpu_init();
  const auto name = prefopt::detail::product_engine<float>().name();
  if (__builtin_cpu_supports("avx512f"))
    BOOST_TEST(name == "512-bit vectors");
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    BOOST_TEST(name == "256-bit vectors");
}
#endif

// What a query must not see has weight 0: no matter how much of it follows, nothing changes.
BOOST_AUTO_TEST_CASE(zeros_behind_the_depth_change_no_bit) {
  for_each_kernel([](auto kernel, const char* name) {
    using real = typename decltype(kernel)::real;
    constexpr std::size_t block = decltype(kernel)::depth_block * decltype(kernel)::group,
                          rows = 13, columns = 40;
    for (const std::size_t depth : {block - 5, block, block + 6})
      for (const std::size_t zeros : {std::size_t{1}, std::size_t{10}, block}) {
        prefopt::random_generator random(6);
        operand<real> left(rows, depth + zeros, false, random);
        const operand<real> right(columns, depth + zeros, true, random);
        for (std::size_t i = 0; i < rows; ++i)
          for (std::size_t p = depth; p < depth + zeros; ++p) left.at(i, p) = 0;
        std::vector<real> all(rows * columns), some(rows * columns);
        prefopt::detail::multiply<decltype(kernel)>(1, update::assign,
                                                    matrix_view<real>(all.data(), {rows, columns}),
                                                    left.view(), right.view());
        prefopt::detail::multiply<decltype(kernel)>(
            1, update::assign, matrix_view<real>(some.data(), {rows, columns}),
            left.view().part(0, rows, 0, depth), right.view().part(0, columns, 0, depth));
        BOOST_TEST((all == some), name << ": depth " << depth << " and " << zeros << " zeros");
      }
  });
}

BOOST_AUTO_TEST_CASE(each_element_is_finished_once_when_its_sum_is_whole) {
  using kernel = prefopt::detail::native_kernel<float>;
  for (const std::size_t depth : {std::size_t{0}, std::size_t{1}, std::size_t{900}}) {
    const std::vector<float> ones(3000 * 900, 1.0F);
    std::vector<float> out(140 * 2100);
    const matrix_view<float> view(out.data(), {140, 2100});
    const auto finish = [&](const block_range& block) {
      for (std::size_t row = block.row_begin; row < block.row_end; ++row)
        for (float& value : block.of(view, row)) value = 2 * value + 1;
    };
    prefopt::detail::multiply<kernel>(2, update::assign, view, {ones.data(), 140, depth, depth, 1},
                                      {ones.data(), 2100, depth, depth, 1}, finish);
    const float expected = 2 * static_cast<float>(depth) + 1;
    BOOST_TEST(std::ranges::all_of(out, [&](float value) { return value == expected; }),
               "depth " << depth);
  }
}

BOOST_AUTO_TEST_CASE(a_not_a_number_is_not_lost) {
  for_each_kernel([](auto kernel, const char* name) {
    using real = typename decltype(kernel)::real;
    std::vector<real> left(20, real(1)), right(20, real(1));
    left[7] = std::numeric_limits<real>::quiet_NaN();
    real out = 0;
    prefopt::detail::multiply<decltype(kernel)>(1, update::assign, matrix_view<real>(&out, {1, 1}),
                                                {left.data(), 1, 20, 20, 1},
                                                {right.data(), 1, 20, 20, 1});
    BOOST_TEST(std::isnan(out), name);
  });
}

// Tiles are wider than the matrices, and the depth ends within a pair.
BOOST_AUTO_TEST_CASE(a_not_a_number_stays_in_its_row_and_its_column) {
  constexpr std::size_t rows = 5, columns = 7, depth = 19;
  for_each_kernel([](auto kernel, const char* name) {
    using real = typename decltype(kernel)::real;
    constexpr real nan = std::numeric_limits<real>::quiet_NaN();
    for (const int turns : {0, 1, 2, 3}) {
      prefopt::random_generator random(7);
      operand<real> left(rows + 1, depth + 1, turns % 2 != 0, random);
      operand<real> right(columns + 1, depth + 1, turns / 2 != 0, random);
      left.at(2, 4) = right.at(3, 5) = nan;
      // Neighbors that the product is not given.
      for (std::size_t p = 0; p <= depth; ++p) left.at(rows, p) = right.at(columns, p) = nan;
      for (std::size_t i = 0; i < rows; ++i) left.at(i, depth) = nan;
      for (std::size_t j = 0; j < columns; ++j) right.at(j, depth) = nan;
      std::vector<real> out(rows * columns);
      prefopt::detail::multiply<decltype(kernel)>(
          1, update::assign, matrix_view<real>(out.data(), {rows, columns}),
          left.view().part(0, rows, 0, depth), right.view().part(0, columns, 0, depth));
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j)
          BOOST_TEST(std::isnan(out[i * columns + j]) == (i == 2 || j == 3),
                     name << ", turned " << turns);
    }
  });
}
