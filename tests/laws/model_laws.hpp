// SPDX-License-Identifier: MIT
#pragma once
// Shared by the laws of trainable policies and of trainable scalar models: sequences to test,
// gradients on the host, and how close two results must be.

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
#include "data/random_sequences.hpp"

namespace prefopt::tests {

/// Sizes of a model and the precision of its numbers.
struct model_facts {
  std::size_t vocabulary_size = 0;
  std::size_t positions = 0;           ///< the longest sequence that it reads
  double rounding = 1e-12;             ///< relative, of its numbers and of each gradient tensor
  double difference_step = 1e-5;       ///< of central differences
  double difference_tolerance = 1e-7;  ///< relative to the slope, or absolute below 1
  bool reads_no_targets = true;        ///< also sequences without a target
};

using gradient_list = std::vector<std::vector<double>>;

namespace model_laws {

template <class Model, class Real>
[[nodiscard]] std::vector<double> to_host(const Model& model, std::span<const Real> values) {
  std::vector<std::remove_const_t<Real>> host(values.size());
  model.backend().copy_to_host(values, std::span(host));
  return {host.begin(), host.end()};
}

template <class Model>
[[nodiscard]] gradient_list gradients(Model& model) {
  gradient_list all;
  for (const auto& tensor : model.parameters()) {
    using real = typename decltype(tensor.gradient)::value_type;
    all.push_back(to_host(model, std::span<const real>(tensor.gradient)));
  }
  return all;
}

inline void check_close(std::span<const double> got, std::span<const double> expected,
                        double tolerance, const std::string& what) {
  BOOST_REQUIRE_EQUAL(got.size(), expected.size());
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    difference += (got[i] - expected[i]) * (got[i] - expected[i]);
    size += expected[i] * expected[i];
  }
  // Below 1e-3 a gradient is a sum that cancels (a key's bias moves nothing): its rounding is that
  // of its terms.
  const double bound = tolerance * std::max(std::sqrt(size), 1e-3);
  BOOST_TEST(std::sqrt(difference) <= bound,
             what << " is off by " << std::sqrt(difference) << ", over " << bound);
}

inline void check_close(const gradient_list& got, const gradient_list& expected, double tolerance) {
  BOOST_REQUIRE_EQUAL(got.size(), expected.size());
  for (std::size_t t = 0; t < got.size(); ++t)
    check_close(got[t], expected[t], tolerance, concat("gradient of tensor ", t));
}

[[nodiscard]] inline std::vector<owned_sequence> sequences_for(const model_facts& facts,
                                                               std::uint64_t seed) {
  random_generator random(seed);
  auto owned =
      random_sequences(random, {.examples = 3,
                                .vocabulary_size = std::min<std::size_t>(facts.vocabulary_size, 7),
                                .most_tokens = facts.positions / 2,
                                .longest = facts.positions});
  if (!facts.reads_no_targets)
    std::erase_if(owned, [](const owned_sequence& s) {
      return s.response.size() < (s.prompt.empty() ? 2U : 1U);
    });
  return owned;
}

[[nodiscard]] inline std::vector<double> random_slopes(std::size_t count, std::uint64_t seed) {
  random_generator random(seed);
  std::vector<double> slopes(count);
  for (double& slope : slopes) slope = random.normal();
  return slopes;
}

/// Gradients of a fresh model after `forward` of what it reads, a batch and more, and `backward`.
template <class Subject, class... Read>
[[nodiscard]] gradient_list gradients_of(const Subject& subject, std::span<const double> slopes,
                                         const Read&... read) {
  auto model = subject.make();
  auto pass = model.forward(read...);
  pass.backward(slopes);
  return gradients(model);
}

[[nodiscard]] inline gradient_list sum(gradient_list a, const gradient_list& b) {
  for (std::size_t t = 0; t < a.size(); ++t)
    for (std::size_t i = 0; i < a[t].size(); ++i) a[t][i] += b[t][i];
  return a;
}

/// Central differences of sum_i slopes[i] numbers()[i] agree with the gradients `claimed`, for
/// every tensor along a random direction and along single elements; `numbers()` evaluates `model`,
/// whose parameters are moved and restored.
template <class Model, class Numbers>
void check_differences(Model& model, const model_facts& facts, const gradient_list& claimed,
                       std::span<const double> slopes, const Numbers& numbers) {
  random_generator random(14);
  std::size_t t = 0;
  for (const auto& tensor : model.parameters()) {
    using real = typename decltype(tensor.value)::value_type;
    const auto there = to_host(model, std::span<const real>(tensor.value));
    for (int trial = 0; trial < 3; ++trial) {
      std::vector<double> direction(there.size());
      if (trial == 0)
        for (double& d : direction)
          d = random.normal() / std::sqrt(static_cast<double>(direction.size()));
      else
        direction[random.below(direction.size())] = 1;
      const auto value_at = [&](double along) {
        std::vector<real> moved(there.size());
        for (std::size_t i = 0; i < moved.size(); ++i)
          moved[i] = static_cast<real>(there[i] + along * direction[i]);
        model.backend().copy_from_host(std::span<const real>(moved), tensor.value);
        const std::vector<double> found = numbers();
        double value = 0;
        for (std::size_t m = 0; m < slopes.size(); ++m) value += slopes[m] * found[m];
        return value;
      };
      const double step = facts.difference_step;
      const double measured = (value_at(step) - value_at(-step)) / (2 * step);
      double slope = 0;
      for (std::size_t i = 0; i < direction.size(); ++i) slope += claimed[t][i] * direction[i];
      BOOST_TEST(
          std::abs(measured - slope) <= facts.difference_tolerance * std::max(1.0, std::abs(slope)),
          tensor.name << ": differences give " << measured << ", backward " << slope);
      value_at(0);
    }
    ++t;
  }
}

}  // namespace model_laws

}  // namespace prefopt::tests
