// SPDX-License-Identifier: MIT
#pragma once
// The laws that every trainable_policy must obey, for any model and backend.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/policy/concepts.hpp"
#include "data/random_sequences.hpp"
#include "laws/model_laws.hpp"

namespace prefopt::tests {

/// The subject of the laws. `make()` returns a fresh policy, each time with the same parameters,
/// which should be large enough that no two tokens are equally likely.
template <class Make>
  requires trainable_policy<std::invoke_result_t<const Make&>>
struct policy_subject : model_facts {
  policy_subject(Make maker, const model_facts& facts) : model_facts(facts), make(maker) {}
  Make make;
};

/// A pass and an evaluation without one give the same log-probs, one per target.
template <class Subject>
void forward_and_token_log_probs_agree(const Subject& subject) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const auto owned = model_laws::sequences_for(subject, seed);
    const auto batch = pack(packable(owned));
    auto policy = subject.make();
    const std::vector<double> alone = policy.token_log_probs(batch);
    const auto pass = policy.forward(batch);
    BOOST_TEST(alone.size() == batch.targets.size());
    model_laws::check_close(pass.log_probs(), alone, subject.rounding, "log-probs");
  }
}

/// No log-prob is above 0.
template <class Subject>
void log_probs_are_those_of_probabilities(const Subject& subject) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const auto owned = model_laws::sequences_for(subject, seed);
    const auto log_probs = subject.make().token_log_probs(pack(packable(owned)));
    BOOST_TEST(std::ranges::all_of(log_probs, [](double log_prob) { return log_prob <= 0; }));
  }
}

/// The probabilities of all tokens that may come next sum to one.
template <class Subject>
void probabilities_of_the_next_token_sum_to_one(const Subject& subject) {
  tokenized_example example{{1, 0, 2, 1}, {}};
  for (std::size_t v = 0; v < subject.vocabulary_size; ++v)
    example.responses.push_back({static_cast<token_id>(v)});
  const std::vector<tokenized_example> examples{example};
  const std::vector<std::size_t> members{0};
  double total = 0;
  for (const double log_prob : subject.make().token_log_probs(pack(examples, members)))
    total += std::exp(log_prob);
  BOOST_TEST(std::abs(total - 1) <=
             subject.rounding * static_cast<double>(subject.vocabulary_size));
}

/// Square sums are those of the log-probs of all tokens that may come next, from a pass and without
/// one.
template <class Subject>
void square_sums_are_those_of_the_next_token(const Subject& subject) {
  auto policy = subject.make();
  if constexpr (has_collision_probs<decltype(policy)>) {
    random_generator random(20);
    // more head rows than are held at once
    const auto owned = random_sequences(
        random, {.examples = 12,
                 .vocabulary_size = std::min<std::size_t>(subject.vocabulary_size, 7),
                 .most_tokens = subject.positions / 2,
                 .longest = subject.positions});
    const auto batch = pack(packable(owned));
    std::vector<double> expected;
    for_each_sequence(batch, [&](const sequence_path& path) {
      for (const std::size_t p : path.targets) {
        std::vector<tokenized_example> next(1);
        next[0].prompt.assign(path.tokens.begin(),
                              path.tokens.begin() + static_cast<std::ptrdiff_t>(p));
        for (std::size_t v = 0; v < subject.vocabulary_size; ++v)
          next[0].responses.push_back({static_cast<token_id>(v)});
        const std::vector<std::size_t> members{0};
        double sum = 0;
        for (const double log_prob : policy.token_log_probs(pack(next, members)))
          sum += std::exp(2 * log_prob);
        expected.push_back(std::log(sum));
      }
    });
    model_laws::check_close(policy.token_square_sums(batch), expected, subject.rounding,
                            "square sums");
    auto pass = policy.forward(batch);
    model_laws::check_close(pass.square_sums(), expected, subject.rounding,
                            "square sums of a pass");
  }
}

/// A sequence has the same log-probs alone, packed with others, and packed with others in another
/// order.
template <class Subject>
void log_probs_do_not_depend_on_neighbours(const Subject& subject) {
  for (const std::uint64_t seed : {4U, 5U, 6U}) {
    auto owned = model_laws::sequences_for(subject, seed);
    const auto policy = subject.make();
    std::vector<double> separate;
    for (const packable_sequence& sequence : packable(owned)) {
      const auto own = policy.token_log_probs(pack(std::span(&sequence, 1)));
      separate.insert(separate.end(), own.begin(), own.end());
    }
    const auto together = policy.token_log_probs(pack(packable(owned)));
    model_laws::check_close(together, separate, subject.rounding, "log-probs");

    std::ranges::reverse(owned);
    const auto batch = pack(packable(owned));
    const auto reversed = policy.token_log_probs(batch);
    std::vector<double> in_order;
    for (std::size_t s = owned.size(); s-- > 0;) {
      const auto first = reversed.begin() + batch.sequences[s].first_target;
      in_order.insert(in_order.end(), first, first + batch.sequences[s].count);
    }
    model_laws::check_close(in_order, separate, subject.rounding, "log-probs in another order");
  }
}

/// The gradient of a batch packed as a tree is the sum of those of its sequences one by one.
template <class Subject>
void gradients_of_a_packed_batch_are_those_of_its_sequences(const Subject& subject) {
  for (const std::uint64_t seed : {7U, 8U, 9U}) {
    const auto owned = model_laws::sequences_for(subject, seed);
    const auto batch = pack(packable(owned));
    const auto slopes = model_laws::random_slopes(batch.targets.size(), seed);
    auto separate = subject.make();
    std::size_t first = 0;
    for (const packable_sequence& sequence : packable(owned)) {
      auto pass = separate.forward(pack(std::span(&sequence, 1)));
      const std::size_t count = pass.log_probs().size();
      pass.backward(std::span(slopes).subspan(first, count));
      first += count;
    }
    model_laws::check_close(model_laws::gradients_of(subject, slopes, batch),
                            model_laws::gradients(separate), subject.rounding);
  }
}

/// Targets that are runs of a response have the log-probs that they have among all of its tokens,
/// and their gradient is that of all tokens with slopes of 0 between the runs.
template <class Subject>
void tokens_between_targets_move_nothing(const Subject& subject) {
  auto owned = model_laws::sequences_for(subject, 15);
  const auto all = pack(packable(owned));
  random_generator random(16);
  choose_targets(random, owned);
  const auto some = pack(packable(owned));
  const auto slopes = model_laws::random_slopes(some.targets.size(), 17);
  const auto policy = subject.make();
  const auto all_log_probs = policy.token_log_probs(all);
  std::vector<double> expected, all_slopes(all.targets.size());
  for (std::size_t s = 0, m = 0; s < some.sequences.size(); ++s) {
    auto of_all = static_cast<std::size_t>(all.sequences[s].first_target);
    for (std::int32_t k = 0; k < some.sequences[s].count; ++k, ++m, ++of_all) {
      while (all.targets[of_all] != some.targets[m]) ++of_all;
      expected.push_back(all_log_probs[of_all]);
      all_slopes[of_all] = slopes[m];
    }
  }
  model_laws::check_close(policy.token_log_probs(some), expected, subject.rounding, "log-probs");
  model_laws::check_close(model_laws::gradients_of(subject, slopes, some),
                          model_laws::gradients_of(subject, all_slopes, all), subject.rounding);
}

/// Two passes of unchanged parameters are held side by side and run backward in either order.
template <class Subject>
void passes_can_be_held_side_by_side(const Subject& subject) {
  const auto owned_a = model_laws::sequences_for(subject, 10);
  const auto owned_b = model_laws::sequences_for(subject, 11);
  const auto batch_a = pack(packable(owned_a));
  const auto batch_b = pack(packable(owned_b));
  const auto slopes_a = model_laws::random_slopes(batch_a.targets.size(), 10);
  const auto slopes_b = model_laws::random_slopes(batch_b.targets.size(), 11);
  const auto expected = model_laws::sum(model_laws::gradients_of(subject, slopes_a, batch_a),
                                        model_laws::gradients_of(subject, slopes_b, batch_b));
  for (const bool a_first : {true, false}) {
    auto policy = subject.make();
    auto pass_a = policy.forward(batch_a);
    auto pass_b = policy.forward(batch_b);
    if (a_first) pass_a.backward(slopes_a);
    pass_b.backward(slopes_b);
    if (!a_first) pass_a.backward(slopes_a);
    model_laws::check_close(model_laws::gradients(policy), expected, subject.rounding);
  }
}

/// Backward adds to the existing gradients, in proportion to the slopes.
template <class Subject>
void backward_adds(const Subject& subject) {
  const auto owned = model_laws::sequences_for(subject, 12);
  const auto batch = pack(packable(owned));
  const auto slopes = model_laws::random_slopes(batch.targets.size(), 12);
  auto policy = subject.make();
  for (const double factor : {1.0, -3.0}) {
    auto scaled = slopes;
    for (double& slope : scaled) slope *= factor;
    auto pass = policy.forward(batch);
    pass.backward(scaled);
  }
  auto expected = model_laws::gradients_of(subject, slopes, batch);
  for (auto& tensor : expected)
    for (double& value : tensor) value *= -2;
  model_laws::check_close(model_laws::gradients(policy), expected, subject.rounding);
}

/// Slopes that are not one per target, and tokens or positions that the model does not have, are
/// refused.
template <class Subject>
void bad_input_is_refused(const Subject& subject) {
  auto policy = subject.make();
  const auto owned = model_laws::sequences_for(subject, 13);
  const auto batch = pack(packable(owned));
  auto pass = policy.forward(batch);
  BOOST_CHECK_THROW(pass.backward(std::vector<double>(batch.targets.size() + 1)), shape_error);
  const token_ids beyond{0, static_cast<token_id>(subject.vocabulary_size)};
  const std::vector<packable_sequence> sequences{{0, 0, beyond, {}}};
  BOOST_CHECK_THROW((void)policy.token_log_probs(pack(sequences)), value_error);
  BOOST_CHECK_THROW((void)policy.forward(pack(sequences)), value_error);
  auto broken = batch;
  broken.nodes.pop_back();
  BOOST_CHECK_THROW((void)policy.token_log_probs(broken), shape_error);
  BOOST_CHECK_THROW((void)policy.forward(broken), shape_error);
}

/// Central differences of sum_m slope_m log p_m agree with the backward pass. For policies in
/// float64.
template <class Subject>
void backward_agrees_with_finite_differences(const Subject& subject) {
  const auto owned = model_laws::sequences_for(subject, 14);
  const auto batch = pack(packable(owned));
  const auto slopes = model_laws::random_slopes(batch.targets.size(), 14);
  const auto claimed = model_laws::gradients_of(subject, slopes, batch);
  auto policy = subject.make();
  model_laws::check_differences(policy, subject, claimed, slopes,
                                [&] { return policy.token_log_probs(batch); });
}

/// The laws above that also hold for a model with other numbers in place of log-probs.
template <class Subject>
void check_trainable_laws_of_any_numbers(const Subject& subject) {
  forward_and_token_log_probs_agree(subject);
  log_probs_do_not_depend_on_neighbours(subject);
  gradients_of_a_packed_batch_are_those_of_its_sequences(subject);
  passes_can_be_held_side_by_side(subject);
  backward_adds(subject);
  bad_input_is_refused(subject);
}

/// All of the above except the differences, which need float64.
template <class Subject>
void check_trainable_policy_laws(const Subject& subject) {
  check_trainable_laws_of_any_numbers(subject);
  tokens_between_targets_move_nothing(subject);
  log_probs_are_those_of_probabilities(subject);
  probabilities_of_the_next_token_sum_to_one(subject);
  square_sums_are_those_of_the_next_token(subject);
}

}  // namespace prefopt::tests
