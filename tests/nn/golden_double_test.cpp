// SPDX-License-Identifier: MIT
// Every family in float64 agrees with PyTorch in float64 to nearly all digits.

#include "prefopt/eigen.hpp"
#include "prefopt/loss/hinge.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/loss/sft.hpp"
#include "nn/golden_checks.hpp"

namespace {

const prefopt::eigen_backend<double> backend{{.threads = 2}};
constexpr golden::errors error = golden::errors_of<double>;

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_double)

BOOST_AUTO_TEST_CASE(packed_pairs_get_the_log_probs_of_separate_sequences) {
  golden::check_log_probs(backend, error);
}

BOOST_AUTO_TEST_CASE(dpo_agrees_with_pytorch) {
  golden::check_gradients(backend, error, golden::models, prefopt::dpo{.beta = 0.1},
                          {0, "gradient_dpo"});
}

BOOST_AUTO_TEST_CASE(smoothed_dpo_agrees_with_pytorch) {
  golden::check_gradients(backend, error, golden::gpt2_models,
                          prefopt::dpo{.beta = 0.1, .label_smoothing = 0.1}, {1, "gradient_cdpo"});
}

BOOST_AUTO_TEST_CASE(hinge_agrees_with_pytorch) {
  golden::check_gradients(backend, error, golden::gpt2_models, prefopt::hinge{.beta = 0.1},
                          {2, "gradient_hinge"});
}

BOOST_AUTO_TEST_CASE(ipo_agrees_with_pytorch) {
  golden::check_gradients(backend, error, golden::gpt2_models, prefopt::ipo{.beta = 0.1},
                          {3, "gradient_ipo"});
}

BOOST_AUTO_TEST_CASE(supervised_loss_agrees_with_pytorch) {
  golden::check_gradients(backend, error, golden::gpt2_models, prefopt::sft{}, {4, "gradient_sft"});
}

BOOST_AUTO_TEST_CASE(ten_steps_of_dpo_end_where_pytorch_ends) {
  golden::check_adamw(backend, error);
}

BOOST_AUTO_TEST_CASE(the_golden_pairs_share_what_they_are_meant_to_share) {
  std::size_t separate = 0;
  for (const auto& pair : golden::pairs())
    separate += 2 * pair.prompt.size() + pair.chosen.size() + pair.rejected.size();
  const auto batch = prefopt::pack(golden::pairs(), golden::members());
  std::int32_t roots = 0;
  for (const auto& node : batch.nodes) roots += node.parent < 0;
  BOOST_TEST(roots == 5);  // six pairs, two of them on one prompt
  BOOST_TEST(batch.tokens.size() < separate);
}

BOOST_AUTO_TEST_SUITE_END()
