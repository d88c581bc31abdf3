// SPDX-License-Identifier: MIT
// The promises of losses of lists and of whole steps beyond their formulas.

#include "prefopt/loss/groups.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <tuple>
#include <type_traits>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/any_loss.hpp"
#include "prefopt/loss/aot.hpp"
#include "prefopt/loss/aot_unpaired.hpp"
#include "prefopt/loss/bco.hpp"
#include "prefopt/loss/bco_pair.hpp"
#include "prefopt/loss/beta_dpo.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/f_divergence.hpp"
#include "prefopt/loss/kto.hpp"
#include "prefopt/loss/kto_pair.hpp"
#include "prefopt/loss/length_desensitized.hpp"
#include "prefopt/loss/length_normalized_dpo.hpp"
#include "prefopt/loss/lipo_lambda.hpp"
#include "prefopt/loss/margin.hpp"
#include "prefopt/loss/plackett_luce_dpo.hpp"
#include "prefopt/loss/s_dpo.hpp"
#include "prefopt/loss/tdpo.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/loss/wpo.hpp"
#include "laws/pairwise_loss_laws.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

std::vector<response_log_probs> as_list(const pair_log_probs& pair) {
  return {{pair.policy_chosen, pair.reference_chosen, pair.chosen_tokens, 1},
          {pair.policy_rejected, pair.reference_rejected, pair.rejected_tokens, 0}};
}

std::vector<pair_log_probs> all_pairs() {
  auto pairs = ordinary_pairs();
  const auto extreme = extreme_pairs();
  pairs.insert(pairs.end(), extreme.begin(), extreme.end());
  return pairs;
}

/// Five responses whose scores are not in the order of the list.
std::vector<response_log_probs> a_list() {
  return {{-10, -12, 4, 0.2},
          {-30, -28, 9, 0.9},
          {-7, -7.5, 2, 0.4},
          {-50, -49, 20, 0.0},
          {-21, -22, 8, 0.7}};
}

struct step {
  std::vector<response_log_probs> responses;
  std::vector<std::size_t> begins{0};

  [[nodiscard]] response_groups groups() const { return {responses, begins}; }
};

step step_of(const std::vector<pair_log_probs>& pairs) {
  step all;
  for (const auto& pair : pairs) {
    for (const auto& one : as_list(pair)) all.responses.push_back(one);
    all.begins.push_back(all.responses.size());
  }
  return all;
}

const std::tuple list_losses{plackett_luce_dpo{}, s_dpo{}, lipo_lambda{.beta = 0.3}};

template <class Visitor>
void for_each_list_loss(const Visitor& visit) {
  std::apply([&](const auto&... loss) { (visit(loss), ...); }, list_losses);
}

}  // namespace

// To the last bit where a compiler contracts no products into sums; clang does.
BOOST_AUTO_TEST_CASE(a_ranking_of_two_is_dpo_to_rounding) {
  const auto same = [](double came, double expected) {
    BOOST_TEST(std::abs(came - expected) <=
               4 * std::numeric_limits<double>::epsilon() * std::abs(expected));
  };
  for (const pair_log_probs& pair : all_pairs()) {
    const pair_loss expected = dpo{.beta = 0.3}(pair);
    const list_loss ranked = plackett_luce_dpo{.beta = 0.3}(as_list(pair));
    const list_loss softmax = s_dpo{.beta = 0.3}(as_list(pair));
    for (const list_loss& came : {ranked, softmax}) {
      same(came.loss, expected.loss);
      same(came.slopes[0], expected.slope_chosen);
      same(came.slopes[1], expected.slope_rejected);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_order_of_a_lists_responses_changes_nothing) {
  for_each_list_loss([](const auto& loss) {
    auto list = a_list();
    const list_loss expected = loss(list);
    std::ranges::reverse(list);
    const list_loss came = loss(list);
    BOOST_TEST(std::abs(came.loss - expected.loss) < 1e-14);
    for (std::size_t k = 0; k < list.size(); ++k)
      BOOST_TEST(std::abs(came.slopes[k] - expected.slopes[list.size() - 1 - k]) < 1e-15);
  });
}

BOOST_AUTO_TEST_CASE(slopes_of_a_list_are_derivatives_and_add_up_to_nothing) {
  for_each_list_loss([](const auto& loss) {
    auto list = a_list();
    const list_loss at = loss(list);
    double sum = 0;
    for (std::size_t k = 0; k < list.size(); ++k) {
      const auto moved = [&](double by) {
        auto other = list;
        other[k].policy += by;
        return loss(other).loss;
      };
      BOOST_TEST(std::abs((moved(1e-5) - moved(-1e-5)) / 2e-5 - at.slopes[k]) < 1e-8);
      sum += at.slopes[k];
    }
    BOOST_TEST(std::abs(sum) < 1e-14);  // all except the differences of log-ratios cancels
    const auto best = std::ranges::max_element(list, {}, &response_log_probs::score) - list.begin();
    BOOST_TEST(at.slopes[static_cast<std::size_t>(best)] < 0);
  });
}

BOOST_AUTO_TEST_CASE(lists_that_a_loss_cannot_read_are_refused) {
  auto tied = a_list();
  tied[0].score = tied[2].score;
  BOOST_CHECK_THROW((void)plackett_luce_dpo{}(tied), value_error);
  BOOST_CHECK_NO_THROW((void)s_dpo{}(tied));
  tied[4].score = tied[1].score;
  BOOST_CHECK_THROW((void)s_dpo{}(tied), value_error);
  BOOST_CHECK_NO_THROW((void)lipo_lambda{}(tied));
  tied[0].score = 1000;
  BOOST_CHECK_THROW((void)lipo_lambda{}(tied), value_error);
  tied[0].score = std::nan("");
  for_each_list_loss([&](const auto& loss) { BOOST_CHECK_THROW((void)loss(tied), value_error); });
}

BOOST_AUTO_TEST_CASE(pairs_that_are_no_pairs_are_refused) {
  step lists;
  lists.responses = a_list();
  lists.begins.push_back(5);
  BOOST_CHECK_THROW((void)aot{}(lists.groups()), value_error);
  BOOST_CHECK_THROW((void)aot_unpaired{}(lists.groups()), value_error);
  BOOST_CHECK_THROW((void)kto_pair{}(lists.groups()), value_error);
  BOOST_CHECK_THROW((void)beta_dpo{}(lists.groups()), value_error);
  // no mismatched response
  BOOST_CHECK_THROW((void)kto{}(step_of(ordinary_pairs()).groups()), value_error);
}

BOOST_AUTO_TEST_CASE(whole_steps_stay_finite_at_log_ratios_of_a_thousand) {
  const step pairs = step_of(extreme_pairs());
  const auto is_finite = [](const batch_losses& all) {
    const auto finite = [](double number) { return std::isfinite(number); };
    return std::ranges::all_of(all.losses, finite) && std::ranges::all_of(all.slopes, finite);
  };
  BOOST_TEST(is_finite(aot{}(pairs.groups())));
  BOOST_TEST(is_finite(aot_unpaired{}(pairs.groups())));
  BOOST_TEST(is_finite(kto_pair{}(pairs.groups())));
  bco shifted;
  shifted.observe(pairs.groups());
  BOOST_TEST(is_finite(shifted(pairs.groups())));
  beta_dpo steered;
  steered.observe(pairs.groups());
  BOOST_TEST(is_finite(steered(pairs.groups())));
}

BOOST_AUTO_TEST_CASE(transport_reads_sorted_margins_so_exchanging_references_changes_nothing) {
  auto pairs = ordinary_pairs();
  const auto expected = aot{}(step_of(pairs).groups());
  std::swap(pairs[0].reference_chosen, pairs[1].reference_chosen);
  std::swap(pairs[0].reference_rejected, pairs[1].reference_rejected);
  BOOST_TEST(aot{}(step_of(pairs).groups()).slopes == expected.slopes,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(without_a_shift_bco_is_bco_pair) {
  const auto pairs = ordinary_pairs();
  const auto came = bco{.beta = 0.2}(step_of(pairs).groups());
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const pair_loss expected = bco_pair{.beta = 0.2}(pairs[p]);
    BOOST_TEST(came.losses[p] == expected.loss);
    BOOST_TEST(came.slopes[2 * p] == expected.slope_chosen);
    BOOST_TEST(came.slopes[2 * p + 1] == expected.slope_rejected);
  }
}

BOOST_AUTO_TEST_CASE(the_shift_is_the_mean_reward_of_all_steps) {
  bco loss{.beta = 0.5};
  const step one = step_of({{-10, -20, -12, -26}}), two = step_of({{-3, -3, -5, -3}});
  loss.observe(one.groups());
  loss.observe(two.groups());
  BOOST_TEST(loss.shift.value == (1.0 + 3.0 + 1.0 + 0.0) / 4);
  bco other{.beta = 0.5};
  other.restore(loss.state());
  BOOST_TEST(other.state() == loss.state(), boost::test_tools::per_element());
  BOOST_CHECK_THROW(other.restore(std::vector<double>{1}), value_error);
  BOOST_CHECK_THROW(other.restore(std::vector<double>{1, -1}), value_error);
}

BOOST_AUTO_TEST_CASE(beta_dpo_keeps_its_share_of_pairs_and_draws_the_usual_ones) {
  auto pairs = ordinary_pairs();
  for (auto& pair : pairs)
    pair.policy_chosen = pair.reference_chosen + 0.1 * (pair.policy_chosen - pair.reference_chosen);
  for (auto& pair : pairs) pair.policy_rejected = pair.reference_rejected;
  pairs[5].policy_chosen = pairs[5].reference_chosen + 500;  // an outlier
  beta_dpo loss{.filtered = 0.25};
  int outliers = 0;
  std::vector<std::vector<double>> drawn;
  for (int i = 0; i < 20; ++i) {
    const step all = step_of(pairs);
    loss.observe(all.groups());
    const auto came = loss(all.groups());
    BOOST_TEST(std::ranges::count_if(came.slopes, [](double slope) { return slope < 0; }) == 48);
    outliers += came.slopes[10] != 0;
    drawn.push_back(came.slopes);
    // asked twice
    BOOST_TEST(loss(all.groups()).slopes == came.slopes, boost::test_tools::per_element());
  }
  BOOST_TEST(outliers < 20);
  BOOST_TEST(drawn[0] != drawn[1]);
  beta_dpo other{.filtered = 0.25};
  other.restore(loss.state());
  const step all = step_of(pairs);
  other.observe(all.groups());
  loss.observe(all.groups());
  BOOST_TEST(other(all.groups()).slopes == loss(all.groups()).slopes,
             boost::test_tools::per_element());
  BOOST_CHECK_THROW(other.restore(std::vector<double>{1, 2}), value_error);
}

BOOST_AUTO_TEST_CASE(beta_dpo_leaves_no_pair_out_that_it_is_only_asked_about) {
  const step trained = step_of(ordinary_pairs());
  auto held_out_pairs = ordinary_pairs();
  for (auto& pair : held_out_pairs) pair.policy_chosen += 0.25;
  const step held_out = step_of(held_out_pairs);
  beta_dpo loss{.filtered = 0.25};
  const auto check_all = [&](const beta_dpo& asked) {
    const auto came = asked(held_out.groups());
    double mean = 0;
    for (const auto& pair : held_out_pairs)
      mean += preference_margin(pair) / static_cast<double>(held_out_pairs.size());
    const double beta = std::max(1e-3, 0.1 * (1 + 0.6 * (mean - asked.running.mean)));
    for (std::size_t p = 0; p < held_out_pairs.size(); ++p) {
      const pair_loss expected = dpo{.beta = beta}(held_out_pairs[p]);
      BOOST_TEST(came.losses[p] == expected.loss, boost::test_tools::tolerance(1e-12));
      BOOST_TEST(came.slopes[2 * p] == expected.slope_chosen, boost::test_tools::tolerance(1e-12));
    }
  };
  check_all(loss);
  for (int i = 0; i < 3; ++i) {
    loss.observe(trained.groups());
    check_all(loss);
    BOOST_TEST(std::ranges::count(loss(trained.groups()).losses, 0.0) == 16);
  }
  beta_dpo resumed{.filtered = 0.25};
  resumed.restore(loss.state());
  check_all(resumed);
}

BOOST_AUTO_TEST_CASE(hyper_parameters_out_of_range_are_refused) {
  const auto refuses = [](const auto& loss) { BOOST_CHECK_THROW(check(loss), value_error); };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  refuses(plackett_luce_dpo{.beta = 0});
  refuses(s_dpo{.beta = -1});
  refuses(lipo_lambda{.beta = nan});
  refuses(aot{.label_smoothing = 0.5});
  refuses(aot_unpaired{.beta = 0});
  refuses(bco{.beta = 0});
  refuses(kto{.desirable_weight = -1});
  refuses(kto{.undesirable_weight = nan});
  refuses(kto_pair{.beta = 0});
  refuses(beta_dpo{.sensitivity = -1});
  refuses(beta_dpo{.filtered = 1});
  refuses(tdpo{.alpha = -1});
  refuses(f_divergence{dpo{.beta = 0}, js_divergence{}});
  refuses(f_divergence{dpo{}, alpha_divergence{.alpha = nan}});
  refuses(length_desensitized{dpo{}, {.tail = 1.5}});
  refuses(wpo{dpo{.beta = 0}});
  refuses(wpo{any_loss{aot{}}});
  refuses(weighted_sum{weighted{dpo{}, nan}, weighted{aot{}, 1}});
  refuses(weighted_sum{weighted{dpo{}, 1}, weighted{aot{.beta = 0}, 1}});
  refuses(any_loss{dpo{.beta = 0}});
}

// A wrapper of a loss without a default can be kept in an optional, and clang 16 must not need the
// default for it.
static_assert(!std::is_default_constructible_v<any_loss>);
static_assert(std::is_default_constructible_v<std::optional<weighted<any_loss>>>);

BOOST_AUTO_TEST_CASE(divergences_meet_where_they_promise_to) {
  for (const pair_log_probs& pair : all_pairs()) {
    const pair_loss expected = dpo{}(pair);
    const pair_loss reverse = f_divergence{dpo{}, reverse_kl{}}(pair);
    const pair_loss limit = f_divergence{dpo{}, alpha_divergence{.alpha = 1}}(pair);
    for (const pair_loss& came : {reverse, limit}) {
      BOOST_TEST(came.loss == expected.loss);
      BOOST_TEST(came.slope_chosen == expected.slope_chosen);
      BOOST_TEST(came.slope_rejected == expected.slope_rejected);
    }
  }
  for (const double ratio : {-3.0, 0.0, 0.7}) {  // alpha = 0 is forward KL, near 1 it is reverse KL
    BOOST_TEST(std::abs(alpha_divergence{.alpha = 0}(ratio).score - forward_kl{}(ratio).score) <
               1e-15);
    BOOST_TEST(alpha_divergence{.alpha = 0}(ratio).slope == forward_kl{}(ratio).slope);
    BOOST_TEST(std::abs(alpha_divergence{.alpha = 1 + 1e-9}(ratio).score - ratio) < 1e-7);
  }
  // No matter how long they are, responses on which policy and reference agree have no margin.
  const pair_log_probs equal{-3, -9, -3, -9, 2, 7};
  for (const double loss :
       {f_divergence{length_normalized_dpo{}, forward_kl{}}(equal).loss,
        f_divergence{length_normalized_dpo{}, js_divergence{}}(equal).loss,
        f_divergence{length_normalized_dpo{}, alpha_divergence{.alpha = 0.5}}(equal).loss})
    BOOST_TEST(loss == std::log(2.0));
}
