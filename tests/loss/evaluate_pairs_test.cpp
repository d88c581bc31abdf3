// SPDX-License-Identifier: MIT
#include "prefopt/loss/evaluate_pairs.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <boost/test/unit_test.hpp>

#include "prefopt/eigen/tensor_traits.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/f_divergence.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/loss/length_desensitized.hpp"
#include "prefopt/loss/length_normalized_dpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/xtensor.hpp"
#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>
#endif

using namespace prefopt;

namespace {

// Three pairs, every number exact in float.
const std::vector<double> policy_chosen = {-10, -30, -8}, policy_rejected = {-20, -10, -9};
const std::vector<double> reference_chosen = {-14, -28, -12}, reference_rejected = {-18, -14, -11};

template <class Loss>
evaluated_pairs one_by_one(const Loss& loss) {
  evaluated_pairs all;
  for (std::size_t i = 0; i < 3; ++i) {
    const pair_loss one = loss(
        {policy_chosen[i], policy_rejected[i], reference_chosen[i], reference_rejected[i], 0, 0});
    all.losses.push_back(one.loss);
    all.slope_chosen.push_back(one.slope_chosen);
    all.slope_rejected.push_back(one.slope_rejected);
    all.loss += one.loss / 3;
  }
  return all;
}

void are_equal(const evaluated_pairs& came, const evaluated_pairs& expected) {
  BOOST_TEST(came.losses == expected.losses, boost::test_tools::per_element());
  BOOST_TEST(came.slope_chosen == expected.slope_chosen, boost::test_tools::per_element());
  BOOST_TEST(came.slope_rejected == expected.slope_rejected, boost::test_tools::per_element());
  BOOST_TEST(came.loss == expected.loss, boost::test_tools::tolerance(1e-14));
}

/// Whether evaluate takes a loss with this many vectors.
template <class Loss, int Vectors>
constexpr bool takes = requires(Loss loss, std::vector<double> v) {
  requires(Vectors == 1 && requires { evaluate_pairs(loss, v); }) ||
              (Vectors == 2 && requires { evaluate_pairs(loss, v, v); }) ||
              (Vectors == 4 && requires { evaluate_pairs(loss, v, v, v, v); });
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

}  // namespace

BOOST_AUTO_TEST_CASE(pairs_at_once_give_the_numbers_of_pairs_one_by_one) {
  are_equal(
      evaluate_pairs(dpo{}, policy_chosen, policy_rejected, reference_chosen, reference_rejected),
      one_by_one(dpo{}));
  are_equal(
      evaluate_pairs(ipo{}, policy_chosen, policy_rejected, reference_chosen, reference_rejected),
      one_by_one(ipo{}));
}

BOOST_AUTO_TEST_CASE(every_tensor_library_gives_the_same_bits_also_mixed) {
  const Eigen::ArrayXd eigen = Eigen::Map<const Eigen::ArrayXd>(policy_rejected.data(), 3);
  const xt::xtensor<float, 1> floats = {-14, -28, -12};
  const xt::xarray<double> ranked_at_run_time = {-18, -14, -11};
  const auto expected = one_by_one(dpo{});
  are_equal(evaluate_pairs(dpo{}, std::span(policy_chosen), eigen, floats, ranked_at_run_time),
            expected);
  are_equal(evaluate_pairs(dpo{}, std::array<float, 3>{-10, -30, -8}, 2 * eigen - eigen,
                           floats + 0.f, Eigen::RowVector3f(-18, -14, -11)),
            expected);
}

BOOST_AUTO_TEST_CASE(equal_pairs_have_exactly_their_loss_as_mean) {
  const std::vector<double> same(7, -12.3);
  BOOST_TEST(evaluate_pairs(dpo{}, same, same, same, same).loss == std::log(2.0));
}

BOOST_AUTO_TEST_CASE(a_loss_is_given_what_it_reads_and_no_more) {
  const auto result = evaluate_pairs(sft{}, policy_chosen);
  BOOST_TEST(result.loss == 16.0);
  BOOST_TEST(result.slope_rejected == std::vector<double>(3), boost::test_tools::per_element());
  static_assert(takes<sft, 1> && !takes<sft, 2> && !takes<sft, 4>);
  static_assert(takes<dpo, 4> && !takes<dpo, 2> && !takes<dpo, 1>);
}

BOOST_AUTO_TEST_CASE(a_missing_log_prob_is_refused_with_both_counts) {
  const std::vector<double> pairs(32), one_less(31);
  BOOST_TEST(refusal<shape_error>([&] {
               (void)evaluate_pairs(dpo{}, pairs, one_less, pairs, pairs);
             }) == "dpo: 31 rejected log-probs for 32 chosen");
  BOOST_TEST(refusal<shape_error>([&] {
               (void)evaluate_pairs(ipo{}, pairs, pairs, one_less, pairs);
             }) == "ipo: 31 reference chosen log-probs for 32 chosen");
  BOOST_TEST(refusal<shape_error>([&] {
               (void)evaluate_pairs(dpo{}, one_less, one_less, one_less, pairs);
             }) == "dpo: 32 reference rejected log-probs for 31 chosen");
}

BOOST_AUTO_TEST_CASE(a_matrix_that_only_run_time_knows_is_refused) {
  const xt::xarray<double> matrix = {{-1, -2}, {-3, -4}};
  BOOST_TEST(refusal<shape_error>([&] { (void)evaluate_pairs(sft{}, matrix); }) ==
             "sft: a tensor of rank 2, expected a vector");
}

BOOST_AUTO_TEST_CASE(no_pairs_and_bad_hyper_parameters_are_refused) {
  const std::vector<double> none;
  BOOST_TEST(refusal<value_error>([&] { (void)evaluate_pairs(dpo{}, none, none, none, none); }) ==
             "dpo: no pairs, expected at least one");
  BOOST_TEST(refusal<value_error>([&] {
               (void)evaluate_pairs(dpo{.beta = -1}, policy_chosen, policy_rejected,
                                    reference_chosen, reference_rejected);
             }) == "dpo: beta is -1, expected a finite number above 0");
}

BOOST_AUTO_TEST_CASE(a_loss_of_lengths_is_not_evaluated_without_them) {
  using of_means = f_divergence<ipo, js_divergence>;
  static_assert(of_means::inputs.lengths && !takes<of_means, 4> &&
                !takes<f_divergence<length_normalized_dpo, forward_kl>, 4>);
  static_assert(takes<f_divergence<dpo, js_divergence>, 4> &&
                !f_divergence<dpo, js_divergence>::inputs.lengths);
  static_assert(!takes<length_desensitized<of_means>, 4>);
  const std::vector<std::int64_t> chosen_tokens{5, 1, 0}, rejected_tokens{10, 2, 3};
  const of_means loss{ipo{.beta = 0.1}, {}};
  const auto came = evaluate_pairs(loss, policy_chosen, policy_rejected, reference_chosen,
                                   reference_rejected, chosen_tokens, rejected_tokens);
  for (std::size_t i = 0; i < 3; ++i) {
    const pair_loss expected = loss({policy_chosen[i], policy_rejected[i], reference_chosen[i],
                                     reference_rejected[i], chosen_tokens[i], rejected_tokens[i]});
    BOOST_TEST(came.losses[i] == expected.loss);
    BOOST_TEST(came.slope_chosen[i] == expected.slope_chosen);
    BOOST_TEST(came.slope_rejected[i] == expected.slope_rejected);
  }
  // ipo under reverse KL is ipo of the means.
  const auto under_reverse_kl =
      evaluate_pairs(f_divergence{ipo{.beta = 0.1}, reverse_kl{}}, std::vector{-10.0},
                     std::vector{-40.0}, std::vector{-20.0}, std::vector{-30.0},
                     std::vector<std::int64_t>{5}, std::vector<std::int64_t>{10});
  BOOST_TEST(under_reverse_kl.loss == ipo{.beta = 0.1}({-2, -4, -4, -3}).loss);
  const std::vector<std::int64_t> two{5, 1}, below{5, -1, 0};
  const auto asks = [&](const auto& lengths) {
    return [&] {
      (void)evaluate_pairs(loss, policy_chosen, policy_rejected, reference_chosen,
                           reference_rejected, chosen_tokens, lengths);
    };
  };
  BOOST_TEST(refusal<shape_error>(asks(two)) ==
             "ipo: 2 lengths of rejected responses for 3 chosen");
  BOOST_TEST(refusal<value_error>(asks(below)) ==
             "ipo: pair 1 has responses of 1 and -1 tokens, expected lengths of at least 0");
}
