// SPDX-License-Identifier: MIT
#pragma once
// bigram: the smallest trainable policy, a table in which row u holds the logits of the token that
// follows u. It shows the minimum that a policy must provide: it walks plain sequences and knows
// nothing about trees. Because it is exact and small enough to enumerate, tests also measure losses
// and training against it.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/backend/host.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/data/check_batch.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/policy/frozen_tensors.hpp"
#include "prefopt/policy/generation.hpp"
#include "prefopt/policy/parameter.hpp"

namespace prefopt::inline v0_2 {

/// log p(v | u) = logits[u, v] - log sum_w exp(logits[u, w]), with logits [V, V] in double,
/// initially zero (uniform). Moving a bigram leaves its table in place, so the spans of
/// `parameters()` stay valid.
class bigram {
 public:
  /// Throws value_error unless there are 1 to 65536 tokens.
  explicit bigram(std::size_t vocabulary_size) : size_(vocabulary_size) {
    if (size_ < 1 || size_ > 65536)
      throw value_error(concat("bigram: ", size_, " tokens, expected 1 to 65536"));
    logits_ = backend_.allocate<double>(size_ * size_);
    gradient_ = backend_.allocate<double>(size_ * size_);
  }

  [[nodiscard]] std::size_t vocabulary_size() const { return size_; }
  [[nodiscard]] const host_backend<double>& backend() const { return backend_; }

  /// One tensor, "logits" [V, V].
  [[nodiscard]] const std::vector<parameter<double>> parameters() {
    return {{.name = "logits",
             .shape = {size_, size_},
             .value = logits_,
             .gradient = gradient_,
             .trainable = !frozen_.contains("logits"),
             .decays = true}};
  }

  /// Sets whether training updates the tensor with that name; by default it does. Create the
  /// trainer afterwards. Throws value_error for an unknown name.
  void set_trainable(std::string_view name, bool trainable) {
    frozen_.set(parameters(), name, trainable);
  }

  /// [V], for the next token; `before` must be in the vocabulary.
  [[nodiscard]] std::span<const double> logits_after(token_id before) const {
    return std::span(logits_).subspan(static_cast<std::size_t>(before) * size_, size_);
  }

  /// log p(token | before), nats; both must be in the vocabulary.
  [[nodiscard]] double log_prob(std::size_t before, std::size_t token) const {
    const auto row = logits_after(static_cast<token_id>(before));
    const double greatest = std::ranges::max(row);  // exp sees only arguments <= 0
    double sum = 0;
    for (const double logit : row) sum += std::exp(logit - greatest);
    return row[token] - greatest - std::log(sum);
  }

  /// [M], nats. Throws shape_error or value_error for an invalid batch or for tokens outside the
  /// vocabulary.
  [[nodiscard]] std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    return evaluate(batch).log_probs;
  }

  /// log sum_w p(w | u)^2 at each target, [M].
  [[nodiscard]] std::vector<double> token_square_sums(const prefix_tree_batch& batch) const {
    return square_sums(evaluate(batch));
  }

  /// KL(reference || policy) of the next token at each target, [M] in nats. Throws value_error for
  /// a reference with a different vocabulary.
  [[nodiscard]] std::vector<double> token_divergences(const prefix_tree_batch& batch,
                                                      const bigram& reference) const {
    return divergences(evaluate(batch), reference);
  }

 private:
  /// The tokens before each target and the targets, [M] each.
  struct evaluation {
    std::vector<std::size_t> before;
    std::vector<std::size_t> token;
    std::vector<double> log_probs;
  };

 public:
  /// A forward pass; its backward reads the policy's table again.
  class pass {
   public:
    pass(bigram& policy, evaluation seen, const bigram* reference = nullptr)
        : policy_(&policy), reference_(reference), seen_(std::move(seen)) {}
    pass(pass&&) noexcept = default;
    pass& operator=(pass&&) noexcept = default;

    [[nodiscard]] std::span<const double> log_probs() const { return seen_.log_probs; }

    /// d log p(v | u) / d logits[u, w] = [v = w] - p(w | u). Adds to the gradient; `slopes` [M].
    void backward(std::span<const double> slopes) {
      if (slopes.size() != seen_.log_probs.size()) {
        throw shape_error(concat("bigram: ", slopes.size(), " slopes for ", seen_.log_probs.size(),
                                 " log-probs"));
      }
      for (std::size_t m = 0; m < slopes.size(); ++m) {
        const std::size_t row = seen_.before[m] * policy_->size_;
        const double normalizer = policy_->logits_[row + seen_.token[m]] - seen_.log_probs[m];
        for (std::size_t w = 0; w < policy_->size_; ++w) {
          policy_->gradient_[row + w] -=
              slopes[m] * std::exp(policy_->logits_[row + w] - normalizer);
        }
        policy_->gradient_[row + seen_.token[m]] += slopes[m];
      }
    }

    /// Like the policy's functions of these names.
    [[nodiscard]] std::vector<double> square_sums() const { return policy_->square_sums(seen_); }
    [[nodiscard]] std::vector<double> divergences() const {
      if (reference_ == nullptr)
        throw value_error("bigram: divergences of a pass without a reference");
      return policy_->divergences(seen_, *reference_);
    }

    /// Both backward passes; d KL(q || p(. | u)) / d logits[u, w] = p(w | u) - q(w).
    void backward(std::span<const double> slopes, std::span<const double> divergence_slopes) {
      if (reference_ == nullptr)
        throw value_error("bigram: divergences of a pass without a reference");
      if (divergence_slopes.size() != seen_.log_probs.size()) {
        throw shape_error(concat("bigram: ", divergence_slopes.size(), " divergence slopes for ",
                                 seen_.log_probs.size(), " targets"));
      }
      backward(slopes);
      for (std::size_t m = 0; m < divergence_slopes.size(); ++m) {
        for (std::size_t w = 0; w < policy_->size_; ++w) {
          policy_->gradient_[seen_.before[m] * policy_->size_ + w] +=
              divergence_slopes[m] * (std::exp(policy_->log_prob(seen_.before[m], w)) -
                                      std::exp(reference_->log_prob(seen_.before[m], w)));
        }
      }
    }

   private:
    bigram* policy_;
    const bigram* reference_;
    evaluation seen_;
  };

  /// The pass must not outlive the policy, and the policy must not change in between.
  [[nodiscard]] pass forward(const prefix_tree_batch& batch) { return {*this, evaluate(batch)}; }

  /// The same with a reference, which the pass must not outlive either.
  [[nodiscard]] pass forward(const prefix_tree_batch& batch, const bigram& reference) {
    return {*this, evaluate(batch), &reference};
  }

 private:
  [[nodiscard]] evaluation evaluate(const prefix_tree_batch& batch) const {
    check(batch, {.vocabulary_size = size_});
    evaluation seen;
    for_each_sequence(batch, [&](const sequence_path& path) {
      const auto tokens = path.tokens;
      for (const std::size_t p : path.targets) {
        seen.before.push_back(static_cast<std::size_t>(tokens[p - 1]));
        seen.token.push_back(static_cast<std::size_t>(tokens[p]));
        seen.log_probs.push_back(log_prob(seen.before.back(), seen.token.back()));
      }
    });
    return seen;
  }

  [[nodiscard]] std::vector<double> square_sums(const evaluation& seen) const {
    std::vector<double> sums;
    for (const std::size_t before : seen.before) {
      double sum = 0;
      for (std::size_t w = 0; w < size_; ++w) sum += std::exp(2 * log_prob(before, w));
      sums.push_back(std::log(sum));
    }
    return sums;
  }

  [[nodiscard]] std::vector<double> divergences(const evaluation& seen,
                                                const bigram& reference) const {
    if (reference.size_ != size_)
      throw value_error(
          concat("bigram: a reference of ", reference.size_, " tokens, expected ", size_));
    std::vector<double> all;
    for (const std::size_t before : seen.before) {
      double sum = 0;
      for (std::size_t w = 0; w < size_; ++w) {
        const double was = reference.log_prob(before, w);
        sum += std::exp(was) * (was - log_prob(before, w));
      }
      all.push_back(sum);
    }
    return all;
  }

  host_backend<double> backend_;
  std::size_t size_;
  std::vector<double> logits_;
  std::vector<double> gradient_;
  frozen_tensors frozen_;
};

/// A response to each prompt, as generating_policy requires. Throws value_error for a prompt that
/// is empty or has tokens outside the vocabulary, and what check(options.sampling) throws.
[[nodiscard]] inline std::vector<token_ids> generate(const bigram& policy,
                                                     std::span<const token_ids> prompts,
                                                     const generation_options& options,
                                                     random_generator& random) {
  check(options);
  std::vector<token_ids> responses;
  for (const token_ids& prompt : prompts) {
    if (prompt.empty()) throw value_error("generate: an empty prompt");
    for (const token_id token : prompt)
      if (token < 0 || static_cast<std::size_t>(token) >= policy.vocabulary_size())
        throw value_error(
            concat("generate: token ", token, " with a vocabulary of ", policy.vocabulary_size()));
    token_id last = prompt.back();
    random_generator own(random.next());
    token_ids& response = responses.emplace_back();
    while (response.size() < options.max_new_tokens &&
           (response.empty() || last != options.end_of_text)) {
      last = sample_token(policy.logits_after(last), options.sampling, own);
      response.push_back(last);
    }
  }
  return responses;
}

static_assert(generating_policy<bigram>);

}  // namespace prefopt::inline v0_2
