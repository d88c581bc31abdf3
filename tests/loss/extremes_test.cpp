// SPDX-License-Identifier: MIT
// Losses and slopes at finite numbers that no ordinary run produces: responses that are certain,
// responses that are impossible, scores and margins far apart.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/any_loss.hpp"
#include "prefopt/loss/aot.hpp"
#include "prefopt/loss/aot_unpaired.hpp"
#include "prefopt/loss/bco.hpp"
#include "prefopt/loss/beta_dpo.hpp"
#include "prefopt/loss/bradley_terry.hpp"
#include "prefopt/loss/f_divergence.hpp"
#include "prefopt/loss/kto.hpp"
#include "prefopt/loss/kto_pair.hpp"
#include "prefopt/loss/length_desensitized.hpp"
#include "prefopt/loss/lipo_lambda.hpp"
#include "prefopt/loss/plackett_luce_dpo.hpp"
#include "prefopt/loss/ppo.hpp"
#include "prefopt/loss/s_dpo.hpp"
#include "prefopt/loss/tdpo.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/loss/wpo.hpp"
#include "loss/losses.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

/// From certain, in float32 and in double, to what no model gives: nats.
const std::vector<double> log_probs{0,     -5e-324, -1e-300, -1e-16, -0x1p-25, -1e-7,
                                    -1e-3, -1,      -40,     -400,   -800,     -1e5};

/// Calls `visit` with each pair of these, against several references.
template <class Visitor>
void for_each_pair(const Visitor& visit) {
  for (const double chosen : log_probs)
    for (const double rejected : log_probs)
      for (const double before_chosen : {0.0, -1e-7, -5.0, -900.0, -1e5})
        for (const double before_rejected : {0.0, -5.0, -900.0, -1e5})
          visit(pair_log_probs{chosen, rejected, before_chosen, before_rejected, 1, 2});
}

std::string text_of(const pair_log_probs& pair) {
  return concat(pair.policy_chosen, ' ', pair.policy_rejected, ' ', pair.reference_chosen, ' ',
                pair.reference_rejected);
}

bool is_finite(const pair_loss& one) {
  return std::isfinite(one.loss) && std::isfinite(one.slope_chosen) &&
         std::isfinite(one.slope_rejected);
}

bool is_finite(std::span<const double> numbers) {
  return std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); });
}

template <class Loss>
void is_finite_everywhere(const std::string& name, const Loss& loss) {
  std::string first;
  for_each_pair([&](const pair_log_probs& pair) {
    if (first.empty() && !is_finite(loss(pair))) first = text_of(pair);
  });
  BOOST_TEST(first.empty(), name << " is not finite at " << first);
}

/// Infinite if a square overflows double, but never a NaN.
template <class Loss, class Divergence>
void is_a_number_everywhere(const std::string& name, const f_divergence<Loss, Divergence>& loss) {
  std::string first;
  for_each_pair([&](const pair_log_probs& pair) {
    const pair_loss one = loss(pair);
    const bool sound =
        !std::isnan(one.loss) && !std::isnan(one.slope_chosen) && !std::isnan(one.slope_rejected);
    if (first.empty() && !sound) first = text_of(pair);
  });
  BOOST_TEST(first.empty(), name << " is no number at " << first);
}

template <class Loss>
constexpr bool squares = false;
template <>
constexpr bool squares<ipo> = true;
template <>
constexpr bool squares<summed_ipo> = true;

/// A step of all pairs, one token per response.
struct step {
  std::vector<double> policy, reference, square_sums, divergences;
  std::vector<response_tokens> responses;
  std::vector<std::size_t> begins{0};

  void add(double of_policy, double of_reference, double score) {
    responses.push_back({policy.size(), 1, score});
    policy.push_back(of_policy);
    reference.push_back(of_reference);
    square_sums.push_back(-3);
    divergences.push_back(std::abs(of_policy - of_reference));
  }
  void close() { begins.push_back(responses.size()); }
  [[nodiscard]] token_groups groups() const {
    return {policy, reference, responses, begins, square_sums, divergences};
  }
};

template <class Loss>
void is_finite_over(const step& given, Loss loss) {
  observe(loss, given.groups());
  const token_results came = token_losses(loss, given.groups());
  BOOST_TEST(is_finite(came.losses), loss_name<Loss>() << ": losses");
  BOOST_TEST(is_finite(came.slopes), loss_name<Loss>() << ": slopes");
  BOOST_TEST(is_finite(came.divergence_slopes), loss_name<Loss>() << ": slopes of divergences");
}

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A NaN that the loss reads makes the loss NaN.
template <class Loss>
void passes_nan_on(const std::string& name, const Loss& loss) {
  const auto check_one = [&](double pair_log_probs::*by, const char* what, bool read) {
    // whichever side of a clamp the others are on
    for (const double other : {-1e-9, -3.0, -2000.0}) {
      pair_log_probs pair{other, -2, -4, other - 1, 3, 5};
      pair.*by = not_a_number;
      if (read) BOOST_TEST(std::isnan(loss(pair).loss), name << " loses a NaN of " << what);
    }
  };
  check_one(&pair_log_probs::policy_chosen, "policy_chosen", true);
  check_one(&pair_log_probs::policy_rejected, "policy_rejected", loss.inputs.rejected);
  check_one(&pair_log_probs::reference_chosen, "reference_chosen", loss.inputs.reference);
  check_one(&pair_log_probs::reference_rejected, "reference_rejected",
            loss.inputs.reference && loss.inputs.rejected);
}

/// The same for a step: a NaN in one response makes its example's loss NaN, or some example's if
/// the loss couples the examples of a step.
template <class Loss>
void passes_nan_on_over(const step& given, const Loss& loss) {
  const loss_inputs inputs = loss.inputs;
  const auto check_in = [&](std::vector<double> step::*numbers, const char* what) {
    for (std::size_t e = 0; e + 1 < given.begins.size(); ++e)
      for (std::size_t r = given.begins[e]; r < given.begins[e + 1]; ++r) {
        step changed = given;
        (changed.*numbers)[r] = not_a_number;
        Loss own = loss;
        observe(own, changed.groups());
        const token_results came = token_losses(own, changed.groups());
        const bool any =
            std::ranges::any_of(came.losses, [](double one) { return std::isnan(one); });
        BOOST_TEST((couples(loss) ? any : std::isnan(came.losses[e])),
                   loss_name<Loss>() << " loses a NaN of " << what << " " << r);
      }
  };
  check_in(&step::policy, "policy");
  if (inputs.reference) check_in(&step::reference, "reference");
  if (inputs.square_sums) check_in(&step::square_sums, "square sums");
  if (inputs.divergences) check_in(&step::divergences, "divergences");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_nan_goes_through_every_loss_of_a_pair) {
  for_each_loss([]<class Loss>(const Loss& loss) {
    passes_nan_on(concat(loss.name), loss);
    if constexpr (margin_loss<Loss>) {
      passes_nan_on(concat(loss.name, " under forward KL"), f_divergence{loss, forward_kl{}});
      passes_nan_on(concat(loss.name, " under JS"), f_divergence{loss, js_divergence{}});
      for (const double alpha : {-3.0, 0.0, 0.5, 2.0})
        passes_nan_on(concat(loss.name, " under alpha ", alpha),
                      f_divergence{loss, alpha_divergence{alpha}});
    }
  });
}

BOOST_AUTO_TEST_CASE(a_nan_goes_through_losses_of_lists_and_steps) {
  step pairs, unpaired, list;
  for (const double chosen : {-2.0, -30.0, -1e-3}) {
    pairs.add(chosen, -4, 1);
    pairs.add(-6, -3 + chosen, 0);
    pairs.close();
    unpaired.add(chosen, -4, chosen < -1 ? 1 : 0);
    unpaired.add(-6, -5, not_a_number);  // the stand-in for a divergence has no score
    unpaired.close();
    list.add(chosen, -5, -chosen);
  }
  list.close();
  passes_nan_on_over(pairs, dpo{});
  passes_nan_on_over(pairs, aot{});
  passes_nan_on_over(pairs, aot_unpaired{});
  passes_nan_on_over(pairs, kto_pair{});
  passes_nan_on_over(pairs, beta_dpo{});
  passes_nan_on_over(pairs, bco{});
  passes_nan_on_over(pairs, tdpo{});
  passes_nan_on_over(pairs, bradley_terry{.margin_scale = 1, .center_rewards_coefficient = 0.01});
  passes_nan_on_over(pairs, wpo{dpo{}});
  passes_nan_on_over(pairs, length_desensitized{dpo{}, {.tail = 0.5}});
  passes_nan_on_over(pairs, weighted_sum{weighted{orpo{}, 1}, weighted{sft{}, 1}});
  passes_nan_on_over(pairs, any_loss{orpo{}});
  passes_nan_on_over(unpaired, kto{});
  passes_nan_on_over(list, plackett_luce_dpo{});
  passes_nan_on_over(list, s_dpo{});
  passes_nan_on_over(list, lipo_lambda{});
}

BOOST_AUTO_TEST_CASE(a_nan_goes_through_the_terms_of_ppo) {
  constexpr double x = not_a_number;
  for (const ppo_term& term : {ppo_policy_term(x, -1, 1, 0.2), ppo_policy_term(-1, x, 1, 0.2),
                               ppo_policy_term(-1, -1, x, 0.2), ppo_value_term(x, 1, 1, 0.2),
                               ppo_value_term(1, x, 1, 0.2), ppo_value_term(1, 1, x, 0.2)})
    BOOST_TEST(std::isnan(term.loss));
}

BOOST_AUTO_TEST_CASE(the_odds_of_what_is_no_log_prob_are_no_number) {
  BOOST_TEST(std::isnan(orpo{}({0.5, -2, 0, 0}).loss));
  BOOST_TEST(std::isnan(orpo{}({-2, 0.5, 0, 0}).loss));
  BOOST_TEST(std::isfinite(orpo{}({1e-7, 1e-7, 0, 0}).loss));
}

BOOST_AUTO_TEST_CASE(every_loss_of_a_pair_is_finite_where_log_probs_are) {
  for_each_loss([](const auto& loss) { is_finite_everywhere(concat(loss.name), loss); });
}

BOOST_AUTO_TEST_CASE(every_divergence_under_every_loss_is_finite_where_log_probs_are) {
  for_each_loss([]<class Loss>(const Loss& loss) {
    if constexpr (margin_loss<Loss>) {
      const auto check_under = [&](const auto& divergence) {
        const f_divergence under{loss, divergence};
        if constexpr (squares<Loss>)
          is_a_number_everywhere(concat(loss.name), under);
        else
          is_finite_everywhere(concat(loss.name, " under a divergence"), under);
      };
      check_under(forward_kl{});
      check_under(js_divergence{});
      for (const double alpha : {-3.0, 0.0, 0.5, 1 - 1e-9, 2.0, 1e6})
        check_under(alpha_divergence{alpha});
    }
  });
}

BOOST_AUTO_TEST_CASE(losses_of_lists_and_steps_are_finite_where_log_probs_are) {
  step pairs, unpaired, list;
  for_each_pair([&](const pair_log_probs& pair) {
    pairs.add(pair.policy_chosen, pair.reference_chosen, 1);
    pairs.add(pair.policy_rejected, pair.reference_rejected, 0);
    pairs.close();
    unpaired.add(pair.policy_chosen, pair.reference_chosen, pair.policy_rejected < -1 ? 1 : 0);
    unpaired.add(pair.policy_rejected, pair.reference_rejected,
                 std::numeric_limits<double>::quiet_NaN());
    unpaired.close();
  });
  double score = -64;
  for (const double one : log_probs) {
    list.add(one, -5, score);
    list.add(-5, one, score + 0.5);
    score += 10;
  }
  list.close();
  is_finite_over(pairs, aot{});
  is_finite_over(pairs, aot_unpaired{.label_smoothing = 0.1});
  is_finite_over(pairs, kto_pair{});
  is_finite_over(pairs, beta_dpo{});
  is_finite_over(pairs, bco{});
  is_finite_over(pairs, tdpo{});
  is_finite_over(pairs, tdpo{.alpha = 1, .holds_chosen_constant = false});
  is_finite_over(pairs, bradley_terry{.margin_scale = 1, .center_rewards_coefficient = 0.01});
  is_finite_over(pairs, wpo{dpo{}});
  is_finite_over(pairs, length_desensitized{dpo{}, {.tail = 0}});
  is_finite_over(pairs, weighted_sum{weighted{orpo{}, 1}, weighted{sft{}, 1}});
  is_finite_over(pairs, plackett_luce_dpo{});
  is_finite_over(unpaired, kto{});
  is_finite_over(unpaired, bco{});
  is_finite_over(list, plackett_luce_dpo{.beta = 5});
  is_finite_over(list, s_dpo{});
  is_finite_over(list, lipo_lambda{});
}

BOOST_AUTO_TEST_CASE(a_certain_response_has_the_odds_ratio_slope_that_its_neighbours_near) {
  const auto at = [](double chosen, double rejected) {
    return orpo{.beta = 0.5}({chosen, rejected, 0, 0});
  };
  // d/dp of log sigmoid of log odds: 1 / ((1 - e^p) + e^p / odds of the rejected)
  const double odds = std::exp(-2.0) / -std::expm1(-2.0);
  BOOST_TEST(at(0, -2).loss == 0);
  BOOST_TEST(at(0, -2).slope_chosen == -0.5 * odds, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(at(-1e-9, -2).slope_chosen == at(0, -2).slope_chosen,
             boost::test_tools::tolerance(1e-7));
  BOOST_TEST(at(1e-7, -2).slope_chosen == at(0, -2).slope_chosen);  // a rounding above certainty
  // A certain rejected response is pushed as hard as the nearest one that float32 can tell from it.
  BOOST_TEST(at(-1, 0).slope_rejected == at(-1, -0x1p-24).slope_rejected);
  BOOST_TEST(at(-1, 0).slope_rejected > 0);
  BOOST_TEST(at(-1, 0).slope_rejected < 1e7);
}

BOOST_AUTO_TEST_CASE(a_rejected_response_far_below_the_reference_is_a_solved_pair) {
  for (const double down : {-300.0, -709.0, -800.0, -1e5}) {
    const pair_loss solved = f_divergence{dpo{}, forward_kl{}}({-5, -5 + down, -5, -5});
    BOOST_TEST(solved.loss == 0);
    BOOST_TEST(solved.slope_chosen == 0);
    BOOST_TEST(solved.slope_rejected == 0);
    const pair_loss wrong = f_divergence{dpo{}, forward_kl{}}({-5 + down, -5, -5, -5});
    BOOST_TEST(wrong.loss > 1e100);
    BOOST_TEST(wrong.slope_chosen < -1e100);
  }
}

BOOST_AUTO_TEST_CASE(terms_of_ppo_are_finite_at_any_ratio) {
  for (const double log_prob : {-1e5, -700.0, -1.0, 0.0})
    for (const double old_log_prob : {-1e5, -800.0, -1.0, 0.0})
      for (const double advantage : {-3.0, 0.0, 3.0}) {
        const ppo_term term = ppo_policy_term(log_prob, old_log_prob, advantage, 0.2);
        BOOST_TEST(std::isfinite(term.loss));
        BOOST_TEST(std::isfinite(term.slope));
        BOOST_TEST(std::isfinite(estimated_kl(kl_estimator::k3, log_prob, old_log_prob)));
      }
  BOOST_TEST(ppo_policy_term(0, -800, 0, 0.2).loss == 0);
}
