// SPDX-License-Identifier: MIT
// Every family in float32 agrees with PyTorch in float64 to float32's precision, and with the
// program that trained a real one.

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/data/packable_sequence.hpp"
#include "prefopt/eigen.hpp"
#include "prefopt/loss/hinge.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/loss/sft.hpp"
#include "nn/golden_checks.hpp"

namespace {

const prefopt::eigen_backend<float> backend{{.threads = 2}};
constexpr golden::errors error = golden::errors_of<float>;

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_float)

BOOST_AUTO_TEST_CASE(packed_pairs_get_the_log_probs_of_separate_sequences) {
  golden::check_log_probs(backend, error);
}

BOOST_AUTO_TEST_CASE(dpo_agrees_with_pytorch) {
  golden::check_gradients(backend, error, golden::models, prefopt::dpo{.beta = 0.1},
                          {0, "gradient_dpo"});
}

// Off by up to 0.3% and 5%: small models, whose tensors' gradients are often sums of terms that
// cancel.
BOOST_AUTO_TEST_CASE(bfloat16_agrees_with_pytorch_to_its_rounding) {
  const prefopt::eigen_backend<prefopt::bfloat16> rounded{{.threads = 2}};
  constexpr golden::errors rounding{.numbers = 0.006, .tensors = 0.1};
  golden::check_log_probs(rounded, rounding);
  golden::check_gradients(rounded, rounding, golden::models, prefopt::dpo{.beta = 0.1},
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

/// log-softmax in double.
std::vector<double> log_probs_of(std::vector<double> logits) {
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit);
  for (double& logit : logits) logit -= std::log(sum);
  return logits;
}

BOOST_AUTO_TEST_CASE(every_token_has_its_log_prob_after_a_known_text) {
  const char* const data = std::getenv("PREFOPT_DATA_DIR");
  if (data == nullptr) {
    BOOST_TEST_MESSAGE("skipped: PREFOPT_DATA_DIR is not set");
    return;
  }
  const std::string folder = std::string(data) + "/slm4096";
  const auto policy = prefopt::load_model(backend, folder);
  const auto reference = nlohmann::json::parse(std::ifstream(folder + "/reference.json"));
  const auto ids = reference.at("ids").get<prefopt::token_ids>();
  const auto expected = log_probs_of(reference.at("last_logits").get<std::vector<double>>());

  prefopt::token_ids vocabulary(expected.size());
  std::iota(vocabulary.begin(), vocabulary.end(), 0);
  // the text and each token of the vocabulary
  std::vector<prefopt::packable_sequence> continuations;
  for (const prefopt::token_id& token : vocabulary)
    continuations.push_back(
        {.example = 0, .response_index = token, .prompt = ids, .response = {&token, 1}});
  const auto batch = prefopt::pack(continuations);
  BOOST_TEST(batch.tokens.size() == ids.size() + vocabulary.size());
  // The reference was computed in float32 too.
  BOOST_TEST(golden::relative_error(policy.token_log_probs(batch), expected) <= 1e-5);
}

BOOST_AUTO_TEST_SUITE_END()
