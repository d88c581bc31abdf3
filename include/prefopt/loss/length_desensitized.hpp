// SPDX-License-Identifier: MIT
#pragma once
// LD-DPO, Liu et al. 2024, arXiv:2409.06411: both responses of a pair count in full up to the
// length of the shorter one, and the tokens of the longer one beyond that have weight `tail`, for
// policy and reference alike. So a response gains less from its length alone.

#include <concepts>
#include <string_view>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/loss_around.hpp"

namespace prefopt::inline v0_2 {

/// `length_desensitized{dpo{.beta = 0.1}, {.tail = 0.5}}`: a loss of summed log-probs with that
/// sum. With a tail of 1, it is the loss itself.
template <pairwise_loss Loss>
  requires std::same_as<decltype(Loss::reduction), const token_reduction> &&
           (Loss::reduction == token_reduction::sum)
struct length_desensitized : loss_around<Loss> {
  desensitized_sum reduction;

  static constexpr std::string_view name = loss_name<Loss>();
  static constexpr loss_inputs inputs = Loss::inputs;

  explicit length_desensitized(Loss inner = Loss{}, desensitized_sum sum = {})
      : loss_around<Loss>(std::move(inner)), reduction(sum) {}

  [[nodiscard]] pair_loss operator()(const pair_log_probs& pair) const { return this->loss(pair); }

  /// Throws value_error for a tail outside 0 to 1 and for the loss's own hyper-parameters.
  friend void check(const length_desensitized& self) {
    check(self.loss);
    if (!(self.reduction.tail >= 0 && self.reduction.tail <= 1))
      throw value_error(
          concat(name, ": the tail weighs ", self.reduction.tail, ", expected 0 to 1"));
  }
};

template <class Loss>
length_desensitized(Loss, desensitized_sum) -> length_desensitized<Loss>;

}  // namespace prefopt::inline v0_2
