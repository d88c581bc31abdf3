// SPDX-License-Identifier: MIT
// A listwise loss that carries a number from step to step, used in a run, a sum, and an any_loss;
// and frozen tensors.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <string_view>
#include <vector>

#include <prefopt/prefopt.hpp>

namespace {

using namespace prefopt;

// [loss]
/// Cross-entropy between softmax(scores) and softmax(beta log-ratios) of the responses to a prompt.
struct matched_scores {
  double beta = 0.1;  ///< above 0

  static constexpr std::string_view name = "matched_scores";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};  // all responses and the reference

  list_loss operator()(std::span<const response_log_probs> list) const {
    std::vector<double> rewards, scores;
    for (const response_log_probs& one : list) {  // in the order of the data, not of their scores
      rewards.push_back(beta * (one.policy - one.reference));
      scores.push_back(one.score);
    }
    const double reward_sum = log_sum_exp(rewards), score_sum = log_sum_exp(scores);
    list_loss result;
    for (std::size_t k = 0; k < list.size(); ++k) {
      const double expected = std::exp(scores[k] - score_sum),
                   came = std::exp(rewards[k] - reward_sum);
      result.loss -= expected * (rewards[k] - reward_sum);
      result.slopes.push_back(beta * (came - expected));  // one per response: d loss / d policy
    }
    return result;
  }

  friend void check(const matched_scores& loss) { check_beta(name, loss.beta); }
};
static_assert(listwise_loss<matched_scores>);
// [/loss]

// [state]
/// The same with a beta that decreases as the policy moves away: divided by 1 + |mean log-ratio|
/// over all steps.
struct cooling : matched_scores {
  double mean = 0;
  double steps = 0;

  list_loss operator()(std::span<const response_log_probs> list) const {
    return matched_scores{beta / (1 + std::abs(mean))}(list);
  }
  // once per step, with all of its examples, before the losses are computed
  void observe(const response_groups& step) {
    double sum = 0;
    for (const response_log_probs& one : step.responses) sum += one.policy - one.reference;
    mean += (sum / double(step.responses.size()) - mean) / ++steps;
  }
  // saved in the trainer's state, and restored from it
  std::vector<double> state() const { return {mean, steps}; }
  void restore(std::span<const double> state) {
    if (state.size() != 2) throw value_error("cooling: not its state");
    mean = state[0], steps = state[1];
  }
  friend void check(const cooling& loss) { check_beta(name, loss.beta); }
};
static_assert(listwise_loss<cooling> && stateful_loss<cooling>);
// [/state]

const std::vector<tokenized_example> lists{
    {.prompt = {1}, .responses = {{2, 0}, {3, 0}, {1, 0}}, .scores = {0.5, 2, -1}},
    {.prompt = {2}, .responses = {{3, 3, 0}, {1, 0}, {2, 0}}, .scores = {1, 0, 0.5}}};

bool the_slopes_are_derivatives() {
  std::vector<response_log_probs> list{{-2, -2.5, 3, 1}, {-3, -2.75, 4, 0.5}, {-1, -1.5, 2, -1}};
  const matched_scores loss{.beta = 0.3};
  const auto slopes = loss(list).slopes;
  bool same = true;
  constexpr double h = 1e-5;
  for (std::size_t k = 0; k < list.size(); ++k) {
    auto up = list, down = list;
    up[k].policy += h, down[k].policy -= h;
    same = same && std::abs(slopes[k] - (loss(up).loss - loss(down).loss) / (2 * h)) < 1e-9;
  }
  return same;
}

template <class Loss>
bool learns(const Loss& loss) {
  bigram policy(4);
  const auto reference = reference_log_probs(policy, lists);
  const double before = evaluate(policy, reference, matched_scores{}, lists).loss;
  trainer run{policy, reference, loss, {.learning_rate = 0.05, .epochs = 50}};
  run.train(lists);
  return evaluate(policy, reference, matched_scores{}, lists).loss < before;
}

bool a_frozen_tensor_stays() {
  bigram table(4);
  const auto before = table.parameters()[0].value.front();
  // [frozen]
  table.set_trainable("logits", false);  // kept by the model; call before constructing its trainer
  // [/frozen]
  return before == 0 && !table.parameters()[0].trainable;
}

}  // namespace

int main() {
  const bool slopes = the_slopes_are_derivatives();
  const bool learned =
      learns(matched_scores{}) && learns(cooling{}) && learns(any_loss{cooling{}}) &&
      learns(weighted_sum{weighted{matched_scores{}, 1}, weighted{cooling{}, 0.5}});
  if (!slopes) std::puts("WRONG: the slopes are not the derivatives");
  if (!learned) std::puts("WRONG: a run did not lower the loss");
  if (slopes && learned && a_frozen_tensor_stays()) {
    std::puts("an own loss of lists learns");
    return 0;
  }
  return 1;
}
