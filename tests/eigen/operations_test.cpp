// SPDX-License-Identifier: MIT
// The CPU machine's operations: finite differences in float64, float32 beside float64, threads beside one thread.

#include <boost/test/unit_test.hpp>

#include "laws/transformer_machine_laws.hpp"
#include "prefopt/eigen/backend.hpp"

using prefopt::eigen_backend;

BOOST_AUTO_TEST_CASE(every_backward_is_the_derivative_of_its_forward) {
  prefopt::tests::backward_agrees_with_finite_differences(eigen_backend<double>{});
}

BOOST_AUTO_TEST_CASE(float32_agrees_with_float64) {
  prefopt::tests::operations_agree(eigen_backend<float>{}, eigen_backend<double>{}, 1e-5);
}

#ifdef _OPENMP
BOOST_AUTO_TEST_CASE(threads_change_results_by_rounding_only) {
  for (const int threads : {2, 3, 5})
    prefopt::tests::operations_agree(eigen_backend<double>{{.threads = threads}}, eigen_backend<double>{}, 1e-13);
}
#endif

BOOST_AUTO_TEST_CASE(fewer_than_one_thread_is_refused) {
  BOOST_CHECK_THROW(eigen_backend<float>({.threads = 0}), prefopt::value_error);
  BOOST_CHECK_THROW(eigen_backend<float>({.threads = -1}), prefopt::value_error);
}
