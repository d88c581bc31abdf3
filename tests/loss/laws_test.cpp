// SPDX-License-Identifier: MIT
// The laws of pairwise losses, on all of ours and on losses that break them.

#include <type_traits>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "laws/pairwise_loss_laws.hpp"
#include "loss/losses.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

/// Breaks every law: a slope of the wrong size and sign, an overflow, and a read of what it says it
/// does not read.
struct lawless {
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{.rejected = false, .reference = true};

  pair_loss operator()(const pair_log_probs& pair) const {
    return {std::exp(pair.reference_chosen - pair.policy_chosen) + pair.policy_rejected, 1, 0};
  }
  [[maybe_unused]] friend void check(const lawless&) {}
};

}  // namespace

BOOST_AUTO_TEST_CASE(slopes_are_the_derivatives_of_the_loss) {
  for_each_loss(
      [](const auto& loss) { BOOST_TEST(slope_error(loss) <= prefopt_test::difference_error); });
  BOOST_TEST(slope_error(lawless{}) > prefopt_test::difference_error);
}

BOOST_AUTO_TEST_CASE(loss_and_slopes_are_finite_at_log_ratios_of_a_thousand) {
  for_each_loss([](const auto& loss) { BOOST_TEST(is_finite_at_extremes(loss)); });
  BOOST_TEST(!is_finite_at_extremes(lawless{}));
}

BOOST_AUTO_TEST_CASE(what_a_loss_does_not_read_changes_nothing) {
  for_each_loss([](const auto& loss) { BOOST_TEST(reads_only_its_inputs(loss)); });
  BOOST_TEST(!reads_only_its_inputs(lawless{}));
}

BOOST_AUTO_TEST_CASE(from_the_reference_a_step_goes_towards_the_chosen) {
  for_each_loss([](const auto& loss) {
    // as its documentation says
    constexpr bool rises_at_first = std::is_same_v<decltype(loss), const discopop&>;
    BOOST_TEST(sets_out_towards_the_chosen(loss) == !rises_at_first);
  });
  BOOST_TEST(!sets_out_towards_the_chosen(lawless{}));
}

BOOST_AUTO_TEST_CASE(hyper_parameters_in_range_pass_the_check) {
  for_each_loss([](const auto& loss) { BOOST_CHECK_NO_THROW(check(loss)); });
}
