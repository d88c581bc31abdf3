// SPDX-License-Identifier: MIT
// Types that model the tensor concepts and types that do not: containers, the smallest archetypes,
// and near misses.

#include "prefopt/core/tensor.hpp"

#include <array>
#include <complex>
#include <deque>
#include <list>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <boost/test/unit_test.hpp>
#if __has_include(<xtensor/containers/xtensor.hpp>)  // after 0.24 the headers are in folders
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>
#endif

#include "prefopt/core/as_view.hpp"
#include "prefopt/eigen/tensor_traits.hpp"
#include "prefopt/xtensor/tensor_traits.hpp"

using namespace prefopt;

namespace {

/// Traits that each differ in one thing.
template <class Element, std::size_t Rank, memory_space Space>
struct told {
  using value_type = Element;
  static constexpr std::size_t rank = Rank;
  static constexpr memory_space space = Space;
  template <class T>
  static std::array<int, 1> extents(const T&) {
    return {3};
  }
};

struct smallest_tensor {};
struct smallest_host_tensor {};
struct smallest_vector {};
struct vector_in_device_memory {};
struct vector_without_copy {};
struct matrix {};
struct integers {};
struct tensor_without_extents {};
struct tensor_with_an_extent_that_is_no_range {};
struct tensor_with_rank_as_int {};
struct type_without_traits {};

}  // namespace

namespace prefopt {

template <>
struct tensor_traits<smallest_tensor> : told<std::complex<float>, 7, memory_space::device> {};
template <>
struct tensor_traits<smallest_host_tensor> : told<std::complex<float>, 7, memory_space::host> {
  static void copy(const smallest_host_tensor&, std::complex<float>*);
};
template <>
struct tensor_traits<smallest_vector> : told<float, 1, memory_space::host> {
  static void copy(const smallest_vector&, float*);
};
template <>
struct tensor_traits<vector_in_device_memory> : told<float, 1, memory_space::device> {
  static void copy(const vector_in_device_memory&, float*);
  static float* data(const vector_in_device_memory&);
};
template <>
struct tensor_traits<vector_without_copy> : told<float, 1, memory_space::host> {};
template <>
struct tensor_traits<matrix> : told<float, 2, memory_space::host> {
  static void copy(const matrix&, float*);
  static float* data(const matrix&);
};
template <>
struct tensor_traits<integers> : told<int, 1, memory_space::host> {
  static void copy(const integers&, int*);
};
template <>
struct tensor_traits<tensor_without_extents> {
  using value_type = float;
  static constexpr std::size_t rank = 1;
  static constexpr memory_space space = memory_space::host;
};
template <>
struct tensor_traits<tensor_with_an_extent_that_is_no_range>
    : tensor_traits<tensor_without_extents> {
  static std::size_t extents(const tensor_with_an_extent_that_is_no_range&);
};
template <>
struct tensor_traits<tensor_with_rank_as_int> : told<float, 1, memory_space::host> {
  static constexpr int rank = 1;
};

}  // namespace prefopt

namespace {

// Archetypes: each models the concept that it is made for, and no stronger one.
static_assert(tensor_like<smallest_tensor> && !host_tensor<smallest_tensor>);
static_assert(host_tensor<smallest_host_tensor> && !vector_like<smallest_host_tensor>);
static_assert(vector_like<smallest_vector> && !contiguous_tensor<smallest_vector>);
static_assert(contiguous_tensor<matrix> && !vector_like<matrix>);
static_assert(tensor_like<const smallest_tensor&> && vector_like<smallest_vector&&>);

// Near misses.
static_assert(tensor_like<vector_in_device_memory> && !host_tensor<vector_in_device_memory>);
static_assert(!vector_like<vector_in_device_memory> && !contiguous_tensor<vector_in_device_memory>);
static_assert(tensor_like<vector_without_copy> && !host_tensor<vector_without_copy>);
static_assert(host_tensor<integers> && !vector_like<integers>);
static_assert(!tensor_like<tensor_without_extents>);
static_assert(!tensor_like<tensor_with_an_extent_that_is_no_range>);
static_assert(!tensor_like<tensor_with_rank_as_int>);
static_assert(!tensor_like<type_without_traits> && !tensor_like<double> && !tensor_like<double*> &&
              !tensor_like<void>);

// The standard library.
static_assert(vector_like<std::vector<double>> && vector_like<const std::vector<float>&>);
static_assert(vector_like<std::array<float, 3>> && vector_like<std::span<const double>>);
static_assert(vector_like<std::span<float, 4>> && vector_like<tensor_view<const float, 1>>);
static_assert(contiguous_tensor<const std::vector<double>> &&
              contiguous_tensor<std::span<const double>>);
static_assert(contiguous_tensor<std::vector<int>> &&
              contiguous_tensor<tensor_view<const float, 1>>);
static_assert(host_tensor<std::vector<int>> && !vector_like<std::vector<int>>);
static_assert(host_tensor<tensor_view<float, 2>> && !vector_like<tensor_view<float, 2>>);
static_assert(!contiguous_tensor<tensor_view<float, 2>>);
static_assert(!tensor_like<std::vector<bool>> && !tensor_like<std::vector<std::string>>);
static_assert(!tensor_like<std::vector<std::vector<double>>> && !tensor_like<std::vector<char>>);
static_assert(!tensor_like<std::string> && !tensor_like<std::deque<double>> &&
              !tensor_like<std::list<double>>);
static_assert(!vector_like<std::vector<std::complex<double>>>);

// Eigen.
static_assert(vector_like<Eigen::VectorXd> && vector_like<Eigen::ArrayXf> &&
              vector_like<Eigen::RowVector3d>);
static_assert(vector_like<Eigen::Map<const Eigen::ArrayXd>> &&
              vector_like<Eigen::Ref<const Eigen::VectorXf>>);
static_assert(vector_like<decltype(Eigen::ArrayXd() * 2.0 + Eigen::ArrayXd())>);
static_assert(vector_like<decltype(Eigen::MatrixXd() * Eigen::VectorXd())>);
static_assert(host_tensor<Eigen::MatrixXd> && !vector_like<Eigen::MatrixXd> &&
              !vector_like<Eigen::ArrayXXf>);
static_assert(host_tensor<Eigen::VectorXi> && !vector_like<Eigen::VectorXi> &&
              !vector_like<Eigen::VectorXcd>);
static_assert(!vector_like<decltype(Eigen::ArrayXd() > Eigen::ArrayXd())>);

// xtensor.
static_assert(vector_like<xt::xtensor<float, 1>> && vector_like<xt::xarray<double>>);
static_assert(vector_like<decltype(xt::xtensor<float, 1>() + xt::xtensor<float, 1>())>);
static_assert(host_tensor<xt::xtensor<float, 2>> && !vector_like<xt::xtensor<float, 2>>);
static_assert(!vector_like<xt::xtensor<int, 1>> && !vector_like<xt::xarray<bool>>);
static_assert(!vector_like<decltype(xt::xarray<double>() > 0.0)>);
static_assert(contiguous_tensor<xt::xtensor<float, 2>> && contiguous_tensor<xt::xarray<double>>);
static_assert(!contiguous_tensor<xt::xtensor<double, 2, xt::layout_type::column_major>>);
static_assert(!contiguous_tensor<decltype(xt::xtensor<float, 1>() + 1.f)>);

// A view needs a rank if and only if the type has none, and a tensor that is not a temporary.
template <class T, std::size_t... Rank>
concept viewable = requires(T tensor) { as_view<Rank...>(tensor); };
static_assert(viewable<std::vector<float>> && viewable<std::vector<float>, 1> &&
              !viewable<std::vector<float>, 2>);
static_assert(viewable<xt::xarray<float>, 2> && !viewable<xt::xarray<float>>);
template <class T>
concept viewable_while_nameless = requires(T (*make)()) { as_view(make()); };
static_assert(viewable_while_nameless<std::vector<float>&> &&
              !viewable_while_nameless<std::vector<float>>);

}  // namespace

BOOST_AUTO_TEST_CASE(traits_look_through_const_and_references) {
  const std::vector<double> values(3);
  BOOST_TEST(tensor_size(values) == 3u);
  BOOST_TEST(tensor_rank(smallest_tensor{}) == 7u);
}
