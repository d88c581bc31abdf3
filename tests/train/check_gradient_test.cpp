// SPDX-License-Identifier: MIT
// A correct gradient passes, a wrong one is found where it is wrong.

#include "prefopt/train/check_gradient.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/any_loss.hpp"
#include "prefopt/loss/bradley_terry.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/policy/reward_model.hpp"
#include "prefopt/policy/value_table.hpp"
#include "prefopt/train/trainer.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

/// A bigram whose backward pass doubles the derivative of one logit.
struct wrong_at_one : bigram {
  std::size_t at = 8;
  struct pass : bigram::pass {
    wrong_at_one* owner;
    pass(wrong_at_one& policy, bigram::pass&& right)
        : bigram::pass(std::move(right)), owner(&policy) {}
    void backward(std::span<const double> slopes) {
      double& one = owner->parameters()[0].gradient[owner->at];
      const double before = one;
      bigram::pass::backward(slopes);
      one += one - before;
    }
  };
  explicit wrong_at_one(bigram&& right) : bigram(std::move(right)) {}
  pass forward(const prefix_tree_batch& batch) { return {*this, bigram::forward(batch)}; }
};

/// A bigram whose backward pass leaves a NaN at one logit.
struct nan_at_one : bigram {
  double left = std::numeric_limits<double>::quiet_NaN();
  struct pass : bigram::pass {
    nan_at_one* owner;
    pass(nan_at_one& policy, bigram::pass&& right)
        : bigram::pass(std::move(right)), owner(&policy) {}
    void backward(std::span<const double> slopes) {
      bigram::pass::backward(slopes);
      owner->parameters()[0].gradient[8] = owner->left;
    }
  };
  explicit nan_at_one(bigram&& right) : bigram(std::move(right)) {}
  pass forward(const prefix_tree_batch& batch) { return {*this, bigram::forward(batch)}; }
};

/// A bigram whose backward pass sets the gradient, or only that of one logit, instead of adding.
struct overwriting : bigram {
  std::size_t first = 0, last = 36;
  struct pass : bigram::pass {
    overwriting* owner;
    pass(overwriting& policy, bigram::pass&& right)
        : bigram::pass(std::move(right)), owner(&policy) {}
    void backward(std::span<const double> slopes) {
      const std::vector<parameter<double>> list = owner->parameters();
      for (std::size_t at = owner->first; at < owner->last; ++at) list[0].gradient[at] = 0;
      bigram::pass::backward(slopes);
    }
  };
  explicit overwriting(bigram&& right) : bigram(std::move(right)) {}
  pass forward(const prefix_tree_batch& batch) { return {*this, bigram::forward(batch)}; }
};

/// DPO, except that its slope is the one that DPO has at a margin of 0.
struct dpo_with_one_slope {
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};
  pair_loss operator()(const pair_log_probs& pair) const {
    pair_loss right = dpo{}(pair);
    right.slope_chosen = -0.05, right.slope_rejected = 0.05;
    return right;
  }
  friend void check(const dpo_with_one_slope&) {}
};

/// A bigram that scores only a limited number of times.
struct tired : bigram {
  mutable int left = 5;
  explicit tired(bigram&& right) : bigram(std::move(right)) {}
  std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    if (--left < 0) throw value_error("tired");
    return bigram::token_log_probs(batch);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_right_gradient_passes_and_the_weights_stay) {
  bigram policy = toy_policy();
  const bigram reference = toy_policy(7);
  const auto before = weights(policy);
  const auto pairs = toy_pairs(9);
  const auto passes = [](const gradient_check& found, std::size_t elements) {
    BOOST_TEST(found.error < 1e-8, found.tensor << " " << found.element << ": " << found.error);
    BOOST_TEST(found.checked == elements);
  };
  passes(check_gradient(policy, dpo{}, pairs), 32);
  passes(check_gradient(policy, sft{}, pairs, {.elements = 0}), 36);
  passes(check_gradient(policy, any_loss{dpo{}}, pairs), 32);
  passes(check_gradient(policy, reference, dpo{.beta = 0.5}, pairs), 32);
  BOOST_TEST(weights(policy) == before, boost::test_tools::per_element());
  reward_model reward{value_table(toy_vocabulary)};
  passes(check_gradient(reward, no_reference{}, bradley_terry{}, toy_lists(5, 2)), toy_vocabulary);
}

BOOST_AUTO_TEST_CASE(a_wrong_derivative_is_found_at_its_element) {
  wrong_at_one policy(toy_policy());
  const gradient_check found = check_gradient(policy, sft{}, toy_pairs(9), {.elements = 0});
  BOOST_TEST(found.tensor == "logits");
  BOOST_TEST(found.element == 8U);
  BOOST_TEST(found.error > 1e-2);
  BOOST_TEST(std::abs(found.backward - 2 * found.difference) < 1e-8);
}

BOOST_AUTO_TEST_CASE(a_backward_pass_that_does_not_add_is_refused) {
  for (const std::size_t first : {0U, 20U})
    for (const std::size_t examples : {1U, 9U}) {
      overwriting policy(toy_policy());
      policy.first = first, policy.last = first == 0 ? 36 : first + 1;
      const auto says = [&](const value_error& cause) {
        const std::string_view why = cause.what();
        return why.find("must add to the gradients") != why.npos &&
               why.find(first == 0 ? "element 0 of logits" : "element 20 of logits") != why.npos;
      };
      BOOST_CHECK_EXCEPTION((void)check_gradient(policy, dpo{}, toy_pairs(examples)), value_error,
                            says);
    }
}

BOOST_AUTO_TEST_CASE(the_gradients_afterwards_are_those_of_the_mean_loss) {
  bigram policy = toy_policy(), same = toy_policy();
  const bigram reference = toy_policy(7);
  const auto pairs = toy_pairs(9);
  (void)check_gradient(policy, reference, dpo{}, pairs);
  std::vector<std::size_t> all{0, 1, 2, 3, 4, 5, 6, 7, 8};
  (void)accumulate_gradient(same, reference, dpo{}, pairs, all);
  BOOST_TEST(policy.parameters()[0].gradient == same.parameters()[0].gradient,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_slope_that_is_right_only_at_a_margin_of_0_is_found) {
  bigram policy = toy_policy();
  const auto pairs = toy_pairs(9);
  for (const std::uint64_t seed : {1U, 2U, 3U})
    BOOST_TEST(check_gradient(policy, dpo_with_one_slope{}, pairs, {.seed = seed}).error > 1e-3);
  BOOST_TEST(check_gradient(policy, reference_log_probs(policy, pairs), dpo_with_one_slope{}, pairs)
                 .error < 1e-8);
}

BOOST_AUTO_TEST_CASE(a_policy_with_nothing_to_train_has_nothing_to_check) {
  bigram policy = toy_policy();
  policy.set_trainable("logits", false);
  BOOST_CHECK_THROW((void)check_gradient(policy, sft{}, toy_pairs(2)), value_error);
}

BOOST_AUTO_TEST_CASE(a_derivative_that_is_not_finite_is_the_furthest_apart) {
  for (const double left :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    for (const std::uint64_t seed : {1U, 2U, 3U}) {  // the element is looked at early or late
      nan_at_one policy(toy_policy());
      policy.left = left;
      const gradient_check found =
          check_gradient(policy, sft{}, toy_pairs(9), {.elements = 0, .seed = seed});
      BOOST_TEST(found.element == 8U);
      BOOST_TEST(std::isinf(found.error));
      BOOST_TEST(!std::isfinite(found.backward));
      BOOST_TEST(found.checked == 36U);
    }
}

BOOST_AUTO_TEST_CASE(an_evaluation_that_throws_leaves_the_weights) {
  tired policy(toy_policy());
  const auto before = weights(policy);
  BOOST_CHECK_THROW((void)check_gradient(policy, sft{}, toy_pairs(2)), value_error);
  BOOST_TEST(policy.left < 0);
  BOOST_TEST(weights(policy) == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_difference_that_moves_nothing_is_refused) {
  bigram policy = toy_policy();
  const auto before = weights(policy);
  for (const double difference : {-1e-5, 1e-30, std::numeric_limits<double>::infinity(),
                                  std::numeric_limits<double>::quiet_NaN()})
    BOOST_CHECK_THROW((void)check_gradient(policy, sft{}, toy_pairs(2), {.difference = difference}),
                      value_error);
  BOOST_TEST(weights(policy) == before, boost::test_tools::per_element());
}

/// A bigram whose list of parameters one change has spoiled.
class misdescribed : public bigram {
 public:
  explicit misdescribed(std::function<void(std::vector<parameter<double>>&)> change)
      : bigram(toy_policy()), change_(std::move(change)) {}
  [[nodiscard]] std::vector<parameter<double>> parameters() {
    auto list = bigram::parameters();
    change_(list);
    return list;
  }

 private:
  std::function<void(std::vector<parameter<double>>&)> change_;
};

BOOST_AUTO_TEST_CASE(parameters_that_do_not_match_their_shape_are_refused_before_they_are_read) {
  std::vector<double> longer(5000);
  const auto refused = [](const auto& change, std::string_view why) {
    misdescribed policy(change);
    const auto says = [&](const error& cause) {
      return std::string_view(cause.what()).find(why) != std::string_view::npos;
    };
    BOOST_CHECK_EXCEPTION((void)check_gradient(policy, sft{}, toy_pairs(2)), error, says);
    BOOST_CHECK_EXCEPTION((trainer{policy, no_reference{}, sft{}}), error, says);
  };
  refused([&](auto& list) { list[0].gradient = longer; },
          "36 values and 5000 gradients, expected 36");
  refused([](auto& list) { list[0].gradient = list[0].gradient.first(7); },
          "36 values and 7 gradients, expected 36");
  refused([](auto& list) { list[0].shape.back() += 1; }, "36 gradients, expected 42");
  refused([](auto& list) { list[0].gradient = list[0].value; }, "in the same memory");
  refused([](auto& list) { list.push_back(list[0]); }, "two parameters have the name ");
}
