// SPDX-License-Identifier: MIT
#pragma once
// The requirements on a policy that writes responses, and the options for it.

#include <concepts>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/policy/sampling.hpp"

namespace prefopt::inline v0_2 {

/// How `generate` continues a prompt.
struct generation_options {
  std::size_t max_new_tokens = 64;
  token_id end_of_text = -1;  ///< stops after this token, which is kept; -1: never
  sampling_options sampling = {};
  /// bounds memory: tokens whose keys and values are held at once; 0: all
  std::size_t tokens_at_once = 16384;
};

/// Throws value_error if no token may be written, and what check(options.sampling) throws.
inline void check(const generation_options& options) {
  if (options.max_new_tokens == 0)
    throw value_error("generation: max_new_tokens is 0, expected at least 1");
  check(options.sampling);
}

/// A policy that writes.
/// Needs: `generate(policy, prompts, options, random)`, found by argument-dependent lookup: a
/// response to each prompt, of at least one token. Promises: a response depends only on its prompt
/// and on its own generator, seeded by `random.next()` prompt by prompt, and so not on the others.
/// Throws value_error for a prompt without tokens or without room after it.
template <class P>
concept generating_policy =
    policy_model<P> && requires(const P& policy, std::span<const token_ids> prompts,
                                const generation_options& options, random_generator& random) {
      { generate(policy, prompts, options, random) } -> std::same_as<std::vector<token_ids>>;
    };

/// K responses to each prompt, [prompts] examples without scores. Throws value_error for K = 0,
/// shape_error if the policy does not write that many, and what `generate` throws.
template <generating_policy Policy>
[[nodiscard]] std::vector<tokenized_example> sample_responses(const Policy& policy,
                                                              std::span<const token_ids> prompts,
                                                              std::size_t responses,
                                                              const generation_options& options,
                                                              random_generator& random) {
  if (responses == 0)
    throw value_error("sample_responses: 0 responses per prompt, expected at least 1");
  std::vector<token_ids> repeated;
  for (const token_ids& prompt : prompts) repeated.insert(repeated.end(), responses, prompt);
  std::vector<token_ids> written =
      generate(policy, std::span<const token_ids>(repeated), options, random);
  if (written.size() != repeated.size())
    throw shape_error(concat("sample_responses: the policy wrote ", written.size(),
                             " responses to ", repeated.size()));
  std::vector<tokenized_example> examples;
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (i % responses == 0) examples.push_back({repeated[i], {}});
    examples.back().responses.push_back(std::move(written[i]));
  }
  return examples;
}

}  // namespace prefopt::inline v0_2
