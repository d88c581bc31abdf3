// SPDX-License-Identifier: MIT
// A state resumes the run that it belongs to, and no other unless told to.

#include "prefopt/train/run_fingerprint.hpp"

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/any_loss.hpp"
#include "prefopt/loss/cpo.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/f_divergence.hpp"
#include "prefopt/loss/hinge.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/loss/length_desensitized.hpp"
#include "prefopt/loss/loss_hash.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/loss/wpo.hpp"
#include "prefopt/policy/frozen.hpp"
#include "prefopt/policy/moving_reference.hpp"
#include "prefopt/policy/reference.hpp"
#include "prefopt/train/trainer.hpp"
#include "train/recorder.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

/// The error of a run that resumes from `state`; "" if it continues to its end.
template <class Reference, class Loss, class State>
std::string said(bigram policy, Reference& reference, const Loss& loss,
                 const trainer_options& options, const std::vector<tokenized_pair>& pairs,
                 const State& state) {
  trainer rest{policy, reference, loss, options};
  rest.restore(state);
  const auto before = weights(policy);
  try {
    rest.train(pairs);
  } catch (const value_error& cause) {
    BOOST_TEST((rest.state() == state));
    BOOST_TEST(weights(policy) == before, boost::test_tools::per_element());
    return cause.what();
  }
  BOOST_TEST(rest.steps_done() == 9);
  return "";
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

/// A run stopped after its fourth step of nine.
struct stopped_run {
  std::vector<tokenized_pair> pairs = toy_pairs(11);
  bigram policy = toy_policy();
  reference_cache reference = reference_log_probs(policy, pairs);
  training_state<double> state;

  stopped_run() {
    trainer run{policy, reference, dpo{}, short_run};
    run.train(pairs, recorder{.stop_after = 4});
    state = run.state();
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_reference_of_the_policy_that_has_moved_is_refused) {
  const stopped_run stopped;
  const reference_cache late = reference_log_probs(stopped.policy, stopped.pairs);
  const std::string why =
      said(stopped.policy, late, dpo{}, short_run, stopped.pairs, stopped.state);
  BOOST_TEST(has(why, "a different reference"), why);
  BOOST_TEST((!has(why, "data") && !has(why, "options")), why);
  BOOST_TEST(said(stopped.policy, stopped.reference, dpo{}, short_run, stopped.pairs,
                  stopped.state) == "");
}

BOOST_AUTO_TEST_CASE(a_model_as_a_reference_is_known_by_its_answers) {
  const auto pairs = toy_pairs(11);
  bigram policy = toy_policy();
  const frozen reference{bigram(policy)};
  trainer run{policy, reference, dpo{}, short_run};
  run.train(pairs, recorder{.stop_after = 4});
  const frozen late{bigram(policy)}, same{toy_policy()};
  BOOST_TEST(
      has(said(policy, late, dpo{}, short_run, pairs, run.state()), "a different reference"));
  BOOST_TEST(said(policy, same, dpo{}, short_run, pairs, run.state()) == "");
}

BOOST_AUTO_TEST_CASE(a_moving_reference_is_known_by_its_weights) {
  const auto pairs = toy_pairs(11);
  const moving_reference_options options{.mixup_alpha = 0.6, .sync_steps = 2};
  bigram policy = toy_policy();
  moving_reference reference(bigram(policy), options);
  trainer run{policy, reference, dpo{}, short_run};
  run.train(pairs, recorder{.stop_after = 4});
  moving_reference forgotten(toy_policy(), options), restored(bigram(reference.policy()), options);
  BOOST_TEST(has(said(policy, forgotten, dpo{}, short_run, pairs, run.state()),
                 "moving reference with different weights"));
  BOOST_TEST(said(policy, restored, dpo{}, short_run, pairs, run.state()) == "");
}

BOOST_AUTO_TEST_CASE(other_data_or_another_order_is_refused) {
  const stopped_run stopped;
  const auto refuses = [&](const std::function<void(std::vector<tokenized_pair>&)>& change) {
    auto pairs = stopped.pairs;
    change(pairs);
    const reference_cache reference = reference_log_probs(toy_policy(), pairs);
    const std::string why = said(stopped.policy, reference, dpo{}, short_run, pairs, stopped.state);
    BOOST_TEST(has(why, "different data"), why);
    BOOST_TEST(!has(why, "options"), why);
  };
  refuses([](auto& pairs) { std::swap(pairs[3], pairs[7]); });
  refuses([](auto& pairs) { std::swap(pairs[3].chosen, pairs[3].rejected); });
  refuses([](auto& pairs) { pairs[10].rejected.back() = (pairs[10].rejected.back() + 1) % 6; });
  refuses([](auto& pairs) { pairs[0].prompt.push_back(1); });
}

BOOST_AUTO_TEST_CASE(every_option_that_changes_numbers_is_known_and_the_microbatch_is_none) {
  const stopped_run stopped;
  const auto with = [&](const std::function<void(trainer_options&)>& change) {
    trainer_options options = short_run;
    change(options);
    return said(stopped.policy, stopped.reference, dpo{}, options, stopped.pairs, stopped.state);
  };
  const std::vector<std::pair<const char*, std::function<void(trainer_options&)>>> changes{
      {"learning_rate", [](auto& o) { o.learning_rate *= 2; }},
      {"schedule cosine, now constant", [](auto& o) { o.schedule = schedule::constant; }},
      {"warmup_steps", [](auto& o) { o.warmup_steps = 3; }},
      {"weight_decay", [](auto& o) { o.weight_decay = 0; }},
      {"adam_beta1", [](auto& o) { o.adam_beta1 = 0.8; }},
      {"adam_beta2", [](auto& o) { o.adam_beta2 = 0.99; }},
      {"adam_epsilon", [](auto& o) { o.adam_epsilon = 1e-6; }},
      {"max_grad_norm 1, now 2", [](auto& o) { o.max_grad_norm = 2; }},
      {"batch_size", [](auto& o) { o.batch_size = 3; }},
      {"epochs", [](auto& o) { o.epochs = 4; }},
      {"max_steps 0, now 9", [](auto& o) { o.max_steps = 9; }},
      {"seed", [](auto& o) { o.seed = 7; }},
      {"shuffle true, now false", [](auto& o) { o.shuffle = false; }}};
  for (const auto& [named, change] : changes) {
    const std::string why = with(change);
    BOOST_TEST(has(why, (std::string("from a run with ") + named).c_str()), why);
    BOOST_TEST((!has(why, ";") && !has(why, "data") && !has(why, "reference")), why);
  }
  BOOST_TEST(with([](auto& o) { o.tokens_per_microbatch = 1000; }) == "");
}

BOOST_AUTO_TEST_CASE(of_the_loss_its_name_and_beta_are_known) {
  const stopped_run stopped;
  const auto with = [&](const auto& loss) {
    return said(stopped.policy, stopped.reference, loss, short_run, stopped.pairs, stopped.state);
  };
  BOOST_TEST(has(with(dpo{.beta = 0.2}), "a different loss"));
  BOOST_TEST(has(with(ipo{.beta = 0.1}), "a different loss"));
}

BOOST_AUTO_TEST_CASE(losses_made_of_others_are_known_by_their_parts) {
  const std::vector<std::uint64_t> all{
      loss_hash(dpo{}),
      loss_hash(any_loss{dpo{}}),
      loss_hash(any_loss{hinge{}}),
      loss_hash(any_loss{dpo{.beta = 0.2}}),
      loss_hash(any_loss{sft{}}),
      loss_hash(wpo{dpo{}}),
      loss_hash(wpo{hinge{}}),
      loss_hash(any_loss{wpo{dpo{}}}),
      loss_hash(weighted_sum{weighted{dpo{}, 1}, weighted{sft{}, 1}}),
      loss_hash(weighted_sum{weighted{dpo{}, 1}, weighted{sft{}, 2}}),
      loss_hash(weighted_sum{weighted{dpo{}, 1}, weighted{cpo{}, 1}}),
      loss_hash(weighted_sum{weighted{sft{}, 1}, weighted{dpo{}, 1}}),
      loss_hash(length_desensitized{dpo{}, {.tail = 0.5}}),
      loss_hash(length_desensitized{dpo{}, {.tail = 0.25}}),
      loss_hash(length_desensitized{hinge{}, {.tail = 0.25}}),
      loss_hash(f_divergence{dpo{}, js_divergence{}}),
      loss_hash(f_divergence{dpo{}, forward_kl{}}),
      loss_hash(f_divergence{dpo{}, alpha_divergence{0.5}}),
      loss_hash(f_divergence{dpo{}, alpha_divergence{0.25}}),
  };
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) BOOST_TEST(all[i] != all[j], i << " and " << j);
  BOOST_TEST(loss_hash(any_loss{wpo{hinge{.beta = 2}}}) ==
             loss_hash(any_loss{wpo{hinge{.beta = 2}}}));
}

BOOST_AUTO_TEST_CASE(another_loss_in_the_same_wrapper_is_refused) {
  const auto pairs = toy_pairs(11);
  const reference_cache reference = reference_log_probs(toy_policy(), pairs);
  bigram policy = toy_policy();
  const any_loss begun{weighted_sum{weighted{dpo{}, 1}, weighted{sft{}, 0.5}}};
  trainer run{policy, reference, begun, short_run};
  run.train(pairs, recorder{.stop_after = 4});
  const auto with = [&](const any_loss& loss) {
    return said(policy, reference, loss, short_run, pairs, run.state());
  };
  BOOST_TEST(has(with(any_loss{weighted_sum{weighted{hinge{}, 1}, weighted{sft{}, 0.5}}}),
                 "a different loss"));
  BOOST_TEST(has(with(any_loss{weighted_sum{weighted{dpo{}, 1}, weighted{sft{}, 0.25}}}),
                 "a different loss"));
  BOOST_TEST(has(with(any_loss{dpo{}}), "a different loss"));
  BOOST_TEST(with(begun) == "");
}

BOOST_AUTO_TEST_CASE(a_cleared_fingerprint_goes_on_with_anything) {
  const stopped_run stopped;
  auto state = stopped.state;
  state.fingerprint = {};
  const auto others = toy_pairs(11, 99);
  const reference_cache reference = reference_log_probs(stopped.policy, others);
  trainer_options options = short_run;
  options.seed = 1;
  BOOST_TEST(said(stopped.policy, reference, dpo{.beta = 0.7}, options, others, state) == "");
}

BOOST_AUTO_TEST_CASE(a_state_without_its_weights_is_refused) {
  const stopped_run stopped;
  const std::string why =
      said(toy_policy(), stopped.reference, dpo{}, short_run, stopped.pairs, stopped.state);
  BOOST_TEST(has(why, "from a run with different weights of the policy"), why);
  BOOST_TEST((!has(why, "data") && !has(why, "different reference")), why);
}

BOOST_AUTO_TEST_CASE(all_that_differs_is_named) {
  const stopped_run stopped;
  const auto others = toy_pairs(11, 99);
  const reference_cache reference = reference_log_probs(toy_policy(5), others);
  const std::string why =
      said(stopped.policy, reference, dpo{.beta = 0.7}, short_run, others, stopped.state);
  BOOST_TEST((has(why, "loss") && has(why, "data") && has(why, "a different reference")), why);
  BOOST_TEST(has(why, "clear the state's fingerprint"), why);
}

BOOST_AUTO_TEST_CASE(single_steps_know_the_options_of_a_state) {
  const auto pairs = toy_pairs(4);
  const bigram reference = toy_policy(3);
  bigram policy = toy_policy();
  const auto step_with = [&](double rate, const auto& state) {
    trainer run{policy, reference, dpo{}, {.learning_rate = rate, .max_steps = 5}};
    if (state.step != 0) run.restore(state);
    run.step(pairs);
    return run.state();
  };
  const auto state = step_with(0.1, training_state<double>{});
  const auto second = step_with(0.1, state);
  BOOST_TEST(second.step == 2);
  BOOST_CHECK_EXCEPTION(step_with(0.2, second), value_error, [](const value_error& cause) {
    return has(cause.what(), "from a run with learning_rate 0.1, now 0.2.");
  });
  BOOST_CHECK_EXCEPTION(step_with(0.1, state), value_error, [](const value_error& cause) {
    return has(cause.what(), "different weights of the policy");
  });
}

BOOST_AUTO_TEST_CASE(single_steps_know_the_weights_of_a_moving_reference) {
  const auto pairs = toy_pairs(4);
  const moving_reference_options moves{.mixup_alpha = 0.6, .sync_steps = 1};
  const trainer_options options{.learning_rate = 0.1, .max_steps = 5};
  bigram policy = toy_policy();
  moving_reference reference(toy_policy(3), moves);
  trainer run{policy, reference, dpo{}, options};
  run.step(pairs);
  const auto state = run.state();
  const auto step_with = [&](bigram&& held) {
    bigram own = policy;
    moving_reference again(std::move(held), moves);
    trainer rest{own, again, dpo{}, options};
    rest.restore(state);
    rest.step(pairs);
    rest.step(pairs);  // the reference has moved, as it should
    return rest.steps_done();
  };
  BOOST_CHECK_EXCEPTION(step_with(toy_policy(3)), value_error, [](const value_error& cause) {
    return has(cause.what(), "moving reference with different weights");
  });
  BOOST_TEST(step_with(bigram(reference.policy())) == 3);
}

BOOST_AUTO_TEST_CASE(a_reference_is_the_same_but_for_rounding) {
  std::vector<double> sums(1000);
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = -100 - 0.1 * static_cast<double>(i);
  const auto changed = [&](std::size_t count, double factor) {
    const std::vector<double> before(sums.begin(),
                                     sums.begin() + static_cast<std::ptrdiff_t>(count));
    std::vector<double> now = before;
    for (double& sum : now) sum *= factor;
    return detail::of_one_reference(detail::in_groups(before), detail::in_groups(now));
  };
  for (const std::size_t count : {1U, 5U, 64U, 65U, 1000U}) {
    BOOST_TEST(changed(count, 1));
    BOOST_TEST(changed(count, 1 + 1e-6));
    BOOST_TEST(!changed(count, 1 + 1e-2));
  }
  // One of a few that moved by a nat is noticed; so is a set that grew.
  std::vector<double> few(sums.begin(), sums.begin() + 20), moved = few;
  moved[13] += 1;
  BOOST_TEST(!detail::of_one_reference(detail::in_groups(few), detail::in_groups(moved)));
  moved = few;
  moved.push_back(-1);
  BOOST_TEST(!detail::of_one_reference(detail::in_groups(few), detail::in_groups(moved)));
}
