// SPDX-License-Identifier: MIT
// Generation: the decoder sees what the packed batch sees, and sampling follows its options.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <set>
#include <span>
#include <vector>

#include "prefopt/core/math.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/eigen/backend.hpp"
#include "prefopt/gpt2/decoder.hpp"
#include "prefopt/gpt2/gpt2.hpp"
#include "prefopt/gpt2/initialize.hpp"

namespace {

using machine_type = prefopt::eigen_backend<float>;

struct small_model {
  machine_type machine;
  prefopt::gpt2<machine_type> model{machine,
                                    {.n_layer = 2, .n_head = 2, .n_embd = 16, .vocab_size = 23, .n_positions = 12}};
  small_model() {
    prefopt::initialize(model, 5);
    for (auto& parameter : model.parameters())
      for (float& value : parameter.value) value *= 8;  // far from uniform predictions
  }
};

double log_prob(const std::vector<double>& logits, prefopt::token_id token) {
  return logits[static_cast<std::size_t>(token)] - prefopt::log_sum_exp(logits);
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(reading_token_by_token_gives_the_log_probs_of_the_packed_batch, small_model) {
  const std::vector<prefopt::tokenized_pair> pairs = {{{3}, {1, 4, 1, 5, 9, 2, 6}, {1, 4, 7}}};
  const std::vector<std::size_t> members = {0};
  const auto batch = prefopt::pack(pairs, members);
  const std::vector<double> expected = model.token_log_probs(batch);
  prefopt::for_each_sequence(batch, [&](const prefopt::sequence_path& path) {
    for (const std::size_t first_read : {1, 2}) {
      prefopt::gpt2_decoder decoder(model, path.tokens.size());
      std::vector<double> logits = decoder.read(path.tokens.first(first_read));
      for (std::size_t at = first_read; at < path.tokens.size(); ++at) {
        const std::size_t target = static_cast<std::size_t>(path.sequence.first_target) + at - 1;
        BOOST_TEST(std::abs(log_prob(logits, path.tokens[at]) - expected[target]) < 1e-5);
        logits = decoder.read(path.tokens.subspan(at, 1));
      }
    }
  });
}

BOOST_FIXTURE_TEST_CASE(a_fork_goes_on_without_its_origin, small_model) {
  prefopt::gpt2_decoder origin(model, 12);
  const prefopt::token_ids prompt = {2, 7, 1}, left = {8}, right = {5};
  static_cast<void>(origin.read(prompt));
  prefopt::gpt2_decoder fork = origin.fork();
  BOOST_TEST(fork.size() == 3U);
  const auto from_origin = origin.read(left);
  const auto from_fork = fork.read(right);
  prefopt::gpt2_decoder fresh(model, 12);
  const auto expected = fresh.read(prefopt::token_ids{2, 7, 1, 5});
  for (std::size_t v = 0; v < expected.size(); ++v) BOOST_TEST(std::abs(from_fork[v] - expected[v]) < 1e-4);
  BOOST_TEST(from_origin != from_fork);
}

BOOST_FIXTURE_TEST_CASE(generation_ends_at_the_context_and_at_the_end_of_text, small_model) {
  prefopt::random_generator random(1);
  const prefopt::token_ids prompt = {3, 1, 4};
  BOOST_TEST(generate(model, prompt, {.max_new_tokens = 100}, random).size() == 9U);
  const prefopt::generation_options greedy = {.max_new_tokens = 4, .sampling = {.temperature = 0}};
  const auto first = generate(model, prompt, greedy, random);
  BOOST_TEST(first.size() == 4U);
  BOOST_TEST(first == generate(model, prompt, greedy, random));
  auto stopping = greedy;
  stopping.end_of_text = first[1];
  const auto stopped = generate(model, prompt, stopping, random);
  BOOST_TEST(stopped.back() == first[1]);
  BOOST_TEST(stopped.size() == (first[0] == first[1] ? 1U : 2U));
}

BOOST_FIXTURE_TEST_CASE(what_the_model_cannot_read_is_refused, small_model) {
  prefopt::random_generator random(1);
  const std::vector<prefopt::token_id> empty, outside = {23}, negative = {-1}, full(12, 1);
  prefopt::gpt2_decoder decoder(model, 12);
  BOOST_CHECK_THROW(static_cast<void>(decoder.read(empty)), prefopt::value_error);
  BOOST_CHECK_THROW(static_cast<void>(decoder.read(outside)), prefopt::value_error);
  BOOST_CHECK_THROW(static_cast<void>(decoder.read(negative)), prefopt::value_error);
  BOOST_CHECK_THROW(static_cast<void>(generate(model, full, {}, random)), prefopt::value_error);
  BOOST_CHECK_THROW(prefopt::gpt2_decoder(model, 13), prefopt::value_error);
}
