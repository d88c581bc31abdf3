// SPDX-License-Identifier: MIT
// The bigram table is a trainable policy, and its numbers are those of the table.

#include "prefopt/policy/bigram.hpp"

#include <cmath>
#include <numbers>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "laws/trainable_policy_laws.hpp"

using namespace prefopt;

static_assert(trainable_policy<bigram>);

namespace {

bigram random_bigram() {
  bigram policy(6);
  random_generator random(1);
  const auto table = policy.parameters().at(0).value;
  for (double& logit : table) logit = 2 * random.normal();
  return policy;
}

const tests::policy_subject subject{random_bigram, {.vocabulary_size = 6, .positions = 40}};

}  // namespace

BOOST_AUTO_TEST_SUITE(bigram_policy)

BOOST_AUTO_TEST_CASE(it_keeps_the_laws_of_a_policy) { tests::check_trainable_policy_laws(subject); }

BOOST_AUTO_TEST_CASE(backward_agrees_with_finite_differences) {
  tests::backward_agrees_with_finite_differences(subject);
}

BOOST_AUTO_TEST_CASE(a_new_table_is_uniform) {
  const std::vector<tokenized_pair> pairs{{{0}, {1}, {2}}};
  const std::vector<std::size_t> members{0};
  for (const double log_prob : bigram(3).token_log_probs(pack(pairs, members)))
    BOOST_TEST(std::abs(log_prob + std::log(3.0)) < 1e-15);
}

BOOST_AUTO_TEST_CASE(a_row_gives_the_token_that_follows_its_own) {
  bigram policy(2);
  const auto table = policy.parameters().at(0).value;
  table[2] = std::numbers::ln2;  // after token 1, token 0 comes twice as often as token 1
  const std::vector<tokenized_pair> pairs{{{1}, {0, 0}, {1}}};
  const std::vector<std::size_t> members{0};
  const auto log_probs = policy.token_log_probs(pack(pairs, members));
  BOOST_TEST(
      log_probs == (std::vector<double>{std::log(2.0 / 3), std::log(0.5), std::log(1.0 / 3)}),
      boost::test_tools::tolerance(1e-14) << boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(large_logits_do_not_overflow) {
  bigram policy(2);
  policy.parameters().at(0).value[1] = 2000;
  const std::vector<tokenized_pair> pairs{{{0}, {0}, {1}}};
  const std::vector<std::size_t> members{0};
  const auto log_probs = policy.token_log_probs(pack(pairs, members));
  BOOST_TEST(log_probs.at(0) == -2000.0);
  BOOST_TEST(log_probs.at(1) == 0.0);
}

BOOST_AUTO_TEST_CASE(its_parameters_stay_where_they_are_when_it_moves) {
  bigram policy(3);
  const double* const table = policy.parameters().at(0).value.data();
  bigram moved = std::move(policy);
  BOOST_TEST(moved.parameters().at(0).value.data() == table);
}

// Anything written into a list of parameters would be lost, so nothing can be.
template <class List>
concept can_be_frozen_in_a_list = requires(List& all) { all[0].trainable = false; };
static_assert(!can_be_frozen_in_a_list<decltype(std::declval<bigram&>().parameters())>);

BOOST_AUTO_TEST_CASE(a_tensor_is_frozen_by_name_and_copies_are_frozen_too) {
  bigram policy(3);
  BOOST_TEST(policy.parameters()[0].trainable);
  policy.set_trainable("logits", false);
  BOOST_TEST(!policy.parameters()[0].trainable);
  bigram copy = policy;
  BOOST_TEST(!copy.parameters()[0].trainable);
  copy.set_trainable("logits", true);
  BOOST_TEST((copy.parameters()[0].trainable && !policy.parameters()[0].trainable));
  BOOST_CHECK_EXCEPTION(policy.set_trainable("logit", false), value_error,
                        [](const value_error& cause) {
                          return std::string_view(cause.what()).find("no tensor named logit") !=
                                 std::string_view::npos;
                        });
}

BOOST_AUTO_TEST_CASE(a_table_without_tokens_or_beyond_memory_is_refused) {
  BOOST_CHECK_THROW(bigram(0), value_error);
  BOOST_CHECK_THROW(bigram(std::size_t{1} << 32), value_error);
}

BOOST_AUTO_TEST_SUITE_END()
