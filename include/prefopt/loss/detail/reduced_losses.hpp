// SPDX-License-Identifier: MIT
#pragma once
// Reduces tokens to the numbers that most losses read, computes the losses of these, and carries
// slopes back to tokens.
//
// Legend: E examples, S responses, M tokens.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "prefopt/core/best_score.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/loss/batch_pairs.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/reduction.hpp"
#include "prefopt/loss/token_groups.hpp"

namespace prefopt::inline v0_2::detail {

template <class Number>
[[nodiscard]] std::span<Number> tokens_of(const response_tokens& response,
                                          std::span<Number> numbers) {
  return numbers.subspan(response.first, response.count);
}

[[nodiscard]] inline reduction_context context_of(std::span<const response_tokens> group) {
  if (group.empty()) return {};
  return {std::ranges::min(group, {}, &response_tokens::count).count};
}

/// [S], in the order of the responses. The reference's numbers are 0 unless `reads_reference`.
template <class Reduction>
[[nodiscard]] std::vector<response_log_probs> reduce_all(const Reduction& reduction,
                                                         bool reads_reference,
                                                         const token_groups& groups) {
  std::vector<response_log_probs> reduced;
  reduced.reserve(groups.responses.size());
  for (std::size_t e = 0; e < groups.size(); ++e) {
    const reduction_context context = context_of(groups[e]);
    for (const response_tokens& response : groups[e]) {
      reduced.push_back(
          {.policy = reduce(reduction, tokens_of(response, groups.policy), context),
           .reference = reads_reference
                            ? reduce(reduction, tokens_of(response, groups.reference), context)
                            : 0,
           .tokens = static_cast<std::int64_t>(response.count),
           .score = response.score});
    }
  }
  return reduced;
}

/// The adjoint: [S] slopes to [M].
template <class Reduction>
[[nodiscard]] std::vector<double> spread_all(const Reduction& reduction,
                                             std::span<const double> slopes,
                                             const token_groups& groups) {
  std::vector<double> token_slopes(groups.policy.size());
  for (std::size_t e = 0, s = 0; e < groups.size(); ++e) {
    const reduction_context context = context_of(groups[e]);
    for (const response_tokens& response : groups[e])
      add_token_slopes(reduction, slopes[s++], tokens_of(response, std::span(token_slopes)),
                       context);
  }
  return token_slopes;
}

/// The index of the best response of a group, the first among equals. Throws value_error if no
/// response answers the example's prompt, and if the only one that does is not desirable.
[[nodiscard]] inline std::size_t best_of(std::string_view loss,
                                         std::span<const response_log_probs> group) {
  const std::size_t best = best_score(group.size(), [&](std::size_t k) { return group[k].score; });
  if (best == group.size())
    throw value_error(concat(loss, ": an example without a response to its prompt"));
  const auto own =
      std::ranges::count_if(group, [](const auto& one) { return !std::isnan(one.score); });
  if (own == 1 && !(group[best].score > 0))
    throw value_error(concat(loss, ": an example whose only response has score ", group[best].score,
                             ", expected a desirable one, with a score above 0"));
  return best;
}

/// Adds the loss and the slopes of one example, from which a pairwise loss reads two responses or
/// only the best.
template <pairwise_loss Loss>
void add_pair(const Loss& loss, std::span<const response_log_probs> group, batch_losses& results) {
  constexpr std::string_view name = loss_name<Loss>();
  const bool of_two = loss.inputs.rejected;
  const std::size_t chosen = of_two ? 0 : best_of(name, group);
  const auto alone = [&] {
    const response_log_probs& one = group[chosen];
    return pair_log_probs{.policy_chosen = one.policy,
                          .reference_chosen = one.reference,
                          .chosen_tokens = one.tokens};
  };
  const pair_loss one = loss(of_two ? pair_of(name, group) : alone());
  const std::size_t begin = results.slopes.size();
  results.slopes.resize(begin + group.size());
  results.losses.push_back(one.loss);
  results.slopes[begin + chosen] = one.slope_chosen;
  if (of_two) results.slopes[begin + 1] = one.slope_rejected;
}

/// Throws shape_error if a loss returns a different number of numbers than it should.
inline void require_count(std::string_view loss, const char* what, std::size_t came,
                          std::size_t expected, const char* of_what) {
  if (came != expected)
    throw shape_error(
        concat(loss, ": the loss returned ", came, ' ', what, " for ", expected, ' ', of_what));
}

/// Losses and slopes of reduced numbers, for losses that read those.
template <preference_loss Loss>
  requires(!token_loss<Loss>)
[[nodiscard]] batch_losses losses_of(const Loss& loss, const response_groups& groups) {
  if constexpr (batch_loss<Loss>) {
    batch_losses results = loss(groups);
    require_count(loss_name<Loss>(), "losses", results.losses.size(), groups.size(), "examples");
    require_count(loss_name<Loss>(), "slopes", results.slopes.size(), groups.responses.size(),
                  "responses");
    return results;
  } else {
    batch_losses results;
    results.slopes.reserve(groups.responses.size());
    for (std::size_t e = 0; e < groups.size(); ++e) {
      if constexpr (pairwise_loss<Loss>) {
        add_pair(loss, groups[e], results);
      } else {
        if (groups[e].size() < 2)
          throw value_error(
              concat(loss_name<Loss>(), ": an example with one response, expected two or more"));
        const list_loss one = loss(groups[e]);
        require_count(loss_name<Loss>(), "slopes", one.slopes.size(), groups[e].size(),
                      "responses of a list");
        results.losses.push_back(one.loss);
        results.slopes.insert(results.slopes.end(), one.slopes.begin(), one.slopes.end());
      }
    }
    return results;
  }
}

}  // namespace prefopt::inline v0_2::detail
