// SPDX-License-Identifier: MIT
#pragma once
// judged_pairs: preferences from a judge. The policy answers each prompt twice and the judge says
// which answer is better; calling `trainer::step` repeatedly on such pairs is online DPO (Guo et
// al. 2024, arXiv:2402.04792), with AI feedback if the judge is an AI.

#include <cmath>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/policy/generation.hpp"
#include "prefopt/policy/response_scorer.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// An index, or an index that may be missing. A Boolean is not an index: "the first is better"
/// would be index 1.
template <class T>
concept index_or_none =
    (std::integral<T> && !std::same_as<T, bool>) || std::same_as<T, std::optional<std::size_t>>;

}  // namespace detail

/// Chooses between two responses.
/// Needs: a call operator from an example to the index of the better response, an integer, or to a
/// std::optional<std::size_t>, which is empty if it cannot tell.
template <class J>
concept response_judge = requires(J& judge, const tokenized_example& example) {
  { judge(example) } -> detail::index_or_none;
};

struct judged_samples {
  std::vector<tokenized_pair> pairs;
  /// prompts without a pair: equal responses, or a judge that could not tell
  std::size_t undecided = 0;
};

namespace detail {

/// The judge's choice for each example of two responses; for a scorer, the one with the higher
/// score, none if they are equal.
template <class Judge>
[[nodiscard]] std::vector<std::optional<std::size_t>> choices(
    Judge& judge, std::span<const tokenized_example> examples) {
  std::vector<std::optional<std::size_t>> all(examples.size());
  // checked first: checking whether a generic judge is a scorer would be an error inside it
  if constexpr (response_judge<Judge>) {
    for (std::size_t e = 0; e < all.size(); ++e) {
      const std::optional<std::size_t> choice = judge(examples[e]);
      if (choice && *choice > 1)
        throw value_error(concat("judged_pairs: the judge chose response ", *choice, " of 2"));
      all[e] = choice;
    }
  } else {
    const std::vector<double> scores = judge(examples);
    if (scores.size() != 2 * examples.size())
      throw shape_error(
          concat("judged_pairs: ", scores.size(), " scores for ", examples.size(), " pairs"));
    for (std::size_t e = 0; e < all.size(); ++e) {
      const double first = scores[2 * e], second = scores[2 * e + 1];
      if (std::isnan(first) || std::isnan(second))
        throw value_error(concat("judged_pairs: scores are ", first, " and ", second));
      if (first != second) all[e] = first > second ? 0 : 1;
    }
  }
  return all;
}

}  // namespace detail

/// Samples two responses to each prompt and lets the judge choose: a response_judge, or a
/// response_scorer, whose higher score wins and which scores all responses at once. Equal responses
/// are not judged. Throws value_error for a choice that is neither 0 nor 1 and for a score that is
/// not a number, shape_error unless there are two scores per pair, and what `generate` throws.
template <generating_policy Policy, class Judge>
  requires response_judge<Judge> || response_scorer<std::remove_cvref_t<Judge>>
[[nodiscard]] judged_samples judged_pairs(const Policy& policy, std::span<const token_ids> prompts,
                                          Judge&& judge, const generation_options& options,
                                          random_generator& random) {
  std::vector<tokenized_example> examples = sample_responses(policy, prompts, 2, options, random);
  std::erase_if(examples,
                [](const tokenized_example& one) { return one.responses[0] == one.responses[1]; });
  const auto chosen = detail::choices(judge, examples);
  judged_samples found;
  for (std::size_t e = 0; e < examples.size(); ++e) {
    if (!chosen[e]) continue;
    tokenized_example& example = examples[e];
    found.pairs.push_back({std::move(example.prompt), std::move(example.responses[*chosen[e]]),
                           std::move(example.responses[1 - *chosen[e]])});
  }
  found.undecided = prompts.size() - found.pairs.size();
  return found;
}

}  // namespace prefopt::inline v0_2
