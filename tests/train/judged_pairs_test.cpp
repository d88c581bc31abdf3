// SPDX-License-Identifier: MIT
#include "prefopt/train/judged_pairs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/train/trainer.hpp"
#include "train/token_world.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

using choice = std::optional<std::size_t>;
const token_world world(7);

template <class Judge>
judged_samples judged(Judge&& judge, std::size_t prompts = 40, std::uint64_t seed = 1) {
  random_generator random(seed);
  return judged_pairs(world.reference, token_world::prompts(prompts), judge,
                      token_world::generation(), random);
}

/// What judged_pairs passes to its judge, in order.
std::vector<tokenized_example> sampled(std::size_t prompts = 40, std::uint64_t seed = 1) {
  random_generator random(seed);
  return sample_responses(world.reference, token_world::prompts(prompts), 2,
                          token_world::generation(), random);
}

std::size_t equal_ones(const std::vector<tokenized_example>& samples) {
  return static_cast<std::size_t>(std::ranges::count_if(
      samples, [](const auto& one) { return one.responses[0] == one.responses[1]; }));
}

BOOST_AUTO_TEST_CASE(the_chosen_is_the_judges_choice) {
  const auto samples = sampled();
  for (const std::size_t always : {0U, 1U}) {
    const judged_samples found = judged([&](const tokenized_example&) -> choice { return always; });
    auto pair = found.pairs.begin();
    for (const tokenized_example& sample : samples) {
      if (sample.responses[0] == sample.responses[1]) continue;
      BOOST_REQUIRE(pair != found.pairs.end());
      BOOST_TEST((*pair == tokenized_pair{sample.prompt, sample.responses[always],
                                          sample.responses[1 - always]}));
      ++pair;
    }
    BOOST_TEST((pair == found.pairs.end()));
  }
}

BOOST_AUTO_TEST_CASE(equal_responses_make_no_pair_and_no_judge_is_asked_about_them) {
  std::size_t asked = 0;
  const judged_samples found = judged([&](const tokenized_example& example) -> choice {
    ++asked;
    BOOST_TEST((example.responses.at(0) != example.responses.at(1)));
    return 0;
  });
  BOOST_TEST(equal_ones(sampled()) > 0U);
  BOOST_TEST(found.undecided == equal_ones(sampled()));
  BOOST_TEST(found.pairs.size() == asked);
  BOOST_TEST(found.pairs.size() + found.undecided == 40U);
}

BOOST_AUTO_TEST_CASE(what_a_judge_cannot_tell_is_counted) {
  std::size_t turn = 0;
  const judged_samples found =
      judged([&](const tokenized_example&) { return turn++ % 2 == 0 ? choice(1) : choice(); });
  BOOST_TEST(found.pairs.size() == (turn + 1) / 2);
  BOOST_TEST(found.undecided == equal_ones(sampled()) + turn / 2);
  BOOST_TEST(judged([](const tokenized_example&) { return choice(); }).pairs.empty());
}

BOOST_AUTO_TEST_CASE(a_choice_beyond_the_two_is_refused) {
  BOOST_CHECK_THROW((void)judged([](const tokenized_example&) -> choice { return 2; }),
                    value_error);
  BOOST_CHECK_THROW((void)judged([](const tokenized_example&) { return std::size_t(-1); }),
                    value_error);
}

BOOST_AUTO_TEST_CASE(no_prompts_make_no_pairs) {
  const judged_samples found = judged([](const tokenized_example&) -> choice { return 0; }, 0);
  BOOST_TEST(found.pairs.empty());
  BOOST_TEST(found.undecided == 0U);
}

BOOST_AUTO_TEST_CASE(the_higher_score_is_the_better_and_a_scorer_is_asked_once) {
  std::size_t calls = 0;
  const auto scorer = [&](std::span<const tokenized_example> examples) {
    ++calls;
    return world(examples);
  };
  const judged_samples found = judged(scorer);
  BOOST_TEST(calls == 1U);
  BOOST_TEST(found.pairs.size() > 5U);
  for (const tokenized_pair& pair : found.pairs) {
    const tokenized_example both{pair.prompt, {pair.chosen, pair.rejected}};
    const std::vector<double> scores = world(std::span(&both, 1));
    BOOST_TEST(scores[0] > scores[1]);
  }
  const auto level = [](std::span<const tokenized_example> examples) {
    return std::vector<double>(2 * examples.size(), 0.5);
  };
  BOOST_TEST(judged(level).pairs.empty());
}

BOOST_AUTO_TEST_CASE(scores_that_are_no_numbers_or_not_two_a_pair_are_refused) {
  for (const std::size_t bad : {0U, 1U}) {
    const auto scorer = [&](std::span<const tokenized_example> examples) {
      std::vector<double> scores(2 * examples.size(), 1);
      scores[bad] = std::numeric_limits<double>::quiet_NaN();
      return scores;
    };
    BOOST_CHECK_THROW((void)judged(scorer), value_error);
  }
  const auto one_each = [](std::span<const tokenized_example> examples) {
    return std::vector<double>(examples.size());
  };
  BOOST_CHECK_THROW((void)judged(one_each), shape_error);
}

BOOST_AUTO_TEST_CASE(a_generic_judge_is_taken) {
  const auto longer = [](const auto& example) {
    return example.responses[0].size() < example.responses[1].size() ? 1 : 0;
  };
  for (const tokenized_pair& pair : judged(longer).pairs)
    BOOST_TEST(pair.chosen.size() >= pair.rejected.size());
}

template <class Answer>
struct answering {
  Answer operator()(const tokenized_example&) const { return Answer{}; }
};
static_assert(response_judge<answering<std::size_t>> && response_judge<answering<int>> &&
              response_judge<answering<choice>>);
static_assert(!response_judge<answering<bool>>, "true would be the second response");
static_assert(!response_judge<answering<double>>, "a score is no choice");
static_assert(!response_judge<token_world> && response_scorer<token_world>);

/// Online DPO: every step asks the judge about samples of the policy as it is.
template <class Loss>
bigram trained_online(const token_world& taught, const Loss& loss, std::uint64_t seed) {
  bigram policy = taught.reference;
  random_generator random(seed);
  trainer run{policy, taught.reference, loss, {.learning_rate = 0.05, .max_steps = 60}};
  while (run.steps_done() < 60) {
    const judged_samples found =
        judged_pairs(policy, token_world::prompts(24), taught, token_world::generation(), random);
    run.step(found.pairs);
  }
  return policy;
}

BOOST_AUTO_TEST_CASE(online_dpo_raises_the_true_reward_in_every_world) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const token_world taught(seed);
    const double before = taught.measure(taught.reference).reward;
    const auto summed = taught.measure(trained_online(taught, dpo{.beta = 0.5}, seed));
    const auto squared = taught.measure(trained_online(taught, ipo{.beta = 0.2}, seed));
    BOOST_TEST(summed.reward > before + 0.8, seed << ": " << before << " to " << summed.reward);
    BOOST_TEST(squared.reward > before + 0.8, seed << ": " << before << " to " << squared.reward);
    const auto near = taught.measure(trained_online(taught, dpo{.beta = 20}, seed));
    BOOST_TEST(4 * near.divergence < summed.divergence,
               near.divergence << " and " << summed.divergence);
  }
}

}  // namespace
