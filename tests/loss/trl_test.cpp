// SPDX-License-Identifier: MIT
// Losses and token slopes against Hugging Face TRL's own code in float32;
// tests/golden/losses/make_trl_golden.py ran it and says where TRL defines something else.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <numbers>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/loss/aot.hpp"
#include "prefopt/loss/aot_unpaired.hpp"
#include "prefopt/loss/apo_down.hpp"
#include "prefopt/loss/apo_zero.hpp"
#include "prefopt/loss/bco_pair.hpp"
#include "prefopt/loss/cpo.hpp"
#include "prefopt/loss/discopop.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/exo_pair.hpp"
#include "prefopt/loss/f_divergence.hpp"
#include "prefopt/loss/hinge.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/loss/kto.hpp"
#include "prefopt/loss/length_desensitized.hpp"
#include "prefopt/loss/length_normalized_dpo.hpp"
#include "prefopt/loss/nca_pair.hpp"
#include "prefopt/loss/orpo.hpp"
#include "prefopt/loss/robust_dpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/simpo.hpp"
#include "prefopt/loss/sppo_hard.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/loss/wpo.hpp"
#include "prefopt/policy/bigram.hpp"
#include "prefopt/train/step.hpp"
#include "loss/trl_golden.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::tests;

struct leeway {
  double tolerance = float_error;
  double slope_terms = 0;
};

template <preference_loss Loss>
void agrees(const std::string& name, const Loss& loss, leeway given = {},
            const std::string& data = "pairs") {
  const auto ours = [&](const token_groups& groups) { return mean_of(loss, groups); };
  const deviation seen = worst(name, data, ours, given.slope_terms);
  BOOST_TEST(seen.relative <= given.tolerance, seen.where);
}

/// For losses that TRL defines differently: so far apart that no rounding explains it.
template <preference_loss Loss>
void differs(const std::string& name, const Loss& loss) {
  const deviation seen =
      worst(name, "pairs", [&](const token_groups& groups) { return mean_of(loss, groups); });
  BOOST_TEST(seen.relative > 1e-2, name);
}

/// TRL's supervised term: the mean over all tokens of a batch, including each prompt's last
/// `prompt_tokens`, whose log-probs are log(1/2). So each of our means counts as often as it has
/// tokens.
objective mean_over_tokens(const token_groups& groups, double prompt_tokens) {
  token_results ours = token_losses(sft{}, groups);
  double tokens = 0;
  for (std::size_t e = 0; e < groups.size(); ++e)
    tokens += static_cast<double>(groups[e][0].count) + prompt_tokens;
  objective mean{0, std::move(ours.slopes)};
  for (std::size_t e = 0; e < groups.size(); ++e) {
    const response_tokens& chosen = groups[e][0];
    const auto count = static_cast<double>(chosen.count);
    mean.loss += (count * ours.losses[e] + prompt_tokens * std::numbers::ln2) / tokens;
    for (std::size_t t = 0; t < chosen.count; ++t) mean.slopes[chosen.first + t] *= count / tokens;
  }
  return mean;
}

/// Without a preference loss next to it: sft.
template <class... Loss>
void agrees_beside_supervision(const std::string& name, double prompt_tokens, const Loss&... loss) {
  const auto whole = [&](const token_groups& groups) {
    objective sum = mean_over_tokens(groups, prompt_tokens);
    for (const objective& term : std::initializer_list<objective>{mean_of(loss, groups)...}) {
      sum.loss += term.loss;
      for (std::size_t m = 0; m < term.slopes.size(); ++m) sum.slopes[m] += term.slopes[m];
    }
    return sum;
  };
  const deviation seen = worst(name, "pairs", whole);
  BOOST_TEST(seen.relative <= float_error, seen.where);
}

/// The world of make_group_golden.py: a bigram's logits, and pairs.
bigram world_policy(const std::string& logits) {
  const std::vector<double> numbers = golden<double>("world_" + logits);
  bigram policy(static_cast<std::size_t>(std::lround(std::sqrt(numbers.size()))));
  std::ranges::copy(numbers, policy.parameters().at(0).value.begin());
  return policy;
}

std::vector<tokenized_pair> world_pairs() {
  constexpr std::size_t count = 7;
  const std::vector<double> rows = golden<double>("world_pairs");
  std::vector<tokenized_pair> pairs;
  for (std::size_t p = 0; p < count; ++p) {
    const double* const row = &rows[p * rows.size() / count];
    const double* token = row + 3;
    const auto next = [&](double length) {
      const double* const first = token;
      token += static_cast<std::ptrdiff_t>(length);
      token_ids ids;
      std::transform(first, token, std::back_inserter(ids),
                     [](double id) { return static_cast<token_id>(id); });
      return ids;
    };
    token_ids prompt = next(row[0]), chosen = next(row[1]), rejected = next(row[2]);
    pairs.push_back({std::move(prompt), std::move(chosen), std::move(rejected)});
  }
  return pairs;
}

template <preference_loss Loss>
void agrees_in_the_world(const std::string& name, const Loss& loss) {
  const std::vector<float> expected = golden<float>("trl_world_" + name);
  const std::vector<tokenized_pair> pairs = world_pairs();
  std::vector<std::size_t> members(pairs.size());
  std::iota(members.begin(), members.end(), std::size_t{0});
  bigram policy = world_policy("logits");
  const step_gradient step =
      accumulate_gradient(policy, world_policy("reference"), loss, pairs, members);
  const auto gradient = policy.parameters().at(0).gradient;
  BOOST_TEST_REQUIRE(gradient.size() + 1 == expected.size());
  // at most that of one token; they cancel
  const double slope = reward_scale(loss) / static_cast<double>(pairs.size());
  deviation seen;
  seen.see(step.loss, expected[0], 0, name);
  for (std::size_t i = 0; i < gradient.size(); ++i)
    seen.see(gradient[i], expected[1 + i], slope, concat(name, ", gradient ", i));
  BOOST_TEST(seen.relative <= float_error, seen.where);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_losses_of_the_margin_agree_with_trl) {
  agrees("dpo", dpo{.beta = 0.1});
  agrees("dpo_sharp", dpo{.beta = 1});
  agrees("hinge", hinge{.beta = 0.1});
  agrees("ipo", ipo{.beta = 0.1});
  agrees("length_normalized_dpo", length_normalized_dpo{.beta = 5},
         {.tolerance = exponential_error});
  agrees("robust_dpo", robust_dpo{.beta = 0.1, .label_smoothing = 0.1});
  agrees("exo_pair", exo_pair{.beta = 0.1, .label_smoothing = 1e-3});
  agrees("discopop", discopop{.beta = 0.1, .temperature = 0.05});
}

BOOST_AUTO_TEST_CASE(trl_smooths_the_labels_of_dpo_in_optimal_transport_only) {
  agrees("dpo_told_to_smooth", dpo{.beta = 0.1});
  differs("dpo_told_to_smooth", dpo{.beta = 0.1, .label_smoothing = 0.1});
  const auto smoothed = [](const token_groups& groups) {
    if (groups.size() == 1) return mean_of(dpo{.beta = 0.1, .label_smoothing = 0.1}, groups);
    return mean_of(aot{.beta = 0.1, .label_smoothing = 0.1}, groups);
  };
  const deviation seen = worst("aot_smoothed", "pairs", smoothed);
  BOOST_TEST(seen.relative <= float_error, seen.where);
}

BOOST_AUTO_TEST_CASE(the_losses_of_each_response_agree_with_trl) {
  agrees("nca_pair", nca_pair{.beta = 0.1});
  agrees("bco_pair", bco_pair{.beta = 0.1});
  agrees("sppo_hard", sppo_hard{.beta = 0.1});
  agrees("apo_zero", apo_zero{.beta = 0.1});
  agrees("apo_down", apo_down{.beta = 0.1}, {.slope_terms = 0.1 / 4});  // each beta p (1 - p)
}

BOOST_AUTO_TEST_CASE(the_losses_of_whole_steps_agree_with_trl) {
  agrees("aot", aot{.beta = 0.1});
  agrees("aot_smoothed", aot{.beta = 0.1, .label_smoothing = 0.1});
  agrees("aot_unpaired", aot_unpaired{.beta = 0.1});
  agrees("aot_unpaired_smoothed", aot_unpaired{.beta = 0.1, .label_smoothing = 0.1});
  agrees("kto", kto{.beta = 0.1}, {}, "unpaired");
  agrees("kto_weighted", kto{.beta = 0.1, .desirable_weight = 1.5, .undesirable_weight = 0.5}, {},
         "unpaired");
}

BOOST_AUTO_TEST_CASE(what_changes_a_loss_agrees_with_trl) {
  const weighted_sum sum{weighted{dpo{.beta = 0.1}, 0.8}, weighted{bco_pair{.beta = 0.1}, 0.2}};
  agrees("weighted_sum", weighted_sum{weighted{sum, 1}, weighted{ipo{.beta = 0.1}, 0.05}});
  agrees("wpo_dpo", wpo{dpo{.beta = 0.1}});
  agrees("wpo_ipo", wpo{ipo{.beta = 0.1}});
  agrees("ld_dpo", length_desensitized{dpo{.beta = 0.1}, {.tail = 0.3}});
  agrees("ld_apo_zero", length_desensitized{apo_zero{.beta = 0.1}, {.tail = 0}});
}

BOOST_AUTO_TEST_CASE(divergences_agree_with_trl) {
  agrees("forward_kl_dpo", f_divergence{dpo{.beta = 0.1}, forward_kl{}},
         {.tolerance = exponential_error});
  agrees("forward_kl_hinge", f_divergence{hinge{.beta = 0.1}, forward_kl{}});
  agrees("js_dpo", f_divergence{dpo{.beta = 0.1}, js_divergence{}});
  agrees("js_hinge", f_divergence{hinge{.beta = 0.1}, js_divergence{}});
  agrees("forward_kl_ipo", f_divergence{ipo{.beta = 0.1}, forward_kl{}});
  agrees("js_ipo", f_divergence{ipo{.beta = 0.1}, js_divergence{}});
  agrees("js_length_normalized_dpo",
         f_divergence{length_normalized_dpo{.beta = 5}, js_divergence{}});
  agrees("alpha_half_dpo", f_divergence{dpo{.beta = 0.1}, alpha_divergence{0.5}},
         {.tolerance = exponential_error});
  agrees("alpha_half_hinge", f_divergence{hinge{.beta = 0.1}, alpha_divergence{0.5}});
  agrees("alpha_half_ipo", f_divergence{ipo{.beta = 0.1}, alpha_divergence{0.5}});
  agrees("alpha_one_dpo", f_divergence{dpo{.beta = 0.1}, alpha_divergence{1}});
  agrees("alpha_two_dpo", f_divergence{dpo{.beta = 0.1}, alpha_divergence{2}},
         {.tolerance = exponential_error});
}

BOOST_AUTO_TEST_CASE(the_losses_without_a_reference_agree_with_trl) {
  agrees("cpo", cpo{.beta = 0.1});
  // beta e sigmoid(z), ...
  agrees("cpo_smoothed", cpo{.beta = 0.1, .label_smoothing = 0.1}, {.slope_terms = 0.1});
  agrees("simpo", simpo{.beta = 2, .gamma = 0.5});
  agrees("orpo", orpo{.beta = 0.1});
}

BOOST_AUTO_TEST_CASE(the_supervised_term_is_a_mean_over_tokens_in_trl_and_over_responses_here) {
  agrees_beside_supervision("sft", 0);
  differs("sft", sft{});
  agrees_beside_supervision("cpo_whole", 0, cpo{.beta = 0.1});
  agrees_beside_supervision("orpo_whole", 1, orpo{.beta = 0.1});
}

BOOST_AUTO_TEST_CASE(a_policy_that_is_trained_gets_the_gradient_that_trl_gives_it) {
  agrees_in_the_world("dpo", dpo{.beta = 0.5});
  agrees_in_the_world("ld_dpo", length_desensitized{dpo{.beta = 0.5}, {.tail = 0.3}});
  agrees_in_the_world("wpo", wpo{dpo{.beta = 0.5}});
}
