// SPDX-License-Identifier: MIT
#pragma once
// standing: how a policy does, on pairs that it is not trained on and in its own samples.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <prefopt/eigen.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/tokenizers.hpp>
#include "demo/phrases.hpp"

namespace demo {

using model = prefopt::causal_lm<prefopt::eigen_backend<float>>;

/// What the table shows. Rewards are beta (log pi - log pi_ref).
struct standing {
  double loss = 0;  ///< mean over the pairs
  /// share of pairs whose chosen response has the higher reward; a tie counts one half
  double accuracy = 0;
  /// mean reward of the chosen responses, less that of the rejected ones
  double margin = 0;
  /// share of pairs whose chosen response is the more probable one; a tie as above
  double prefers_chosen = 0;
  /// mean of log pi - log pi_ref over completions sampled from pi, nats
  double log_ratio = 0;
  std::size_t samples = 0;  ///< how many
  double ended = 0;         ///< share of them that reached their end
  text_quality text;        ///< of the samples
};

/// `count` of `size` places, evenly spread; all of them if there are fewer.
[[nodiscard]] std::vector<std::size_t> spread(std::size_t size, std::size_t count);

/// A completion of a prompt, including its end-of-text token if it reached it.
[[nodiscard]] prefopt::token_ids complete(const model& policy, const prefopt::token_ids& prompt,
                                          prefopt::token_id end_of_text,
                                          const prefopt::sampling_options& how, std::uint64_t seed);

/// The tokens as text to display, without a closing end-of-text token.
[[nodiscard]] std::string text_of(prefopt::token_ids response,
                                  const prefopt::gpt2_tokenizer& tokenizer);

/// Measures a policy against a reference on `pairs`, and its samples against the training data's
/// phrases. The same seed gives the same random numbers.
[[nodiscard]] standing measure(const model& policy, const model& reference,
                               const prefopt::dpo& loss,
                               std::span<const prefopt::tokenized_pair> pairs,
                               const prefopt::gpt2_tokenizer& tokenizer, const phrases& known,
                               std::uint64_t seed);

}  // namespace demo
