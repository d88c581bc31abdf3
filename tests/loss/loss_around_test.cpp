// SPDX-License-Identifier: MIT
// A loss around a loss keeps what the inner one carries, checks and declares.

#include "prefopt/loss/loss_around.hpp"

#include <span>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/any_loss.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/f_divergence.hpp"
#include "prefopt/loss/length_desensitized.hpp"
#include "prefopt/loss/margin.hpp"
#include "prefopt/loss/orpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/simpo.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/loss/wpo.hpp"

using namespace prefopt;

namespace {

/// A pairwise loss that carries the sum of what it saw, and has no name.
template <token_reduction how>
struct counting {
  double beta = 0.5;
  double seen = 0;
  double steps = 0;

  static constexpr token_reduction reduction = how;
  static constexpr loss_inputs inputs{};
  static constexpr bool reads_margin_only = true;

  pair_loss operator()(const pair_log_probs& pair) const {
    return through_margin(-beta * preference_margin(pair), -beta);
  }
  void observe(const response_groups& groups) {
    steps += 1;
    for (const response_log_probs& one : groups.responses) seen += one.policy - one.reference;
  }
  [[nodiscard]] std::vector<double> state() const { return {seen, steps}; }
  void restore(std::span<const double> state) {
    if (state.size() != 2) throw value_error("no such state");
    seen = state[0];
    steps = state[1];
  }
  friend void check(const counting& loss) {
    if (!(loss.beta > 0)) throw value_error("beta");
  }
};

using of_sums = counting<token_reduction::sum>;
using of_means = counting<token_reduction::mean>;

/// The same as a loss that reads tokens.
struct counting_tokens {
  double steps = 0;
  static constexpr loss_inputs inputs{};
  static bool couples() { return false; }
  token_results operator()(const token_groups& groups) const {
    return {std::vector<double>(groups.size()), std::vector<double>(groups.policy.size()), {}};
  }
  void observe(const token_groups&) { steps += 1; }
  [[nodiscard]] std::vector<double> state() const { return {steps}; }
  void restore(std::span<const double> state) { steps = state[0]; }
  [[maybe_unused]] friend void check(const counting_tokens&) {}
};

// A pair of three and one tokens.
const std::vector<double> policy{-1, -2, -3, -4}, reference{-2, -2, -1, -1}, zeros{0, 0, 0, 0};
const std::vector<response_tokens> responses{{0, 3, 1}, {3, 1, 0}};
const std::vector<std::size_t> begins{0, 2};
const token_groups pair{policy, reference, responses, begins, zeros, zeros};

}  // namespace

BOOST_AUTO_TEST_CASE(a_loss_in_another_observes_as_it_would_alone) {
  const auto carries = [](auto loss, const std::vector<double>& expected) {
    BOOST_TEST(carries_state(loss));
    observe(loss, pair);
    BOOST_TEST(state_of(loss) == expected, boost::test_tools::per_element());
    auto other = loss;
    observe(other, pair);
    BOOST_TEST(state_of(other) != expected);
    restore_state(other, state_of(loss));
    BOOST_TEST(state_of(other) == expected, boost::test_tools::per_element());
    BOOST_CHECK_THROW(restore_state(other, std::vector<double>(7)), value_error);
  };
  // Log-ratios of the tokens: 1, 0, -2 and -3.
  carries(of_sums{}, {-4, 1});
  carries(wpo{of_sums{}}, {-4, 1});
  carries(wpo{of_means{}}, {-6.0 / 3 - -5.0 / 3 - 3, 1});
  carries(any_loss{of_sums{}}, {-4, 1});
  carries(wpo{any_loss{of_sums{}}}, {-4, 1});
  carries(length_desensitized{of_sums{}, {.tail = 0.5}}, {1 - 1 - 3, 1});
  carries(wpo{length_desensitized{of_sums{}, {.tail = 0.5}}}, {-3, 1});
  carries(f_divergence{of_sums{}, reverse_kl{}}, {-4, 1});
  carries(f_divergence{of_means{}, reverse_kl{}}, {-1.0 / 3 - 3, 1});
  carries(f_divergence{of_sums{}, js_divergence{}},
          {js_divergence{}(-1).score + js_divergence{}(-3).score, 1});
  carries(length_desensitized{f_divergence{of_sums{}, reverse_kl{}}, {.tail = 0}}, {1 - 3, 1});
  carries(any_loss{wpo{length_desensitized{of_sums{}, {}}}}, {-4, 1});
  carries(weighted_sum{weighted{sft{}, 1}, weighted{wpo{of_sums{}}, 1}}, {0, -4, 1});
}

BOOST_AUTO_TEST_CASE(a_loss_of_tokens_in_another_observes_too) {
  wpo loss{counting_tokens{}};
  BOOST_TEST(carries_state(loss));
  observe(loss, pair);
  BOOST_TEST(loss.loss.steps == 1);
  BOOST_TEST(state_of(loss) == std::vector<double>{1}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_carries_nothing_says_so_and_takes_no_state) {
  const auto carries_nothing = [](auto loss) {
    BOOST_TEST(!carries_state(loss));
    observe(loss, pair);
    BOOST_TEST(state_of(loss).empty());
    BOOST_CHECK_NO_THROW(restore_state(loss, {}));
    BOOST_CHECK_THROW(restore_state(loss, std::vector<double>{1}), value_error);
  };
  carries_nothing(dpo{});
  carries_nothing(wpo{dpo{}});
  carries_nothing(length_desensitized{dpo{}, {.tail = 0.5}});
  carries_nothing(f_divergence{dpo{}, forward_kl{}});
  carries_nothing(any_loss{wpo{dpo{}}});
  carries_nothing(weighted_sum{weighted{dpo{}, 1}, weighted{sft{}, 1}});
  static_assert(!stateful_loss<length_desensitized<dpo>> &&
                stateful_loss<length_desensitized<of_sums>>);
  static_assert(!stateful_loss<f_divergence<dpo, reverse_kl>> &&
                stateful_loss<f_divergence<of_sums, reverse_kl>>);
}

BOOST_AUTO_TEST_CASE(scales_and_checks_come_from_the_inner_loss) {
  const auto passes_on = [](const auto& loss) {
    check(loss);
    BOOST_TEST(reward_scale(loss) == 0.25);
  };
  const of_sums inner{.beta = 0.25}, bad{.beta = 0};
  passes_on(wpo{inner});
  passes_on(length_desensitized{inner, {}});
  passes_on(f_divergence{inner, js_divergence{}});
  passes_on(wpo{length_desensitized{f_divergence{inner, js_divergence{}}, {}}});
  BOOST_CHECK_THROW(check(wpo{bad}), value_error);
  BOOST_CHECK_THROW(check(length_desensitized{bad, {}}), value_error);
  BOOST_CHECK_THROW(check(f_divergence{bad, js_divergence{}}), value_error);
  BOOST_CHECK_THROW(check(wpo{length_desensitized{dpo{}, {.tail = 2}}}), value_error);
}

BOOST_AUTO_TEST_CASE(a_loss_without_a_name_is_called_loss) {
  BOOST_TEST(loss_name<of_sums>() == "loss");
  BOOST_TEST((loss_name<f_divergence<of_sums, js_divergence>>()) == "loss");
  BOOST_TEST(loss_name<length_desensitized<of_sums>>() == "loss");
  BOOST_TEST(loss_name<length_desensitized<dpo>>() == "dpo");
}

BOOST_AUTO_TEST_CASE(a_sum_without_a_reference_has_the_rewards_of_its_term_of_preferences) {
  const weighted_sum front{weighted{orpo{.beta = 0.2}, 1}, weighted{sft{}, 1}};
  const weighted_sum behind{weighted{sft{}, 1}, weighted{simpo{.beta = 3}, 1}};
  const weighted_sum held{weighted{simpo{.beta = 3}, 1}, weighted{dpo{.beta = 0.7}, 1}};
  BOOST_TEST(reward_scale(front) == 0.2);
  BOOST_TEST(reads_means(front));
  BOOST_TEST(reward_scale(any_loss{behind}) == 3);
  BOOST_TEST(reads_means(any_loss{behind}));
  BOOST_TEST(reward_scale(held) == 0.7);
  BOOST_TEST(!reads_means(held));
}
