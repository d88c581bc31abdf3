// SPDX-License-Identifier: MIT
// Types that model generating_policy, and types that each lack one thing.

#include "prefopt/policy/generation.hpp"

#include <span>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/policy/bigram.hpp"
#include "prefopt/policy/reference_cache.hpp"
#include "prefopt/policy/reward_model.hpp"
#include "prefopt/policy/value_table.hpp"

namespace writers {

using prefopt::generation_options;
using prefopt::prefix_tree_batch;
using prefopt::random_generator;
using prefopt::token_ids;
using prompt_span = std::span<const token_ids>;

struct scorer {
  std::vector<double> token_log_probs(const prefix_tree_batch&) const;
};

// Each is found by argument-dependent lookup; a conversion to a base would find another's.
struct smallest : private scorer {
  using scorer::token_log_probs;
};
std::vector<token_ids> generate(const smallest&, prompt_span, const generation_options&,
                                random_generator&);

struct silent : scorer {};

struct that_cannot_score {};
std::vector<token_ids> generate(const that_cannot_score&, prompt_span, const generation_options&,
                                random_generator&);

struct that_changes_when_it_writes : scorer {};
std::vector<token_ids> generate(that_changes_when_it_writes&, prompt_span,
                                const generation_options&, random_generator&);

struct of_one_prompt : scorer {};
token_ids generate(const of_one_prompt&, const token_ids&, const generation_options&,
                   random_generator&);

struct of_one_response : scorer {};
token_ids generate(const of_one_response&, prompt_span, const generation_options&,
                   random_generator&);

struct that_is_not_told_how : scorer {};
std::vector<token_ids> generate(const that_is_not_told_how&, prompt_span, random_generator&);

struct with_chance_of_its_own : scorer {};
std::vector<token_ids> generate(const with_chance_of_its_own&, prompt_span,
                                const generation_options&);

struct with_a_member : scorer {
  std::vector<token_ids> generate(prompt_span, const generation_options&, random_generator&) const;
};

}  // namespace writers

using prefopt::generating_policy;
using prefopt::policy_model;

static_assert(generating_policy<writers::smallest> && generating_policy<prefopt::bigram>);
static_assert(!generating_policy<writers::that_cannot_score>);

template <class Policy>
constexpr bool only_scores = policy_model<Policy> && !generating_policy<Policy>;
static_assert(only_scores<writers::silent> && only_scores<writers::that_changes_when_it_writes>);
static_assert(only_scores<writers::of_one_prompt> && only_scores<writers::of_one_response>);
static_assert(only_scores<writers::that_is_not_told_how> &&
              only_scores<writers::with_chance_of_its_own>);
static_assert(only_scores<writers::with_a_member> && only_scores<prefopt::reference_cache>);
static_assert(only_scores<prefopt::reward_model<prefopt::value_table>>, "rewards write nothing");
