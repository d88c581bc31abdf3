// SPDX-License-Identifier: MIT
// The CUDA backend's operations on rows, run on the host: numbers, laws, and the same bits in any
// company. (operations_test.cpp compares them with the CPU's, as all operations.)

#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/cuda/operations.hpp"
#include "cuda/emulated_device.hpp"
#include "laws/row_operation_laws.hpp"
#include "laws/transformer_backend_laws.hpp"

using prefopt::bfloat16;
namespace tests = prefopt::tests;

namespace {

using backends = std::tuple<prefopt::cuda_backend<float, tests::emulated_device>,
                            prefopt::cuda_backend<bfloat16, tests::emulated_device>>;

template <class Backend>
Backend make_backend() {
  return Backend(std::make_shared<tests::emulated_device>());
}

template <class Backend>
constexpr bool has_operations_on_rows =
    prefopt::rms_norm_backend<Backend> && prefopt::rotary_backend<Backend> &&
    prefopt::gated_backend<Backend>;
static_assert(has_operations_on_rows<std::tuple_element_t<0, backends>> &&
              has_operations_on_rows<std::tuple_element_t<1, backends>>);

template <class Backend>
constexpr bool rounds_to_bfloat16 = std::is_same_v<typename Backend::activation_type, bfloat16>;

/// A bfloat16 is off by up to 2^-9 of itself; what an operation writes and reads again is rounded
/// twice.
template <class Backend>
constexpr double few_roundings = rounds_to_bfloat16<Backend> ? 2.0 / 512 : 5e-7;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(rms_norm_has_the_numbers_of_its_formula, Backend, backends) {
  tests::rms_norm_has_the_numbers_of_its_formula(make_backend<Backend>(), few_roundings<Backend>);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(rotate_has_the_numbers_of_its_formula, Backend, backends) {
  tests::rotate_has_the_numbers_of_its_formula(make_backend<Backend>(), few_roundings<Backend>);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(gate_has_the_numbers_of_its_formula, Backend, backends) {
  tests::gate_has_the_numbers_of_its_formula(make_backend<Backend>(), few_roundings<Backend>);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_rotation_table_has_the_angles_of_its_positions, Backend, backends) {
  tests::a_rotation_table_has_the_angles_of_its_positions(make_backend<Backend>());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_inverse_rotates_back, Backend, backends) {
  tests::the_inverse_rotates_back(make_backend<Backend>(), few_roundings<Backend>);
}

// The angles' cosines are rounded, and so are the query and the key, whose product is up to 1.
BOOST_AUTO_TEST_CASE_TEMPLATE(a_rotated_product_depends_on_the_distance_only, Backend, backends) {
  tests::a_rotated_product_depends_on_the_distance_only(
      make_backend<Backend>(), rounds_to_bfloat16<Backend> ? 2.0 / 512 : 1e-6);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(silu_has_its_limits, Backend, backends) {
  tests::silu_has_its_limits(make_backend<Backend>());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_row_has_the_same_bits_in_any_company, Backend, backends) {
  tests::a_row_has_the_same_bits_in_any_company(make_backend<Backend>(), make_backend<Backend>());
}

BOOST_AUTO_TEST_CASE(every_backward_is_the_derivative_of_its_forward) {
  using backend = std::tuple_element_t<0, backends>;
  const auto on = make_backend<backend>();
  tests::for_each_row_operation<backend>([&](std::string_view name, const auto& operation) {
    BOOST_TEST_CONTEXT(name) {
      tests::the_derivative_along_a_gradient_is_its_length(on, operation, 1e-4);
    }
  });
}
