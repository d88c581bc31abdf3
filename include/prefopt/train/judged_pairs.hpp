// SPDX-License-Identifier: MIT
#pragma once
// judged_pairs: preferences from a judge. The policy answers each prompt twice and the judge says which answer is
// better; `trainer::step` on the pairs, again and again, is online DPO (Guo et al. 2024, arXiv:2402.04792): feedback
// from an AI where the judge is one.

#include <cmath>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/policy/generation.hpp"
#include "prefopt/policy/reward_model.hpp"

namespace prefopt {

/// Chooses between two responses.
/// Needs: a call operator from an example to the index of the better response, or to nothing where it cannot tell.
template <class J>
concept response_judge = requires(J& judge, const tokenized_example& example) {
  { judge(example) } -> std::convertible_to<std::optional<std::size_t>>;
};

/// The judge that a scorer is: the higher score is the better, of equal ones neither. Throws value_error for a score
/// that is not a number.
template <response_scorer Scorer>
class higher_score {
 public:
  explicit higher_score(const Scorer& scorer) : scorer_(&scorer) {}  ///< which must outlive it
  explicit higher_score(const Scorer&&) = delete;

  [[nodiscard]] std::optional<std::size_t> operator()(const tokenized_example& example) const {
    const std::vector<double> scores = (*scorer_)(std::span(&example, 1));
    if (std::isnan(scores.at(0)) || std::isnan(scores.at(1)))
      throw value_error(join("higher_score: scores are ", scores[0], " and ", scores[1]));
    if (scores[0] == scores[1]) return std::nullopt;
    return scores[0] > scores[1] ? 0 : 1;
  }

 private:
  const Scorer* scorer_;
};

struct judged_samples {
  std::vector<tokenized_pair> pairs;
  std::size_t undecided = 0;  ///< prompts without a pair: equal responses, or a judge that could not tell
};

/// Samples two responses to each prompt and lets the judge choose. Throws value_error for a choice that is neither 0
/// nor 1, and what `generate` throws.
template <generating_policy Policy, response_judge Judge>
[[nodiscard]] judged_samples judged_pairs(const Policy& policy, std::span<const token_ids> prompts, Judge&& judge,
                                          const generation_options& options, random_generator& random) {
  judged_samples found;
  for (tokenized_example& example : sample_responses(policy, prompts, 2, options, random)) {
    if (example.responses[0] == example.responses[1]) {
      ++found.undecided;
      continue;
    }
    const std::optional<std::size_t> choice = judge(std::as_const(example));
    if (!choice) {
      ++found.undecided;
      continue;
    }
    if (*choice > 1) throw value_error(join("judged_pairs: the judge chose response ", *choice, " of 2"));
    found.pairs.push_back(
        {std::move(example.prompt), std::move(example.responses[*choice]), std::move(example.responses[1 - *choice])});
  }
  return found;
}

}  // namespace prefopt
