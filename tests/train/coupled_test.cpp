// SPDX-License-Identifier: MIT
// Losses that couple the examples of a step, in steps that are cut into micro-batches.

#include <cmath>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/any_loss.hpp"
#include "prefopt/loss/aot.hpp"
#include "prefopt/loss/aot_unpaired.hpp"
#include "prefopt/loss/bco.hpp"
#include "prefopt/loss/beta_dpo.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/kto.hpp"
#include "prefopt/loss/kto_pair.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/tdpo.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/loss/wpo.hpp"
#include "prefopt/train/step.hpp"
#include "train/step_outcome.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

/// Two steps on the same examples, so that the second sees what a loss carries over from the first.
template <class Loss, class Examples>
struct two_steps {
  Loss loss;
  outcome first{};
  outcome second{};

  two_steps(const Loss& fresh, const Examples& examples, const std::vector<std::size_t>& members,
            std::size_t budget)
      : loss(fresh) {
    for (outcome* const step : {&first, &second}) {
      bigram policy = toy_policy();
      step->found = accumulate_gradient(policy, toy_policy(77), loss, examples, members,
                                        {.tokens_per_microbatch = budget});
      step->gradient = gradient(policy);
    }
  }
};

/// What the mean loss would be if each of the cuts were a separate step.
template <class Loss, class Examples>
double loss_of_cuts_apart(const Loss& loss, const Examples& examples,
                          const std::vector<std::vector<std::size_t>>& cuts) {
  double sum = 0, count = 0;
  for (const auto& cut : cuts) {
    const two_steps alone(loss, examples, cut, 0);
    sum += alone.first.found.loss * static_cast<double>(cut.size());
    count += static_cast<double>(cut.size());
  }
  return sum / count;
}

template <class Loss, class Examples>
void equals_one_big_batch(const Loss& loss, const Examples& examples) {
  const auto members = first_members(examples.size());
  const two_steps whole(loss, examples, members, 0);
  for (const std::size_t budget : {1U, 30U, 60U}) {
    const auto cuts = microbatches(examples, members, {.tokens = budget});
    BOOST_TEST(cuts.size() >= 3U);
    // the loss does couple examples
    BOOST_TEST(std::abs(loss_of_cuts_apart(loss, examples, cuts) - whole.first.found.loss) > 1e-5);
    const two_steps cut(loss, examples, members, budget);
    check_same_but_for_rounding(cut.first, whole.first);
    check_same_but_for_rounding(cut.second, whole.second);
    BOOST_TEST(state_of(cut.loss) == state_of(whole.loss), boost::test_tools::per_element());
  }
}

const weighted_sum shifted_and_supervised{weighted{bco{.beta = 0.3}, 0.8}, weighted{sft{}, 1}};

template <class... Losses>
void each_equals_one_big_batch(const auto& examples, const Losses&... losses) {
  (equals_one_big_batch(losses, examples), ...);
}

}  // namespace

BOOST_AUTO_TEST_CASE(micro_batches_of_coupled_pairs_equal_one_big_batch) {
  each_equals_one_big_batch(toy_pairs(17), aot{.beta = 0.3},
                            aot{.beta = 0.3, .label_smoothing = 0.1}, aot_unpaired{.beta = 0.3},
                            bco{.beta = 0.3}, kto_pair{.beta = 0.3}, beta_dpo{.beta = 0.3},
                            beta_dpo{.beta = 0.3, .filtered = 0}, any_loss{kto_pair{.beta = 0.3}});
}

BOOST_AUTO_TEST_CASE(micro_batches_of_sums_with_a_coupled_term_equal_one_big_batch) {
  each_equals_one_big_batch(
      toy_pairs(17), shifted_and_supervised,
      weighted_sum{weighted{aot{.beta = 0.3}, 0.6}, weighted{tdpo{.beta = 0.3}, 0.4}},
      weighted_sum{weighted{wpo{dpo{.beta = 0.3}}, 0.6}, weighted{any_loss{bco{}}, 0.4}});
}

BOOST_AUTO_TEST_CASE(micro_batches_of_coupled_unpaired_examples_equal_one_big_batch) {
  each_equals_one_big_batch(
      toy_unpaired(17, 6), kto{.beta = 0.3}, bco{.beta = 0.3},
      weighted_sum{weighted{kto{.beta = 0.3}, 0.6}, weighted{bco{.beta = 0.3}, 0.4}});
  auto desirable = toy_unpaired(17, 6);
  for (tokenized_unpaired& example : desirable) example.label = true;  // sft imitates only these
  equals_one_big_batch(weighted_sum{weighted{kto{.beta = 0.3}, 0.6}, weighted{sft{}, 0.4}},
                       desirable);
}

BOOST_AUTO_TEST_CASE(a_step_is_taken_in_once_however_it_is_cut) {
  const auto pairs = toy_pairs(17);
  for (const std::size_t budget : {0U, 40U}) {
    BOOST_TEST(two_steps(bco{}, pairs, first_members(17), budget).loss.shift.count == 2 * 34.0);
    BOOST_TEST(two_steps(beta_dpo{}, pairs, first_members(17), budget).loss.running.steps == 2.0);
  }
}
