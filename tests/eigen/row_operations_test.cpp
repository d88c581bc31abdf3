// SPDX-License-Identifier: MIT
// The CPU backend's operations on rows: numbers, laws, and the same bits in any company.

#include <tuple>
#include <type_traits>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/eigen.hpp"
#include "laws/row_operation_laws.hpp"

using prefopt::eigen_backend;
namespace tests = prefopt::tests;

namespace {

using backends =
    std::tuple<eigen_backend<float>, eigen_backend<double>, eigen_backend<prefopt::bfloat16>>;

template <class Backend>
constexpr double few_roundings =
    std::is_same_v<typename Backend::value_type, double> ? 1e-15 : 5e-7;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(rms_norm_has_the_numbers_of_its_formula, Backend, backends) {
  tests::rms_norm_has_the_numbers_of_its_formula(Backend{}, few_roundings<Backend>);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(rotate_has_the_numbers_of_its_formula, Backend, backends) {
  tests::rotate_has_the_numbers_of_its_formula(Backend{}, few_roundings<Backend>);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(gate_has_the_numbers_of_its_formula, Backend, backends) {
  tests::gate_has_the_numbers_of_its_formula(Backend{}, few_roundings<Backend>);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_rotation_table_has_the_angles_of_its_positions, Backend, backends) {
  tests::a_rotation_table_has_the_angles_of_its_positions(Backend{});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_inverse_rotates_back, Backend, backends) {
  tests::the_inverse_rotates_back(Backend{}, few_roundings<Backend>);
}

// The angles' cosines are rounded, each by up to half a unit in the last place.
BOOST_AUTO_TEST_CASE_TEMPLATE(a_rotated_product_depends_on_the_distance_only, Backend, backends) {
  tests::a_rotated_product_depends_on_the_distance_only(
      Backend{}, std::is_same_v<typename Backend::value_type, double> ? 1e-12 : 1e-6);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(silu_has_its_limits, Backend, backends) {
  tests::silu_has_its_limits(Backend{});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_row_has_the_same_bits_in_any_company, Backend, backends) {
#ifdef _OPENMP
  for (const int threads : {2, 3, 5})
    tests::a_row_has_the_same_bits_in_any_company(Backend({.threads = threads}), Backend{});
#endif
  tests::a_row_has_the_same_bits_in_any_company(Backend{}, Backend{});
}
