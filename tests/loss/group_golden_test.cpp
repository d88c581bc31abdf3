// SPDX-License-Identifier: MIT
// Losses of lists, of whole steps and of divergences against PyTorch's autograd in float64;
// tests/golden/losses/make_group_golden.py made the numbers.

#include <cmath>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/aot.hpp"
#include "prefopt/loss/aot_unpaired.hpp"
#include "prefopt/loss/bco.hpp"
#include "prefopt/loss/beta_dpo.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/f_divergence.hpp"
#include "prefopt/loss/hinge.hpp"
#include "prefopt/loss/kto.hpp"
#include "prefopt/loss/kto_pair.hpp"
#include "prefopt/loss/lipo_lambda.hpp"
#include "prefopt/loss/plackett_luce_dpo.hpp"
#include "prefopt/loss/s_dpo.hpp"
#include "support/npy.hpp"
#include "support/tolerance.hpp"

namespace {

using namespace prefopt;

/// Sums over a step and over a list round more than one formula does.
constexpr double tolerance = 1e-12;

std::vector<double> golden(const std::string& name) {
  return prefopt_test::load_npy(PREFOPT_TEST_SOURCE_DIR "/golden/losses/" + name + ".npy");
}

void check_close(double came, double expected, const std::string& where, double scale = 1) {
  BOOST_TEST(prefopt_test::is_close(came, expected, tolerance, scale),
             where << ": " << came << ", expected " << expected);
}

template <listwise_loss Loss>
void agrees_on_lists(const Loss& loss) {
  constexpr std::size_t responses = 5;
  const std::vector<double> lists = golden("lists"),
                            expected = golden("list_" + std::string(Loss::name));
  BOOST_TEST_REQUIRE(lists.size() >= 20 * 3 * responses);
  for (std::size_t e = 0; e * 3 * responses < lists.size(); ++e) {
    std::vector<response_log_probs> list;
    for (std::size_t k = 0; k < responses; ++k) {
      const double* const one = &lists[3 * (e * responses + k)];
      list.push_back({.policy = one[0], .reference = one[1], .score = one[2]});
    }
    const list_loss came = loss(list);
    const double* const row = &expected[e * (1 + responses)];
    check_close(came.loss, row[0], concat("list ", e));
    for (std::size_t k = 0; k < responses; ++k)
      check_close(came.slopes[k], row[1 + k], concat("list ", e, " slope ", k));
  }
}

/// A step as a batch loss reads it.
struct step {
  std::vector<response_log_probs> responses;
  std::vector<std::size_t> begins{0};

  [[nodiscard]] response_groups groups() const { return {responses, begins}; }
};

step step_of_pairs() {
  const std::vector<double> numbers = golden("batch");
  step all;
  for (std::size_t p = 0; 4 * p < numbers.size(); ++p) {
    const double* const pair = &numbers[4 * p];
    all.responses.push_back({.policy = pair[0], .reference = pair[2], .score = 1});
    all.responses.push_back({.policy = pair[1], .reference = pair[3], .score = 0});
    all.begins.push_back(all.responses.size());
  }
  return all;
}

template <batch_loss Loss>
void agrees_on_a_batch(const std::string& name, const Loss& loss) {
  const step pairs = step_of_pairs();
  const std::vector<double> expected = golden("batch_" + name);
  const batch_losses came = loss(pairs.groups());
  BOOST_TEST_REQUIRE(came.losses.size() * 3 == expected.size());
  for (std::size_t p = 0; p < came.losses.size(); ++p) {
    check_close(came.losses[p], expected[3 * p], concat(name, " pair ", p));
    check_close(came.slopes[2 * p], expected[3 * p + 1], concat(name, " pair ", p, " chosen"));
    check_close(came.slopes[2 * p + 1], expected[3 * p + 2],
                concat(name, " pair ", p, " rejected"));
  }
}

template <batch_loss Loss>
void agrees_unpaired(const std::string& name, Loss loss) {
  const std::vector<double> numbers = golden("unpaired"), expected = golden("unpaired_" + name);
  step all;
  for (std::size_t e = 0; 5 * e < numbers.size(); ++e) {
    const double* const one = &numbers[5 * e];
    all.responses.push_back({.policy = one[0], .reference = one[1], .score = one[2]});
    all.responses.push_back({.policy = one[3], .reference = one[4], .score = std::nan("")});
    all.begins.push_back(all.responses.size());
  }
  if constexpr (stateful_loss<Loss>) loss.observe(all.groups());
  const batch_losses came = loss(all.groups());
  for (std::size_t e = 0; e < came.losses.size(); ++e) {
    check_close(came.losses[e], expected[2 * e], concat(name, " example ", e));
    check_close(came.slopes[2 * e], expected[2 * e + 1], concat(name, " example ", e));
    BOOST_TEST(came.slopes[2 * e + 1] == 0.0);
  }
}

template <class Divergence>
void agrees_under(const std::string& divergence, const Divergence& score) {
  const std::vector<double> pairs = golden("pairs");
  const auto compare = [&](const std::string& name, const auto& loss) {
    const std::vector<double> expected = golden("divergence_" + name + "_" + divergence);
    int finite = 0;
    for (std::size_t i = 0; i * 4 < pairs.size(); ++i) {
      if (std::isnan(expected[3 * i])) continue;
      ++finite;
      const double* const pair = &pairs[4 * i];
      const pair_loss came = loss({pair[0], pair[1], pair[2], pair[3], 7, 9});
      const double scale = std::max(std::abs(expected[3 * i]), 1.0);
      check_close(came.loss, expected[3 * i], concat(name, ' ', divergence, " pair ", i));
      check_close(came.slope_chosen, expected[3 * i + 1],
                  concat(name, ' ', divergence, " chosen of ", i), scale);
      check_close(came.slope_rejected, expected[3 * i + 2],
                  concat(name, ' ', divergence, " rejected of ", i), scale);
    }
    BOOST_TEST(finite > 60);
  };
  compare("dpo", f_divergence{dpo{.beta = 0.1}, score});
  compare("hinge", f_divergence{hinge{.beta = 0.5}, score});
}

}  // namespace

BOOST_AUTO_TEST_CASE(losses_of_lists_agree_with_pytorch) {
  agrees_on_lists(plackett_luce_dpo{.beta = 0.1});
  agrees_on_lists(s_dpo{.beta = 0.3});
  agrees_on_lists(lipo_lambda{.beta = 0.2});
}

BOOST_AUTO_TEST_CASE(losses_of_whole_steps_agree_with_pytorch) {
  agrees_on_a_batch("aot", aot{.beta = 0.1});
  agrees_on_a_batch("aot_smoothed", aot{.beta = 0.1, .label_smoothing = 0.1});
  agrees_on_a_batch("aot_unpaired", aot_unpaired{.beta = 0.1});
  agrees_on_a_batch("kto_pair", kto_pair{.beta = 0.1});
}

BOOST_AUTO_TEST_CASE(losses_that_have_observed_a_step_agree_with_pytorch) {
  bco shifted{.beta = 0.1};
  shifted.observe(step_of_pairs().groups());
  agrees_on_a_batch("bco", shifted);
  beta_dpo steered{.beta = 0.1, .sensitivity = 0.6, .filtered = 0};
  steered.observe(step_of_pairs().groups());
  agrees_on_a_batch("beta_dpo", steered);
}

BOOST_AUTO_TEST_CASE(losses_without_pairs_agree_with_pytorch) {
  agrees_unpaired("kto", kto{.beta = 0.1, .desirable_weight = 1.5, .undesirable_weight = 0.5});
  agrees_unpaired("bco", bco{.beta = 0.1});
}

BOOST_AUTO_TEST_CASE(divergences_agree_with_pytorch_wherever_it_is_finite) {
  agrees_under("forward_kl", forward_kl{});
  agrees_under("js", js_divergence{});
  agrees_under("alpha_half", alpha_divergence{.alpha = 0.5});
  agrees_under("alpha_two", alpha_divergence{.alpha = 2});
}
