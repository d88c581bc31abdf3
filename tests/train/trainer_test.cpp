// SPDX-License-Identifier: MIT
#include "prefopt/train/trainer.hpp"

#include <cmath>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include "prefopt/loss/any_loss.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/simpo.hpp"
#include "prefopt/loss/tdpo.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/loss/wpo.hpp"
#include "prefopt/policy/reference.hpp"
#include "prefopt/train/evaluate_every.hpp"
#include "prefopt/train/save_every.hpp"
#include "train/recorder.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

template <class Loss>
auto reference_of(const bigram& policy, const std::vector<tokenized_pair>& pairs) {
  if constexpr (Loss::inputs.reference)
    return reference_log_probs(policy, pairs);
  else
    return no_reference{};
}

using losses = boost::mpl::list<dpo, ipo, sft>;

BOOST_AUTO_TEST_CASE_TEMPLATE(
    a_run_stopped_after_any_step_and_resumed_gives_the_bits_of_one_that_was_not, Loss, losses) {
  const auto pairs = toy_pairs(11);
  bigram straight = toy_policy();
  const auto reference = reference_of<Loss>(straight, pairs);
  trainer whole{straight, reference, Loss{}, short_run};
  recorder expected;
  BOOST_TEST(whole.train(pairs, expected) == 9);
  for (std::int64_t stop = 1; stop < 9; ++stop) {
    bigram stopped = toy_policy();
    trainer before{stopped, reference, Loss{}, short_run};
    recorder heard{.stop_after = stop};
    BOOST_TEST(before.train(pairs, heard) == stop);
    const auto state = before.state();

    bigram resumed = stopped;  // as if its weights had been saved
    trainer after{resumed, reference, Loss{}, short_run};
    after.restore(state);
    heard.stop_after = -1;
    BOOST_TEST(after.train(pairs, heard) == 9);
    check_equal_reports(heard.reports, expected.reports);
    BOOST_TEST(weights(resumed) == weights(straight), boost::test_tools::per_element());
    BOOST_TEST((after.state() == whole.state()));
  }
}

BOOST_AUTO_TEST_CASE(a_stopped_trainer_may_itself_go_on) {
  const auto pairs = toy_pairs(11);
  bigram straight = toy_policy(), halting = toy_policy();
  const auto reference = reference_log_probs(straight, pairs);
  trainer whole{straight, reference, dpo{}, short_run};
  whole.train(pairs);
  trainer stopping{halting, reference, dpo{}, short_run};
  for (std::int64_t stop = 1; stop <= 9; ++stop)
    stopping.train(pairs, recorder{.stop_after = stop});
  BOOST_TEST(weights(halting) == weights(straight), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_finished_run_does_nothing_more) {
  const auto pairs = toy_pairs(5);
  bigram policy = toy_policy();
  trainer done{policy, no_reference{}, sft{}, short_run};
  done.train(pairs);
  const auto before = weights(policy);
  recorder heard;
  BOOST_TEST(done.train(pairs, heard) == done.steps_done());
  BOOST_TEST(heard.reports.empty());
  BOOST_TEST(weights(policy) == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(micro_batches_change_a_run_by_rounding_only) {
  const auto pairs = toy_pairs(11);
  bigram cut = toy_policy(), whole = toy_policy();
  const auto reference = reference_log_probs(cut, pairs);
  trainer_options options = short_run;
  options.tokens_per_microbatch = 1;
  trainer{cut, reference, dpo{}, options}.train(pairs);
  options.tokens_per_microbatch = 100000;
  trainer{whole, reference, dpo{}, options}.train(pairs);
  for (std::size_t i = 0; i < weights(cut).size(); ++i)
    BOOST_TEST(std::abs(weights(cut)[i] - weights(whole)[i]) < 1e-10);
}

BOOST_AUTO_TEST_CASE(no_microbatch_is_the_backends_to_say_and_zero_is_all_at_once) {
  bigram policy = toy_policy();
  const auto tokens_with = [&](std::optional<std::int64_t> asked) {
    trainer_options options = short_run;
    options.tokens_per_microbatch = asked;
    return trainer{policy, no_reference{}, sft{}, options}.options().tokens_per_microbatch.value();
  };
  BOOST_TEST(tokens_with({}) == static_cast<std::int64_t>(standard_microbatch_tokens));
  BOOST_TEST(tokens_with(0) == 0);
  BOOST_TEST(tokens_with(9) == 9);
}

BOOST_AUTO_TEST_CASE(reports_count_steps_epochs_tokens_and_follow_the_schedule) {
  const auto pairs = toy_pairs(11);
  std::int64_t tokens = 0;
  for (const auto& pair : pairs) {
    tokens += static_cast<std::int64_t>(2 * pair.prompt.size() + pair.chosen.size() +
                                        pair.rejected.size());
  }
  bigram policy = toy_policy();
  const auto reference = reference_log_probs(policy, pairs);
  recorder heard;
  trainer{policy,
          reference,
          dpo{},
          {.learning_rate = 0.5, .warmup_steps = 1, .batch_size = 4, .epochs = 2}}
      .train(pairs, heard);
  const double factors[] = {0, 1, 0.8, 0.6, 0.4, 0.2};
  BOOST_REQUIRE(heard.reports.size() == 6u);
  for (std::size_t i = 0; i < 6; ++i) {
    const step_report& report = heard.reports[i];
    BOOST_TEST(report.step == static_cast<std::int64_t>(i) + 1);
    BOOST_TEST(report.total_steps == 6);
    BOOST_TEST(std::abs(report.epoch - static_cast<double>(i + 1) / 3) < 1e-15);
    BOOST_TEST(std::abs(report.learning_rate - 0.5 * factors[i]) < 1e-15);
    BOOST_TEST(report.pairs_per_second > 0);
  }
  BOOST_TEST(heard.reports[2].num_tokens == tokens);
  BOOST_TEST(heard.reports[5].num_tokens == 2 * tokens);
}

BOOST_AUTO_TEST_CASE(the_logged_gradient_norm_is_that_before_clipping) {
  const auto pairs = toy_pairs(6);
  const auto first_norm = [&](double max_grad_norm) {
    bigram policy = toy_policy();
    recorder heard;
    trainer{policy, no_reference{}, sft{}, {.max_grad_norm = max_grad_norm, .max_steps = 1}}.train(
        pairs, heard);
    return heard.reports.at(0).grad_norm;
  };
  BOOST_TEST(first_norm(0) > 1e-3);
  BOOST_TEST(first_norm(1e-3) == first_norm(0));
}

BOOST_AUTO_TEST_CASE(clipping_bounds_what_reaches_the_optimizer) {
  const auto pairs = toy_pairs(6);
  const auto first_moment = [&](double max_grad_norm) {
    bigram policy = toy_policy();
    trainer run{policy,
                no_reference{},
                sft{},
                {.adam_beta1 = 0, .max_grad_norm = max_grad_norm, .max_steps = 1}};
    run.train(pairs);
    const auto state = run.state();
    double sum = 0;
    for (const double m : state.optimizer.moments.at(0).first) sum += m * m;
    return std::sqrt(sum);
  };
  BOOST_TEST(first_moment(0) > 0.02);
  BOOST_TEST(std::abs(first_moment(0.01) - 0.01) < 1e-6);
}

BOOST_AUTO_TEST_CASE(dpo_raises_margins_and_sft_the_chosen_log_probs) {
  const auto pairs = toy_pairs(4);
  const trainer_options options{
      .learning_rate = 0.05, .schedule = schedule::constant, .epochs = 100};
  recorder preferred, tuned;
  bigram policy = toy_policy();
  const auto reference = reference_log_probs(policy, pairs);
  trainer{policy, reference, dpo{}, options}.train(pairs, preferred);
  BOOST_TEST(preferred.reports.back().loss < 0.5 * preferred.reports.front().loss);
  BOOST_TEST(find_metric(preferred.reports.back().metrics, "rewards/accuracies").value() == 1.0);
  policy = toy_policy();
  trainer{policy, no_reference{}, sft{}, options}.train(pairs, tuned);
  BOOST_TEST(tuned.reports.back().loss < 0.8 * tuned.reports.front().loss);
}

BOOST_AUTO_TEST_CASE(bad_options_and_losses_are_refused_on_entry) {
  bigram policy = toy_policy();
  const bigram reference = toy_policy();
  BOOST_CHECK_THROW((trainer{policy, reference, dpo{.beta = 0}}), value_error);
  BOOST_CHECK_THROW((trainer{policy, reference, dpo{}, {.batch_size = 0}}), value_error);
  trainer sound{policy, reference, dpo{}};
  BOOST_CHECK_THROW(sound.train(std::vector<tokenized_pair>{}), value_error);
}

BOOST_AUTO_TEST_CASE(a_policy_that_is_its_own_reference_is_refused) {
  const auto itself = [](const value_error& cause) {
    return std::string_view(cause.what()).find("is its own reference") != std::string_view::npos;
  };
  bigram policy = toy_policy();
  const bigram copy = policy;
  BOOST_CHECK_EXCEPTION((trainer{policy, policy, dpo{}}), value_error, itself);
  struct derived : bigram {
    using bigram::bigram;
  };
  derived other(toy_vocabulary);
  const bigram& base = other;
  BOOST_CHECK_EXCEPTION((trainer{other, base, dpo{}}), value_error, itself);
  BOOST_CHECK_NO_THROW((trainer{other, copy, dpo{}}));
  const auto pairs = toy_pairs(5);
  trainer run{policy, copy, dpo{}, short_run};
  BOOST_CHECK_EXCEPTION(run.train(pairs, evaluate_every{2, pairs, policy}), value_error, itself);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(without_a_reference_it_is_the_policy_as_training_begins, Loss,
                              losses) {
  const auto pairs = toy_pairs(11);
  bigram given = toy_policy(), left = toy_policy();
  const auto reference = reference_of<Loss>(given, pairs);
  recorder expected, heard;
  trainer{given, reference, Loss{}, short_run}.train(pairs, expected);
  trainer run{left, Loss{}, short_run};
  run.train(pairs, heard);
  check_equal_reports(heard.reports, expected.reports);
  BOOST_TEST(weights(left) == weights(given), boost::test_tools::per_element());
  static_assert(std::same_as<std::remove_cvref_t<decltype(run.reference())>,
                             std::remove_cvref_t<decltype(reference)>>);
}

BOOST_AUTO_TEST_CASE(an_own_reference_belongs_to_the_beginning_of_its_run) {
  const auto pairs = toy_pairs(11);
  bigram policy = toy_policy();
  trainer run{policy, dpo{}, short_run};
  run.train(pairs, recorder{.stop_after = 3});
  BOOST_CHECK_NO_THROW(run.train(pairs, recorder{.stop_after = 5}));  // it keeps its reference
  const auto state = run.state();
  trainer resumed{policy, dpo{}, short_run};  // the policy has moved since: nothing to measure by
  resumed.restore(state);
  BOOST_CHECK_EXCEPTION(resumed.train(pairs), value_error, [](const value_error& cause) {
    return std::string_view(cause.what()).find("continues after step 5") != std::string_view::npos;
  });
  BOOST_TEST((resumed.state().fingerprint == state.fingerprint));  // still restored
  // Losses whose inputs are known only at run time, and read no reference.
  trainer sum{policy, weighted_sum{weighted{sft{}, 1}, weighted{simpo{}, 1}}, short_run};
  BOOST_CHECK_NO_THROW(sum.train(pairs));
  trainer any{policy, any_loss(sft{}), short_run};
  BOOST_CHECK_NO_THROW(any.train(pairs));
  trainer stepping{policy, dpo{}, {.max_steps = 3}};
  BOOST_CHECK_EXCEPTION(stepping.step(pairs), value_error, [](const value_error& cause) {
    return std::string_view(cause.what()).find("a frozen copy of the policy") !=
           std::string_view::npos;
  });
}

BOOST_AUTO_TEST_CASE(what_a_loss_reads_is_asked_for_before_the_first_forward_run) {
  const auto says_in = [](const char* part) {
    return [part](const value_error& cause) {
      return std::string_view(cause.what()).find(part) != std::string_view::npos;
    };
  };
  bigram policy = toy_policy();
  const bigram reference = toy_policy(2);
  const auto pairs = toy_pairs(3);
  const auto cache = reference_log_probs(reference, pairs);
  const weighted_sum reads{weighted{sft{}, 1}, weighted{dpo{}, 1}};
  const weighted_sum reads_none{weighted{sft{}, 1}, weighted{simpo{}, 1}};
  const weighted_sum divergences{weighted{sft{}, 1}, weighted{tdpo{}, 1}};
  BOOST_CHECK_EXCEPTION((trainer{policy, no_reference{}, reads}), value_error,
                        says_in("there is none"));
  BOOST_CHECK_EXCEPTION((trainer{policy, no_reference{}, any_loss{dpo{}}}), value_error,
                        says_in("there is none"));
  BOOST_CHECK_EXCEPTION((trainer{policy, cache, reads_none}), value_error,
                        says_in("reads no reference"));
  BOOST_CHECK_EXCEPTION((trainer{policy, cache, divergences}), value_error, says_in("divergences"));
  BOOST_CHECK_EXCEPTION((trainer{policy, cache, tdpo{}}), value_error, says_in("divergences"));
  BOOST_CHECK_NO_THROW((trainer{policy, reference, divergences}));
  BOOST_CHECK_NO_THROW((trainer{policy, cache, reads}));
  BOOST_CHECK_NO_THROW((trainer{policy, no_reference{}, reads_none}));
  // a program may not know before it runs
  BOOST_CHECK_NO_THROW((trainer{policy, cache, any_loss{sft{}}}));
  struct plain {  // gives no square sums
    bigram inner = toy_policy();
    std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
      return inner.token_log_probs(batch);
    }
    bigram::pass forward(const prefix_tree_batch&) {
      BOOST_ERROR("a forward run");
      throw value_error("");
    }
    auto parameters() { return inner.parameters(); }
    const host_backend<double>& backend() const { return inner.backend(); }
  };
  plain silent;
  BOOST_CHECK_EXCEPTION((trainer{silent, cache, wpo{dpo{}}}), value_error, says_in("square sums"));
  BOOST_CHECK_EXCEPTION(
      (void)accumulate_gradient(silent, cache, wpo{dpo{}}, pairs, first_members(3)), value_error,
      says_in("square sums"));
  BOOST_CHECK_EXCEPTION(
      (void)accumulate_gradient(silent, no_reference{}, reads, pairs, first_members(3)),
      value_error, says_in("there is none"));
}

BOOST_AUTO_TEST_CASE(a_state_whose_counts_disagree_is_refused) {
  bigram policy = toy_policy();
  const bigram reference = toy_policy();
  trainer run{policy, reference, dpo{}};
  auto state = run.state();
  state.step = 3;
  BOOST_CHECK_THROW(run.restore(state), value_error);
  state.optimizer.steps = 3;
  BOOST_CHECK_NO_THROW(run.restore(state));
  state.num_tokens = -1;
  BOOST_CHECK_THROW(run.restore(state), value_error);
  // the next step would count beyond it
  state.num_tokens = std::numeric_limits<std::int64_t>::max();
  BOOST_CHECK_THROW(run.restore(state), value_error);
  BOOST_TEST(run.steps_done() == 3);
}

// A no_reference may be a temporary.
using cached = trainer<bigram, reference_cache, dpo>;
using unreferenced = trainer<bigram, no_reference, sft>;
static_assert(std::is_constructible_v<cached, bigram&, const reference_cache&, dpo>);
static_assert(std::is_constructible_v<unreferenced, bigram&, no_reference, sft>);

/// Trains on pairs for one of which the reference has no number.
struct broken_run {
  std::vector<tokenized_pair> pairs{
      {{0}, {0}, {1}}, {{0}, {1}, {0}}, {{0}, {2, 1}, {1}}, {{0}, {0, 1}, {1}}};
  bigram policy{3};
  bigram reference{3};
  trainer_options options{.learning_rate = 0.1, .batch_size = 1, .shuffle = false};

  broken_run() {
    reference.parameters().at(0).value[2 * 3 + 1] = std::numeric_limits<double>::quiet_NaN();
  }

  template <class... Callbacks>
  std::string message(Callbacks&&... callbacks) {
    trainer run{policy, reference, dpo{}, options};
    try {
      run.train(pairs, callbacks...);
    } catch (const not_finite& cause) {
      BOOST_TEST(cause.examples() == std::vector<std::size_t>{2}, boost::test_tools::per_element());
      BOOST_TEST(run.steps_done() == 2);
      return cause.what();
    }
    return "no error";
  }
};

BOOST_AUTO_TEST_CASE(a_loss_that_is_not_finite_stops_the_run_with_step_and_pair_named) {
  const std::string said = broken_run{}.message();
  BOOST_TEST(said.starts_with("step 3: "), said);
  BOOST_TEST(said.find("example 2 (") != std::string::npos, said);
  BOOST_TEST(said.find("nothing was saved") != std::string::npos, said);
}

BOOST_AUTO_TEST_CASE(the_error_names_what_was_saved_last) {
  const auto name = [](const auto& run, const step_report&) {
    return concat("folder/checkpoint-", run.steps_done());
  };
  const std::string said = broken_run{}.message(save_every{1, name});
  BOOST_TEST(said.ends_with("last saved: folder/checkpoint-2"), said);
}

BOOST_AUTO_TEST_CASE(
    a_held_out_number_that_is_not_finite_is_named_as_held_out_with_step_and_last_save) {
  const std::vector<tokenized_pair> pairs{{{0}, {0}, {1}}, {{0}, {1}, {0}}};
  std::vector<tokenized_pair> held_out(8, pairs[0]);
  held_out[7] = {{0}, {2, 1}, {1}};
  bigram policy(3), spoiled(3);
  const bigram reference(3);
  spoiled.parameters()[0].value[2 * 3 + 1] = std::numeric_limits<double>::quiet_NaN();
  trainer run{policy, reference, dpo{}, {.learning_rate = 0.1, .batch_size = 1, .epochs = 2}};
  const auto name = [](const auto& state, const step_report&) {
    return concat("folder/checkpoint-", state.steps_done());
  };
  const auto names_it = [](const not_finite& cause) {
    const std::string said = cause.what();
    BOOST_TEST(said.find("held out, after step 2: ") != std::string::npos, said);
    BOOST_TEST(said.ends_with("last saved: folder/checkpoint-1"), said);
    return cause.held_out() && cause.examples() == std::vector<std::size_t>{7};
  };
  BOOST_CHECK_EXCEPTION(run.train(pairs, save_every{1, name}, evaluate_every{2, held_out, spoiled}),
                        not_finite, names_it);
  BOOST_TEST(run.steps_done() == 2);
  broken_run training;
  trainer broken{training.policy, training.reference, dpo{}, training.options};
  BOOST_CHECK_EXCEPTION(broken.train(training.pairs), not_finite,
                        [](const not_finite& cause) { return !cause.held_out(); });
}

BOOST_AUTO_TEST_CASE(weights_that_an_update_spoiled_stop_the_run_before_they_are_saved) {
  bigram policy = toy_policy();
  const bigram reference = toy_policy();
  trainer run{policy, reference, dpo{}, {.learning_rate = 1e300}};
  int saves = 0;
  const auto save = [&](const auto&, const step_report&) { return concat("save ", ++saves); };
  BOOST_CHECK_EXCEPTION(
      run.train(toy_pairs(5), save_every{1, save}), not_finite, [](const not_finite& cause) {
        return std::string_view(cause.what()).starts_with("step 1: weights are not finite");
      });
  BOOST_TEST(saves == 0);
}

/// Finite log-probs, but an infinite gradient.
class steep_policy : public bigram {
 public:
  using bigram::bigram;
  [[nodiscard]] auto parameters() {
    auto list = bigram::parameters();
    list[0].gradient[0] = std::numeric_limits<double>::infinity();
    return list;
  }
};

BOOST_AUTO_TEST_CASE(a_gradient_norm_that_is_not_finite_stops_the_run_and_moves_nothing) {
  steep_policy policy(toy_vocabulary);
  const auto before = weights(policy);
  trainer run{policy, no_reference{}, sft{}, {.batch_size = 2, .shuffle = false}};
  const auto names_them = [](const not_finite& cause) {
    BOOST_TEST(
        std::string(cause.what()).starts_with("step 1: gradient norm is inf at examples 0, 1"),
        cause.what());
    return cause.examples() == std::vector<std::size_t>{0, 1};
  };
  BOOST_CHECK_EXCEPTION(run.train(toy_pairs(5)), not_finite, names_them);
  BOOST_TEST(weights(policy) == before, boost::test_tools::per_element());
  BOOST_TEST(run.steps_done() == 0);
}

}  // namespace
