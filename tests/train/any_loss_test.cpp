// SPDX-License-Identifier: MIT
// Losses whose kind is known only at run time, in runs; and what a policy or a reference cannot
// offer them.

#include "prefopt/loss/any_loss.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/bco.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/kto_pair.hpp"
#include "prefopt/loss/plackett_luce_dpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/simpo.hpp"
#include "prefopt/loss/tdpo.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/loss/wpo.hpp"
#include "prefopt/policy/reference.hpp"
#include "prefopt/train/evaluate_every.hpp"
#include "prefopt/train/trainer.hpp"
#include "train/recorder.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

static_assert(reference_for<no_reference, any_loss> && reference_for<bigram, any_loss>,
              "known at run time only");
static_assert(reference_for<no_reference, weighted_sum<simpo, sft>> &&
              reference_for<bigram, wpo<dpo>>);
static_assert(!reference_for<bigram, simpo> && !reference_for<no_reference, tdpo>, "known before");

namespace {

struct finished_run {
  bigram policy;
  recorder heard;
};

template <class Loss, class Reference, class Examples>
finished_run run_of(const Loss& loss, const Reference& reference, const Examples& examples) {
  finished_run done{toy_policy(), {}};
  trainer{done.policy, reference, loss, short_run}.train(examples, done.heard,
                                                         evaluate_every{3, examples, reference});
  return done;
}

void check_same_bits(finished_run& came, finished_run& expected) {
  check_equal_reports(came.heard.reports, expected.heard.reports);
  BOOST_TEST(weights(came.policy) == weights(expected.policy), boost::test_tools::per_element());
  BOOST_REQUIRE(came.heard.evaluations.size() == expected.heard.evaluations.size());
  for (std::size_t i = 0; i < came.heard.evaluations.size(); ++i) {
    BOOST_TEST(came.heard.evaluations[i].loss == expected.heard.evaluations[i].loss);
    BOOST_TEST((came.heard.evaluations[i].metrics == expected.heard.evaluations[i].metrics));
  }
}

/// Refuses every request.
struct silent_reference {
  std::vector<double> token_log_probs(const prefix_tree_batch&) const {
    throw value_error("silent: was asked");
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(any_loss_gives_the_bits_of_the_loss_that_it_holds) {
  const auto same = [](const auto& loss, const auto& examples) {
    const bigram reference = toy_policy(77);
    finished_run came = run_of(any_loss{loss}, reference, examples),
                 expected = run_of(loss, reference, examples);
    check_same_bits(came, expected);
  };
  const auto pairs = toy_pairs(11);
  same(dpo{.beta = 0.3}, pairs);
  same(tdpo{.beta = 0.3}, pairs);
  same(wpo{dpo{.beta = 0.3}}, pairs);
  same(kto_pair{.beta = 0.3}, pairs);
  same(weighted_sum{weighted{bco{.beta = 0.3}, 0.7}, weighted{any_loss{sft{}}, 1}}, pairs);
  same(plackett_luce_dpo{.beta = 0.3}, toy_lists(11, 3));
  same(bco{.beta = 0.3}, toy_unpaired(11));
}

BOOST_AUTO_TEST_CASE(any_loss_that_reads_no_reference_needs_none) {
  const auto pairs = toy_pairs(11);
  finished_run expected = run_of(simpo{}, no_reference{}, pairs);
  finished_run without = run_of(any_loss{simpo{}}, no_reference{}, pairs);
  finished_run unasked = run_of(any_loss{simpo{}}, silent_reference{}, pairs);
  check_same_bits(without, expected);
  check_same_bits(unasked, expected);
}

BOOST_AUTO_TEST_CASE(any_loss_that_reads_a_reference_is_refused_without_one) {
  const auto pairs = toy_pairs(11);
  const auto names_it = [](const value_error& cause) {
    return std::string_view(cause.what()).find("there is none") != std::string_view::npos;
  };
  const auto refuses = [&](const any_loss& loss) {
    bigram policy = toy_policy();
    BOOST_CHECK_EXCEPTION((trainer{policy, no_reference{}, loss, short_run}), value_error,
                          names_it);
    BOOST_CHECK_EXCEPTION((void)evaluate(policy, no_reference{}, loss, pairs), value_error,
                          names_it);
  };
  refuses(any_loss{dpo{}});
  refuses(any_loss{kto_pair{}});
  refuses(any_loss{weighted_sum{weighted{sft{}, 1}, weighted{dpo{}, 1}}});
}

BOOST_AUTO_TEST_CASE(a_loss_that_reads_divergences_is_refused_where_a_reference_has_none) {
  const auto pairs = toy_pairs(11);
  bigram policy = toy_policy();
  // of the observed tokens, not of whole distributions
  const auto cached = reference_log_probs(policy, pairs);
  const auto names_them = [](const value_error& cause) {
    return std::string_view(cause.what()).find("divergences") != std::string_view::npos;
  };
  const auto step = [&](const any_loss& loss, std::size_t budget) {
    return accumulate_gradient(policy, cached, loss, pairs, first_members(11),
                               {.tokens_per_microbatch = budget});
  };
  const any_loss coupled{weighted_sum{weighted{kto_pair{}, 1}, weighted{tdpo{}, 1}}};
  for (const std::size_t budget : {0U, 30U}) {
    BOOST_CHECK_EXCEPTION(step(any_loss{tdpo{}}, budget), value_error, names_them);
    BOOST_CHECK_EXCEPTION(step(coupled, budget), value_error, names_them);
  }
  BOOST_CHECK_EXCEPTION((void)evaluate(policy, cached, tdpo{}, pairs), value_error, names_them);
  BOOST_CHECK_NO_THROW(step(any_loss{wpo{dpo{}}}, 0));  // square sums are the policy's own
}

namespace {

/// A policy that gives log-probs and nothing else.
class plain_policy {
 public:
  [[nodiscard]] auto parameters() { return table_.parameters(); }
  [[nodiscard]] auto& backend() const { return table_.backend(); }
  [[nodiscard]] auto token_log_probs(const prefix_tree_batch& batch) const {
    return table_.token_log_probs(batch);
  }

  struct pass {
    bigram::pass seen;
    [[nodiscard]] auto log_probs() const { return seen.log_probs(); }
    void backward(std::span<const double> slopes) { seen.backward(slopes); }
  };
  [[nodiscard]] pass forward(const prefix_tree_batch& batch) { return {table_.forward(batch)}; }

 private:
  bigram table_ = toy_policy();
};

static_assert(trainable_policy<plain_policy> && !has_collision_probs<plain_policy>);

}  // namespace

BOOST_AUTO_TEST_CASE(a_loss_that_reads_more_than_a_policy_tells_is_refused) {
  const auto pairs = toy_pairs(5);
  plain_policy policy;
  const bigram reference = toy_policy(77);
  const auto step = [&](const any_loss& loss) {
    return accumulate_gradient(policy, reference, loss, pairs, first_members(5));
  };
  BOOST_CHECK_NO_THROW(step(any_loss{dpo{}}));
  BOOST_CHECK_THROW(step(any_loss{wpo{dpo{}}}), value_error);
  BOOST_CHECK_THROW(step(any_loss{tdpo{}}), value_error);
  BOOST_CHECK_THROW((void)evaluate(policy, reference, wpo{dpo{}}, pairs), value_error);
  BOOST_CHECK_THROW((void)evaluate(policy, reference, tdpo{}, pairs), value_error);
}
