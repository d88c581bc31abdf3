// SPDX-License-Identifier: MIT
// A reference's numbers are those of the policy before it moved, no matter what else is requested
// with them.

#include "prefopt/policy/reference.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"
#include "prefopt/policy/bigram.hpp"
#include "prefopt/policy/frozen.hpp"

using namespace prefopt;

static_assert(policy_model<reference_cache>);
static_assert(policy_model<frozen<bigram>>);
static_assert(!trainable_policy<frozen<bigram>>, "a frozen policy has no gradients");
static_assert(policy_model<frozen<reference_cache>>);

// A frozen model is owned: someone else's model, which may be the one in training, cannot be
// frozen.
template <class Policy>
concept can_be_frozen = requires(Policy (*give)()) { frozen{give()}; };
template <class Policy>
concept has_a_frozen_form = requires { typename frozen<Policy>; };
static_assert(can_be_frozen<bigram> && !can_be_frozen<bigram&> && !can_be_frozen<const bigram&>);
static_assert(has_a_frozen_form<bigram> && !has_a_frozen_form<bigram&> &&
              !has_a_frozen_form<const bigram>);

namespace {

bigram random_bigram() {
  bigram policy(9);
  random_generator random(2);
  const auto table = policy.parameters().at(0).value;
  for (double& logit : table) logit = random.normal();
  return policy;
}

const std::vector<tokenized_pair> pairs{
    {{1, 2}, {3, 4, 5}, {3, 6}}, {{}, {7, 8}, {1}}, {{1, 2}, {2, 2}, {1}}};

}  // namespace

BOOST_AUTO_TEST_SUITE(reference)

BOOST_AUTO_TEST_CASE(it_answers_for_any_batch_as_the_policy_did) {
  const auto policy = random_bigram();
  for (const std::size_t budget : {1U, 8U, 4096U, 0U}) {
    const auto cache = reference_log_probs(policy, pairs, {.tokens_per_microbatch = budget});
    BOOST_TEST(cache.size() == 6U);
    for (const auto& members : std::vector<std::vector<std::size_t>>{{0, 1, 2}, {2, 0}, {1}, {}}) {
      for (const auto& responses :
           std::vector<std::vector<std::int32_t>>{{}, {chosen_index}, {rejected_index}}) {
        const auto batch = pack(pairs, members, {.responses = responses});
        BOOST_TEST(cache.token_log_probs(batch) == policy.token_log_probs(batch),
                   boost::test_tools::per_element());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(only_the_responses_that_are_asked_for_are_kept) {
  const auto cache = reference_log_probs(random_bigram(), pairs, {.responses = {chosen_index}});
  BOOST_TEST(cache.size() == 3U);
  BOOST_TEST(cache.contains({2, chosen_index}));
  BOOST_TEST(!cache.contains({2, rejected_index}));
  const std::vector<std::size_t> members{0};
  BOOST_CHECK_THROW((void)cache.token_log_probs(pack(pairs, members)), value_error);
}

BOOST_AUTO_TEST_CASE(a_sequence_with_another_number_of_targets_is_refused) {
  const auto cache = reference_log_probs(random_bigram(), pairs);
  const std::vector<tokenized_pair> other{{{1, 2}, {3}, {3, 6}}};
  const std::vector<std::size_t> members{0};
  BOOST_CHECK_THROW((void)cache.token_log_probs(pack(other, members)), shape_error);
}

BOOST_AUTO_TEST_CASE(a_sequence_of_other_tokens_is_refused_where_lengths_agree) {
  const auto cache = reference_log_probs(random_bigram(), pairs);
  const std::vector<std::size_t> members{0};
  const auto is_refused = [&](const tokenized_pair& other, int index) {
    const std::vector<tokenized_pair> others{other};
    BOOST_CHECK_EXCEPTION(
        (void)cache.token_log_probs(pack(others, members)), value_error, [&](const value_error& e) {
          return e.what() ==
                 concat(
                     "reference_cache: response ", index,
                     " of example 0 has different tokens or targets from those that were scored");
        });
  };
  is_refused({{1, 8}, {3, 4, 5}, {3, 6}}, chosen_index);    // in the prompt
  is_refused({{1, 2}, {3, 4, 6}, {3, 6}}, chosen_index);    // in the last token
  is_refused({{1, 2}, {3, 4, 5}, {4, 6}}, rejected_index);  // in one response only
  is_refused({{2, 1}, {3, 4, 5}, {3, 6}}, chosen_index);    // in their order
}

BOOST_AUTO_TEST_CASE(a_sequence_with_other_targets_is_refused) {
  const std::vector<std::size_t> members{0};
  const auto with = [](target_runs runs) {
    return std::vector<tokenized_pair>{{{1, 2}, {3, 4, 5}, {3, 6}, {std::move(runs), {{0, 2}}}}};
  };
  const auto ends = with({{0, 1}, {2, 3}});
  const auto cache = reference_log_probs(random_bigram(), ends);
  BOOST_TEST(cache.token_log_probs(pack(ends, members)) ==
                 random_bigram().token_log_probs(pack(ends, members)),
             boost::test_tools::per_element());
  BOOST_CHECK_THROW((void)cache.token_log_probs(pack(with({{0, 2}}), members)), value_error);
  BOOST_CHECK_THROW((void)cache.token_log_probs(pack(with({{1, 3}}), members)), value_error);
  BOOST_CHECK_THROW((void)cache.token_log_probs(pack(with({{0, 3}}), members)), shape_error);
}

BOOST_AUTO_TEST_CASE(a_hash_is_fnv_1a_of_the_ids_bytes) {
  static_assert(token_hash({}) == 0xcbf29ce484222325);
  const token_ids foobar{0x626f6f66, 0x7261};  // "foob", "ar\0\0"
  BOOST_TEST(token_hash(foobar) == 0x74c8e7eb4f245c28U);
}

BOOST_AUTO_TEST_CASE(what_is_saved_comes_back_equal) {
  const auto cache = reference_log_probs(random_bigram(), pairs);
  const reference_cache again(cache.keys(), cache.token_hashes(), cache.offsets(), cache.values());
  BOOST_TEST((again.keys() == cache.keys()));
  BOOST_TEST(again.values() == cache.values(), boost::test_tools::per_element());
  const std::vector<std::size_t> members{2, 1, 0};
  const auto batch = pack(pairs, members);
  BOOST_TEST(again.token_log_probs(batch) == cache.token_log_probs(batch),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_was_not_saved_by_a_cache_is_refused) {
  const std::vector<double> values{-1, -2, -3};
  const std::vector<reference_key> keys{{0, 0}, {0, 1}};
  const std::vector<std::uint64_t> hashes{5, 6};
  BOOST_CHECK_THROW(reference_cache(keys, {5}, {0, 2, 3}, values), shape_error);
  BOOST_CHECK_THROW(reference_cache(keys, hashes, {0, 2}, values), shape_error);
  BOOST_CHECK_THROW(reference_cache(keys, hashes, {}, values), shape_error);
  BOOST_CHECK_THROW(reference_cache(keys, hashes, {1, 2, 3}, values), shape_error);
  BOOST_CHECK_THROW(reference_cache(keys, hashes, {0, 2, 2}, values), shape_error);
  BOOST_CHECK_THROW(reference_cache(keys, hashes, {0, 4, 3}, values), shape_error);
  BOOST_CHECK_THROW(reference_cache({{0, 0}, {0, 1}, {1, 0}}, {5, 6, 7}, {0, 2, 1, 3}, values),
                    shape_error);
  BOOST_CHECK_THROW(reference_cache({{0, 1}, {0, 1}}, hashes, {0, 2, 3}, values), value_error);
  BOOST_TEST(reference_cache(keys, hashes, {0, 2, 3}, values).log_probs({0, 1})[0] == -3.0);
}

BOOST_AUTO_TEST_CASE(a_frozen_policy_answers_as_it_was) {
  auto policy = random_bigram();
  const std::vector<std::size_t> members{0, 1};
  const auto batch = pack(pairs, members);
  const auto before = policy.token_log_probs(batch);
  const frozen kept{bigram(policy)};
  policy.parameters().at(0).value[2 * 9 + 3] += 1;
  BOOST_TEST((policy.token_log_probs(batch) != before));
  BOOST_TEST(kept.token_log_probs(batch) == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
