// SPDX-License-Identifier: MIT
#pragma once
// The laws that every trainable_policy owes, whatever its model and machine.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "data/random_sequences.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/policy/concepts.hpp"

namespace prefopt::tests {

/// Sizes of a policy and how exact its numbers are.
struct policy_facts {
  std::size_t vocabulary_size = 0;
  std::size_t positions = 0;           ///< the longest sequence that it reads
  double rounding = 1e-12;             ///< relative, of log-probs and of each gradient tensor
  double difference_step = 1e-5;       ///< of central differences
  double difference_tolerance = 1e-7;  ///< relative to the slope, or absolute below 1
};

/// What the laws are tried on. `make()` gives a fresh policy, each time with the same parameters, which should be large
/// enough that no two tokens are as likely.
template <class Make>
requires trainable_policy<std::invoke_result_t<const Make&>>
struct policy_subject : policy_facts {
  policy_subject(Make maker, const policy_facts& facts) : policy_facts(facts), make(maker) {}
  Make make;
};

using gradient_list = std::vector<std::vector<double>>;

namespace policy_laws {

template <class Policy, class Real>
[[nodiscard]] std::vector<double> to_host(const Policy& policy, std::span<const Real> values) {
  std::vector<std::remove_const_t<Real>> host(values.size());
  policy.machine().copy_to_host(values, std::span(host));
  return {host.begin(), host.end()};
}

template <class Policy>
[[nodiscard]] gradient_list gradients(Policy& policy) {
  gradient_list all;
  for (const auto& tensor : policy.parameters()) {
    using real = typename decltype(tensor.gradient)::value_type;
    all.push_back(to_host(policy, std::span<const real>(tensor.gradient)));
  }
  return all;
}

inline void check_close(std::span<const double> got, std::span<const double> wanted, double tolerance,
                        const std::string& what) {
  BOOST_REQUIRE_EQUAL(got.size(), wanted.size());
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    difference += (got[i] - wanted[i]) * (got[i] - wanted[i]);
    size += wanted[i] * wanted[i];
  }
  // Below 1e-3 a gradient is a sum that cancels (a key's bias moves nothing): its rounding is that of its terms.
  const double bound = tolerance * std::max(std::sqrt(size), 1e-3);
  BOOST_TEST(std::sqrt(difference) <= bound, what << " is off by " << std::sqrt(difference) << ", over " << bound);
}

inline void check_close(const gradient_list& got, const gradient_list& wanted, double tolerance) {
  BOOST_REQUIRE_EQUAL(got.size(), wanted.size());
  for (std::size_t t = 0; t < got.size(); ++t) {
    check_close(got[t], wanted[t], tolerance, join("gradient of tensor ", t));
  }
}

template <class Subject>
[[nodiscard]] std::vector<owned_sequence> sequences_for(const Subject& subject, std::uint64_t seed) {
  random_generator random(seed);
  return random_sequences(random, {.examples = 3,
                                   .vocabulary_size = std::min<std::size_t>(subject.vocabulary_size, 7),
                                   .most_tokens = subject.positions / 2,
                                   .longest = subject.positions});
}

[[nodiscard]] inline std::vector<double> random_slopes(std::size_t count, std::uint64_t seed) {
  random_generator random(seed);
  std::vector<double> slopes(count);
  for (double& slope : slopes) slope = random.normal();
  return slopes;
}

/// Gradients of a fresh policy after `forward` and `backward` of one batch.
template <class Subject>
[[nodiscard]] gradient_list gradients_of(const Subject& subject, const prefix_tree_batch& batch,
                                         std::span<const double> slopes) {
  auto policy = subject.make();
  auto pass = policy.forward(batch);
  pass.backward(slopes);
  return gradients(policy);
}

[[nodiscard]] inline gradient_list sum(gradient_list a, const gradient_list& b) {
  for (std::size_t t = 0; t < a.size(); ++t) {
    for (std::size_t i = 0; i < a[t].size(); ++i) a[t][i] += b[t][i];
  }
  return a;
}

}  // namespace policy_laws

/// A pass and an evaluation without one give the same log-probs, one a target, none above 0.
template <class Subject>
void forward_and_token_log_probs_agree(const Subject& subject) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const auto owned = policy_laws::sequences_for(subject, seed);
    const auto batch = pack(packable(owned));
    auto policy = subject.make();
    const std::vector<double> alone = policy.token_log_probs(batch);
    const auto pass = policy.forward(batch);
    BOOST_TEST(alone.size() == batch.targets.size());
    BOOST_TEST(std::ranges::all_of(alone, [](double log_prob) { return log_prob <= 0; }));
    policy_laws::check_close(pass.log_probs(), alone, subject.rounding, "log-probs");
  }
}

/// The probabilities of all tokens that may come next sum to one.
template <class Subject>
void probabilities_of_the_next_token_sum_to_one(const Subject& subject) {
  tokenized_example example{{1, 0, 2, 1}, {}};
  for (std::size_t v = 0; v < subject.vocabulary_size; ++v) example.responses.push_back({static_cast<token_id>(v)});
  const std::vector<tokenized_example> examples{example};
  const std::vector<std::size_t> members{0};
  double total = 0;
  for (const double log_prob : subject.make().token_log_probs(pack(examples, members))) total += std::exp(log_prob);
  BOOST_TEST(std::abs(total - 1) <= subject.rounding * static_cast<double>(subject.vocabulary_size));
}

/// Square sums are those of the log-probs of all tokens that may come next, from a pass and without one.
template <class Subject>
void square_sums_are_those_of_the_next_token(const Subject& subject) {
  auto policy = subject.make();
  if constexpr (tells_square_sums<decltype(policy)>) {
    random_generator random(20);
    const auto owned = random_sequences(random, {.examples = 12,  // more head rows than are held at once
                                                 .vocabulary_size = std::min<std::size_t>(subject.vocabulary_size, 7),
                                                 .most_tokens = subject.positions / 2,
                                                 .longest = subject.positions});
    const auto batch = pack(packable(owned));
    std::vector<double> wanted;
    for_each_sequence(batch, [&](const sequence_path& path) {
      for (std::size_t p = path.tokens.size() - static_cast<std::size_t>(path.sequence.count); p < path.tokens.size();
           ++p) {
        std::vector<tokenized_example> next(1);
        next[0].prompt.assign(path.tokens.begin(), path.tokens.begin() + static_cast<std::ptrdiff_t>(p));
        for (std::size_t v = 0; v < subject.vocabulary_size; ++v)
          next[0].responses.push_back({static_cast<token_id>(v)});
        const std::vector<std::size_t> members{0};
        double sum = 0;
        for (const double log_prob : policy.token_log_probs(pack(next, members))) sum += std::exp(2 * log_prob);
        wanted.push_back(std::log(sum));
      }
    });
    policy_laws::check_close(policy.token_square_sums(batch), wanted, subject.rounding, "square sums");
    auto pass = policy.forward(batch);
    policy_laws::check_close(pass.square_sums(), wanted, subject.rounding, "square sums of a pass");
  }
}

/// A sequence has the same log-probs alone, packed with others, and packed with others in another order.
template <class Subject>
void log_probs_do_not_depend_on_neighbours(const Subject& subject) {
  for (const std::uint64_t seed : {4U, 5U, 6U}) {
    auto owned = policy_laws::sequences_for(subject, seed);
    const auto policy = subject.make();
    std::vector<double> separate;
    for (const packable_sequence& sequence : packable(owned)) {
      const auto own = policy.token_log_probs(pack(std::span(&sequence, 1)));
      separate.insert(separate.end(), own.begin(), own.end());
    }
    const auto together = policy.token_log_probs(pack(packable(owned)));
    policy_laws::check_close(together, separate, subject.rounding, "log-probs");

    std::ranges::reverse(owned);
    const auto batch = pack(packable(owned));
    const auto reversed = policy.token_log_probs(batch);
    std::vector<double> in_order;
    for (std::size_t s = owned.size(); s-- > 0;) {
      const auto first = reversed.begin() + batch.sequences[s].first_target;
      in_order.insert(in_order.end(), first, first + batch.sequences[s].count);
    }
    policy_laws::check_close(in_order, separate, subject.rounding, "log-probs in another order");
  }
}

/// The gradient of a batch packed as a tree is the sum of those of its sequences one by one.
template <class Subject>
void gradients_of_a_packed_batch_are_those_of_its_sequences(const Subject& subject) {
  for (const std::uint64_t seed : {7U, 8U, 9U}) {
    const auto owned = policy_laws::sequences_for(subject, seed);
    const auto batch = pack(packable(owned));
    const auto slopes = policy_laws::random_slopes(batch.targets.size(), seed);
    auto separate = subject.make();
    std::size_t first = 0;
    for (const packable_sequence& sequence : packable(owned)) {
      auto pass = separate.forward(pack(std::span(&sequence, 1)));
      const std::size_t count = pass.log_probs().size();
      pass.backward(std::span(slopes).subspan(first, count));
      first += count;
    }
    policy_laws::check_close(policy_laws::gradients_of(subject, batch, slopes), policy_laws::gradients(separate),
                             subject.rounding);
  }
}

/// Two passes of unchanged parameters are held side by side and run backward in either order.
template <class Subject>
void passes_can_be_held_side_by_side(const Subject& subject) {
  const auto owned_a = policy_laws::sequences_for(subject, 10);
  const auto owned_b = policy_laws::sequences_for(subject, 11);
  const auto batch_a = pack(packable(owned_a));
  const auto batch_b = pack(packable(owned_b));
  const auto slopes_a = policy_laws::random_slopes(batch_a.targets.size(), 10);
  const auto slopes_b = policy_laws::random_slopes(batch_b.targets.size(), 11);
  const auto wanted = policy_laws::sum(policy_laws::gradients_of(subject, batch_a, slopes_a),
                                       policy_laws::gradients_of(subject, batch_b, slopes_b));
  for (const bool a_first : {true, false}) {
    auto policy = subject.make();
    auto pass_a = policy.forward(batch_a);
    auto pass_b = policy.forward(batch_b);
    if (a_first) pass_a.backward(slopes_a);
    pass_b.backward(slopes_b);
    if (!a_first) pass_a.backward(slopes_a);
    policy_laws::check_close(policy_laws::gradients(policy), wanted, subject.rounding);
  }
}

/// Backward adds to the gradients that are there, in proportion to the slopes.
template <class Subject>
void backward_adds(const Subject& subject) {
  const auto owned = policy_laws::sequences_for(subject, 12);
  const auto batch = pack(packable(owned));
  const auto slopes = policy_laws::random_slopes(batch.targets.size(), 12);
  auto policy = subject.make();
  for (const double factor : {1.0, -3.0}) {
    auto scaled = slopes;
    for (double& slope : scaled) slope *= factor;
    auto pass = policy.forward(batch);
    pass.backward(scaled);
  }
  auto wanted = policy_laws::gradients_of(subject, batch, slopes);
  for (auto& tensor : wanted) {
    for (double& value : tensor) value *= -2;
  }
  policy_laws::check_close(policy_laws::gradients(policy), wanted, subject.rounding);
}

/// Slopes that are not one a target, and tokens or positions that the model does not have, are refused.
template <class Subject>
void bad_input_is_refused(const Subject& subject) {
  auto policy = subject.make();
  const auto owned = policy_laws::sequences_for(subject, 13);
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

/// Central differences of sum_m slope_m log p_m agree with the backward, for every tensor along a random direction and
/// along single elements. For policies in float64.
template <class Subject>
void backward_agrees_with_finite_differences(const Subject& subject) {
  const auto owned = policy_laws::sequences_for(subject, 14);
  const auto batch = pack(packable(owned));
  const auto slopes = policy_laws::random_slopes(batch.targets.size(), 14);
  const auto claimed = policy_laws::gradients_of(subject, batch, slopes);
  auto policy = subject.make();
  random_generator random(14);
  std::size_t t = 0;
  for (const auto& tensor : policy.parameters()) {
    using real = typename decltype(tensor.value)::value_type;
    const auto there = policy_laws::to_host(policy, std::span<const real>(tensor.value));
    for (int trial = 0; trial < 3; ++trial) {
      std::vector<double> direction(there.size());
      if (trial == 0) {
        for (double& d : direction) d = random.normal() / std::sqrt(static_cast<double>(direction.size()));
      } else {
        direction[random.below(direction.size())] = 1;
      }
      const auto value_at = [&](double along) {
        std::vector<real> moved(there.size());
        for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = static_cast<real>(there[i] + along * direction[i]);
        policy.machine().copy_from_host(std::span<const real>(moved), tensor.value);
        const auto log_probs = policy.token_log_probs(batch);
        double value = 0;
        for (std::size_t m = 0; m < slopes.size(); ++m) value += slopes[m] * log_probs[m];
        return value;
      };
      const double step = subject.difference_step;
      const double measured = (value_at(step) - value_at(-step)) / (2 * step);
      double slope = 0;
      for (std::size_t i = 0; i < direction.size(); ++i) slope += claimed[t][i] * direction[i];
      BOOST_TEST(std::abs(measured - slope) <= subject.difference_tolerance * std::max(1.0, std::abs(slope)),
                 tensor.name << ": differences give " << measured << ", backward " << slope);
      value_at(0);
    }
    ++t;
  }
}

/// All of the above but for the differences, which need float64.
template <class Subject>
void check_trainable_policy_laws(const Subject& subject) {
  forward_and_token_log_probs_agree(subject);
  probabilities_of_the_next_token_sum_to_one(subject);
  square_sums_are_those_of_the_next_token(subject);
  log_probs_do_not_depend_on_neighbours(subject);
  gradients_of_a_packed_batch_are_those_of_its_sequences(subject);
  passes_can_be_held_side_by_side(subject);
  backward_adds(subject);
  bad_input_is_refused(subject);
}

}  // namespace prefopt::tests
