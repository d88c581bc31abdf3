// SPDX-License-Identifier: MIT
// What token_losses requires of its input and of a loss's result, and which responses it reads.

#include "prefopt/loss/token_losses.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/any_loss.hpp"
#include "prefopt/loss/aot.hpp"
#include "prefopt/loss/bco.hpp"
#include "prefopt/loss/beta_dpo.hpp"
#include "prefopt/loss/cpo.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/kto.hpp"
#include "prefopt/loss/lipo_lambda.hpp"
#include "prefopt/loss/plackett_luce_dpo.hpp"
#include "prefopt/loss/s_dpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/tdpo.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/loss/wpo.hpp"

using namespace prefopt;

namespace {

/// Examples with the given scores, whose responses have two tokens each.
struct step {
  std::vector<double> policy, reference, zeros;
  std::vector<response_tokens> responses;
  std::vector<std::size_t> begins{0};

  explicit step(const std::vector<std::vector<double>>& scores) {
    for (const auto& example : scores) {
      for (const double score : example) {
        responses.push_back({policy.size(), 2, score});
        for (int t = 0; t < 2; ++t)
          policy.push_back(-1 - 0.25 * static_cast<double>(policy.size()));
      }
      begins.push_back(responses.size());
    }
    reference.assign(policy.size(), -2);
    zeros.assign(policy.size(), 0);
  }

  [[nodiscard]] token_groups groups() const {
    return {policy, reference, responses, begins, zeros, zeros};
  }
};

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

/// How many numbers more (or fewer) a loss returns than it should.
struct miscount {
  int losses = 0;
  int slopes = 0;
  int divergence_slopes = 0;
};

std::vector<double> numbers(std::size_t asked, int more) {
  return std::vector<double>(static_cast<std::size_t>(static_cast<int>(asked) + more), 1.0);
}

struct listwise : miscount {
  static constexpr std::string_view name = "own_list";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};
  list_loss operator()(std::span<const response_log_probs> list) const {
    return {1, numbers(list.size(), slopes)};
  }
  friend void check(const listwise&) {}
};

struct batched : miscount {
  static constexpr std::string_view name = "own_batch";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};
  batch_losses operator()(const response_groups& groups) const {
    return {numbers(groups.size(), losses), numbers(groups.responses.size(), slopes)};
  }
  friend void check(const batched&) {}
};

/// Has no name.
struct of_tokens : miscount {
  bool measures = false;
  static constexpr loss_inputs inputs{};
  static bool couples() { return false; }
  token_results operator()(const token_groups& groups) const {
    return {numbers(groups.size(), losses), numbers(groups.policy.size(), slopes),
            measures ? numbers(groups.policy.size(), divergence_slopes) : std::vector<double>{}};
  }
  friend void check(const of_tokens&) {}
};

template <class Error, class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// A reduction of the wrong type.
struct with_a_number_as_reduction {
  static constexpr double reduction = 1;
  [[maybe_unused]] static constexpr loss_inputs inputs{};
  list_loss operator()(std::span<const response_log_probs> list) const {
    return {0, std::vector<double>(list.size())};
  }
  [[maybe_unused]] friend void check(const with_a_number_as_reduction&) {}
};
struct batch_with_a_number_as_reduction {
  static constexpr int reduction = 1;
  [[maybe_unused]] static constexpr loss_inputs inputs{};
  batch_losses operator()(const response_groups&) const { return {}; }
  [[maybe_unused]] friend void check(const batch_with_a_number_as_reduction&) {}
};
static_assert(listwise_loss<listwise> && batch_loss<batched> && token_loss<of_tokens>);
static_assert(!listwise_loss<with_a_number_as_reduction> &&
              !batch_loss<batch_with_a_number_as_reduction>);

}  // namespace

BOOST_AUTO_TEST_CASE(a_loss_that_gives_another_number_of_numbers_is_named) {
  const step three{{{1, 0}, {1, 0, -1}, {1, 0}}};
  const auto refused = [&](const auto& loss) {
    const std::string direct =
        refusal<shape_error>([&] { (void)token_losses(loss, three.groups()); });
    BOOST_TEST(refusal<shape_error>([&] { (void)token_losses(any_loss(loss), three.groups()); }) ==
               direct);
    BOOST_TEST(
        refusal<shape_error>([&] {
          (void)token_losses(weighted_sum{weighted{loss, 1}, weighted{sft{}, 1}}, three.groups());
        }) == direct);
    return direct;
  };
  BOOST_TEST(refused(listwise{{.slopes = 1}}) ==
             "own_list: the loss returned 3 slopes for 2 responses of a list");
  BOOST_TEST(refused(listwise{{.slopes = -1}}) ==
             "own_list: the loss returned 1 slopes for 2 responses of a list");
  BOOST_TEST(refused(batched{{.losses = -1}}) ==
             "own_batch: the loss returned 2 losses for 3 examples");
  BOOST_TEST(refused(batched{{.losses = 1}}) ==
             "own_batch: the loss returned 4 losses for 3 examples");
  BOOST_TEST(refused(batched{{.slopes = -1}}) ==
             "own_batch: the loss returned 6 slopes for 7 responses");
  BOOST_TEST(refused(of_tokens{{.losses = -3}}) ==
             "loss: the loss returned 0 losses for 3 examples");
  BOOST_TEST(refused(of_tokens{{.slopes = -1}}) ==
             "loss: the loss returned 13 slopes for 14 tokens");
  BOOST_TEST(refused(of_tokens{{.slopes = 2}}) ==
             "loss: the loss returned 16 slopes for 14 tokens");
  BOOST_TEST(refused(of_tokens{{.divergence_slopes = 1}, true}) ==
             "loss: the loss returned 15 divergence slopes for 14 tokens");
  BOOST_TEST(refusal<shape_error>([&] {
               (void)token_losses(wpo{of_tokens{{.losses = -1}}}, three.groups());
             }) == "loss: the loss returned 2 losses for 3 examples");
  BOOST_CHECK_NO_THROW((void)token_losses(listwise{}, three.groups()));
  BOOST_CHECK_NO_THROW((void)token_losses(batched{}, three.groups()));
  BOOST_CHECK_NO_THROW((void)token_losses(of_tokens{{}, true}, three.groups()));
}

BOOST_AUTO_TEST_CASE(groups_that_do_not_hold_their_responses_are_refused) {
  const step two{{{1, 0}, {1, 0}}};
  const auto changed = [&](const auto& change) {
    step other = two;
    change(other);
    const auto ask = [other] { (void)token_losses(dpo{}, other.groups()); };
    bco takes_in;
    BOOST_CHECK_THROW(observe(takes_in, other.groups()), error);
    BOOST_TEST(takes_in.shift.count == 0);
    return ask;
  };
  const auto of_no_response = changed([](step& s) { s.begins = {0, 2, 2, 4}; });
  BOOST_TEST(refusal<value_error>(of_no_response) == "dpo: example 1 has no response");
  BOOST_CHECK_THROW(changed([](step& s) { s.begins = {0, 2}; })(), shape_error);
  BOOST_CHECK_THROW(changed([](step& s) { s.begins = {1, 2, 4}; })(), shape_error);
  BOOST_CHECK_THROW(changed([](step& s) { s.begins = {0, 5, 4}; })(), shape_error);
  BOOST_CHECK_THROW(changed([](step& s) { s.begins = {0, 3, 2, 4}; })(), shape_error);
  BOOST_CHECK_THROW(changed([](step& s) { s.begins = {}; })(), shape_error);
  BOOST_CHECK_THROW(changed([](step& s) { s.responses[3].count = 3; })(), shape_error);
  BOOST_CHECK_THROW(changed([](step& s) { s.responses[3].first = 9; })(), shape_error);
  BOOST_CHECK_THROW(changed([](step& s) { s.responses[0].first = static_cast<std::size_t>(-1); })(),
                    shape_error);
  BOOST_TEST(token_losses(dpo{}, token_groups{}).losses.empty());
}

BOOST_AUTO_TEST_CASE(a_loss_of_one_response_reads_the_best_whatever_its_index) {
  const step lists{{{0.2, 0.9, 0.4}, {-3, -1}, {no_number, 1}, {0.5, 0.5}}};
  const token_results came = token_losses(sft{}, lists.groups());
  std::vector<double> expected(lists.policy.size());
  for (const std::size_t response : {1U, 4U, 6U, 7U})
    expected[2 * response] = expected[2 * response + 1] = -0.5;
  BOOST_TEST(came.slopes == expected, boost::test_tools::per_element());
  for (const auto& [e, response] : {std::pair{0U, 1U}, {1U, 4U}, {2U, 6U}, {3U, 7U}})
    BOOST_TEST(came.losses[e] ==
               -(lists.policy[2 * response] + lists.policy[2 * response + 1]) / 2);
  // A term of a sum reads it too.
  const step ranked{{{0.2, 0.9, 0.4}}};
  const weighted_sum sum{weighted{plackett_luce_dpo{}, 0.5}, weighted{sft{}, 2}};
  const auto both = token_losses(sum, ranked.groups()),
             of_list = token_losses(plackett_luce_dpo{}, ranked.groups()),
             of_best = token_losses(sft{}, ranked.groups());
  for (std::size_t t = 0; t < ranked.policy.size(); ++t)
    BOOST_TEST(both.slopes[t] == 0.5 * of_list.slopes[t] + 2 * of_best.slopes[t]);
}

BOOST_AUTO_TEST_CASE(nobody_imitates_a_single_response_that_is_not_desirable) {
  BOOST_TEST(
      refusal<value_error>([] {
        (void)token_losses(sft{}, step{{{1}, {0}}}.groups());
      }) ==
      "sft: an example whose only response has score 0, expected a desirable one, with a score above 0");
  BOOST_CHECK_THROW((void)token_losses(sft{}, step{{{0, no_number}}}.groups()), value_error);
  BOOST_CHECK_THROW((void)token_losses(sft{}, step{{{no_number}}}.groups()), value_error);
  const weighted_sum sum{weighted{bco{}, 1}, weighted{sft{}, 1}};
  BOOST_CHECK_THROW((void)token_losses(sum, step{{{0}}}.groups()), value_error);
  BOOST_CHECK_NO_THROW((void)token_losses(sum, step{{{1}}}.groups()));
}

BOOST_AUTO_TEST_CASE(a_tie_is_no_preference) {
  const auto refuses = [](const auto& loss, const std::vector<double>& scores) {
    BOOST_CHECK_THROW((void)token_losses(loss, step{{scores}}.groups()), value_error);
  };
  for (const std::vector<double>& scores : {std::vector{0.5, 0.5},
                                            {0.2, 0.3},
                                            {1, no_number},
                                            {no_number, no_number},
                                            {1},
                                            {1, 0, -1}}) {
    refuses(dpo{}, scores);
    refuses(cpo{}, scores);
    refuses(aot{}, scores);
    refuses(beta_dpo{}, scores);
    refuses(tdpo{}, scores);
    refuses(wpo{dpo{}}, scores);
    refuses(any_loss{dpo{}}, scores);
  }
  BOOST_CHECK_NO_THROW((void)token_losses(tdpo{}, step{{{0.5, 0.4}}}.groups()));
}

BOOST_AUTO_TEST_CASE(kto_says_what_it_got) {
  BOOST_TEST(
      refusal<value_error>([] {
        (void)token_losses(kto{}, step{{{1, 0}}}.groups());
      }) ==
      "kto: an example with 2 responses to its prompt, expected unpaired examples (kto_pair reads pairs)");
  BOOST_TEST(refusal<value_error>([] {
               (void)token_losses(kto{}, step{{{1}, {0}}}.groups());
             }) == "kto: no example has a mismatched response, expected one each");
}

BOOST_AUTO_TEST_CASE(lists_of_less_than_two_are_refused_by_the_losses_themselves) {
  const std::vector<response_log_probs> one{{-1, -2, 3, 1}};
  for (const std::size_t count : {0U, 1U}) {
    const std::span list = std::span(one).first(count);
    BOOST_CHECK_THROW((void)s_dpo{}(list), value_error);
    BOOST_CHECK_THROW((void)plackett_luce_dpo{}(list), value_error);
    BOOST_CHECK_THROW((void)lipo_lambda{}(list), value_error);
  }
  std::vector<double> slopes(1);
  BOOST_TEST(add_best_of_list(one, std::vector<std::size_t>{0}, 1, slopes) == 0.0);
  BOOST_TEST(slopes[0] == 0.0);
  BOOST_CHECK_THROW((void)add_best_of_list(one, {}, 1, slopes), value_error);
}

BOOST_AUTO_TEST_CASE(a_step_without_examples_gives_nothing) {
  const response_groups none;
  BOOST_TEST(none.size() == 0U);
  BOOST_TEST(aot{}(none).losses.empty());
  BOOST_TEST(bco{}(none).losses.empty());
  beta_dpo steered;
  steered.observe(none);
  BOOST_TEST(steered.state() == beta_dpo{}.state(), boost::test_tools::per_element());
  BOOST_TEST(steered(none).losses.empty());
}

BOOST_AUTO_TEST_CASE(a_loss_that_was_moved_away_can_be_copied_and_refuses_the_rest) {
  any_loss full{bco{}};
  const any_loss taken = std::move(full);
  any_loss copy = full;  // NOLINT(bugprone-use-after-move)
  BOOST_CHECK_THROW(check(copy), value_error);
  BOOST_CHECK_THROW((void)copy.couples(), value_error);
  BOOST_CHECK_THROW((void)copy.state(), value_error);
  BOOST_CHECK_THROW((void)token_losses(copy, step{{{1}}}.groups()), value_error);
  copy = taken;
  BOOST_TEST(copy.couples());
}

BOOST_AUTO_TEST_CASE(what_is_no_number_is_sorted_behind_all_and_comes_out_as_none) {
  step pairs{{{1, 0}, {1, 0}, {1, 0}}};
  pairs.reference[2] = no_number;
  const token_results came = token_losses(aot{}, pairs.groups());
  BOOST_TEST(std::isnan(came.losses[0] + came.losses[1] + came.losses[2]));
  BOOST_TEST(sorted_order(std::vector<double>{no_number, 2, no_number, -1}) ==
                 (std::vector<std::size_t>{3, 1, 0, 2}),
             boost::test_tools::per_element());
  step list{{{1, 0, -1}}};
  list.policy[3] = no_number;
  BOOST_TEST(std::isnan(token_losses(lipo_lambda{}, list.groups()).losses[0]));
}
