// SPDX-License-Identifier: MIT
// Losses and slopes against PyTorch's autograd in float64; tests/golden/losses/make_golden.py made
// the numbers.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "loss/losses.hpp"
#include "support/npy.hpp"
#include "support/tolerance.hpp"

namespace {

using namespace prefopt;

std::vector<double> golden(const std::string& name) {
  return prefopt_test::load_npy(PREFOPT_TEST_SOURCE_DIR "/golden/losses/" + name + ".npy");
}

/// Every number of every pair; `scale` is the size of terms that cancel in a slope.
template <pairwise_loss Loss>
void agrees_with(const std::string& name, const Loss& loss, double scale) {
  const std::vector<double> pairs = golden("pairs"), expected = golden(name);
  BOOST_TEST_REQUIRE(pairs.size() >= 4 * 64);
  BOOST_TEST_REQUIRE(expected.size() * 4 == pairs.size() * 3);
  for (std::size_t i = 0; i * 4 < pairs.size(); ++i) {
    const double* const pair = &pairs[4 * i];
    const pair_loss came = loss({pair[0], pair[1], pair[2], pair[3], 0, 0});
    if (std::isnan(expected[3 * i])) {  // no number: a log-prob above 0 is invalid
      BOOST_TEST(std::max(pair[0], pair[1]) >= 0);
      continue;
    }
    const double numbers[] = {came.loss, came.slope_chosen, came.slope_rejected};
    for (std::size_t j = 0; j < 3; ++j)
      BOOST_TEST(prefopt_test::is_close(numbers[j], expected[3 * i + j],
                                        prefopt_test::rounding<double>, scale),
                 name << ", pair " << i << ", number " << j << ": " << numbers[j] << ", expected "
                      << expected[3 * i + j]);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(dpo_agrees_with_pytorch_to_the_relative_rounding_of_the_smallest_slope) {
  agrees_with("dpo", dpo{.beta = 0.1}, 0);
  agrees_with("dpo_sharp", dpo{.beta = 2.5}, 0);
}

BOOST_AUTO_TEST_CASE(smoothed_dpo_agrees_with_pytorch) {
  agrees_with("dpo_smoothed", dpo{.beta = 0.1, .label_smoothing = 0.1}, 0.1);
  agrees_with("dpo_sharp_smoothed", dpo{.beta = 1, .label_smoothing = 0.45}, 1);
}

BOOST_AUTO_TEST_CASE(ipo_agrees_with_pytorch) {
  agrees_with("ipo", ipo{.beta = 0.1}, 1);
  agrees_with("ipo_tight", ipo{.beta = 0.75}, 1);
}

BOOST_AUTO_TEST_CASE(hinge_agrees_with_pytorch) {
  agrees_with("hinge", hinge{.beta = 0.1}, 1);
  agrees_with("hinge_sharp", hinge{.beta = 2}, 1);
}

BOOST_AUTO_TEST_CASE(the_supervised_term_agrees_with_pytorch) { agrees_with("sft", sft{}, 0); }

// Their slopes are differences of terms of this size.
BOOST_AUTO_TEST_CASE(the_relatives_of_the_margin_agree_with_pytorch) {
  agrees_with("robust_dpo", robust_dpo{.beta = 0.1, .label_smoothing = 0.1}, 1);
  agrees_with("exo_pair", exo_pair{.beta = 0.1, .label_smoothing = 1e-3}, 1);
  agrees_with("discopop", discopop{.beta = 0.1, .temperature = 0.05}, 1);
  agrees_with("length_normalized_dpo", length_normalized_dpo{.beta = 5}, 0);
  agrees_with("summed_ipo", summed_ipo{.beta = 0.2}, 1);
}

BOOST_AUTO_TEST_CASE(the_losses_of_each_response_agree_with_pytorch) {
  agrees_with("nca_pair", nca_pair{.beta = 0.1}, 1);
  agrees_with("bco_pair", bco_pair{.beta = 0.1}, 0);
  agrees_with("sppo_hard", sppo_hard{.beta = 0.1}, 1);
  agrees_with("apo_zero", apo_zero{.beta = 0.1}, 1);
  agrees_with("apo_down", apo_down{.beta = 0.1}, 1);
  agrees_with("dpop", dpop{.beta = 0.1, .lambda = 50}, 0);
}

BOOST_AUTO_TEST_CASE(the_losses_without_a_reference_agree_with_pytorch) {
  agrees_with("simpo", simpo{.beta = 2, .gamma = 0.5}, 0);
  agrees_with("cpo", cpo{.beta = 0.1, .label_smoothing = 0.1}, 0.1);
  agrees_with("orpo", orpo{.beta = 0.1}, 0);
}
