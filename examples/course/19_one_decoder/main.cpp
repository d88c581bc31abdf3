// SPDX-License-Identifier: MIT
//
// 19: One decoder, many families
//
// You know:  what a policy must provide (lesson 06), how a backward pass is checked (05), what a
//            GPT-2 is trained with (08).
// You learn: in what Llama, Qwen and the others differ from a GPT-2, and that a family is a
//            description: you add one here in twenty lines.
// Run:       ./lesson_19_one_decoder
// Expect:    seven families, each with a first loss of log 2, a gradient that finite differences
//            confirm, and log-probs that do not depend on packing.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <numbers>
#include <vector>

#include <prefopt/eigen.hpp>
#include <prefopt/prefopt.hpp>

using namespace prefopt;

namespace {

// [a family]
/// Rotations as in Llama, but a plain feed-forward layer, and only every second layer sees the
/// whole text.
struct toy_config {
  std::size_t layers = 4, channels = 24, vocabulary = 12;
};

decoder_spec describe(const toy_config& config) {
  llama_config like;
  like.num_hidden_layers = config.layers;
  like.num_attention_heads = 4;
  like.num_key_value_heads = 1;
  like.hidden_size = config.channels;
  like.intermediate_size = 2 * config.channels;
  like.vocab_size = config.vocabulary;
  like.max_position_embeddings = 32;
  decoder_spec spec = describe(like);
  spec.model_type = "toy";
  spec.shape.mlp = mlp_kind::plain;
  spec.names.mlp_in = {"mlp.in_proj"};
  for (std::size_t i = 0; i < config.layers; i += 2) spec.shape.layers[i].window = 3;
  return spec;
}
// [/a family]

/// The sizes that the other families get here.
template <class Config>
Config small() {
  Config config;
  config.num_hidden_layers = 4;
  config.num_attention_heads = 4;
  config.num_key_value_heads = 2;
  config.head_dim = 6;
  config.hidden_size = 24;
  config.intermediate_size = 32;
  config.vocab_size = 12;
  config.max_position_embeddings = 32;
  return config;
}

const std::vector<tokenized_pair> pairs{
    {.prompt = {1, 4, 2, 8, 5, 7, 1}, .chosen = {7, 3, 3, 9, 0}, .rejected = {5, 0}},
    {.prompt = {1, 4, 2, 8, 5, 7, 1}, .chosen = {6, 6, 2, 0}, .rejected = {7, 7, 7, 0}},
    {.prompt = {9, 2, 6}, .chosen = {8, 8, 1, 0}, .rejected = {8, 8, 3, 3, 0}},
};

/// A callback that keeps a run's first and last loss.
struct loss_range {
  double first = 0, last = 0;
  void on_step(const step_report& step) {
    if (step.step == 1) first = step.loss;
    last = step.loss;
  }
};

bool is_good = true;

void show(const char* name, const decoder_spec& spec) {
  // [checks]
  const eigen_backend<double> backend{{.threads = 1}};
  causal_lm policy(backend, spec);
  initialize(policy, 1);
  random_generator random(2);  // larger weights make all terms count
  std::size_t weights = 0;
  for (const auto& tensor : policy.parameters()) {
    for (double& weight : tensor.value) weight += 0.3 * random.normal();
    weights += tensor.value.size();
  }
  const gradient_check check = check_gradient(policy, dpo{.beta = 0.1}, pairs);

  // a response alone has the log-prob that it has beside all others
  const auto log_probs = [&](std::vector<std::size_t> members) {
    const prefix_tree_batch batch = pack(pairs, members);
    return sequence_log_probs(batch, policy.token_log_probs(batch));  // chosen, rejected, ...
  };
  double apart = 0;
  const auto together = log_probs({0, 1, 2});
  for (std::size_t i = 0; i < pairs.size(); ++i)
    for (std::size_t r = 0; r < 2; ++r)
      apart = std::max(apart, std::abs(log_probs({i})[r] - together[2 * i + r]));

  loss_range losses;
  trainer run{policy,
              dpo{.beta = 0.1},
              {.learning_rate = 3e-3, .warmup_steps = 0, .batch_size = 3, .max_steps = 20}};
  run.train(pairs, losses);
  // [/checks]
  std::printf("%-8s %7zu weights   gradient %.0e   packed %.0e   loss %.4f to %.4f\n", name,
              weights, check.error, apart, losses.first, losses.last);
  is_good = is_good && check.error < 1e-7 && apart < 1e-12 &&
            std::abs(losses.first - std::numbers::ln2) < 1e-12 && losses.last < losses.first;
}

}  // namespace

int main() {
  // [families]
  show("gpt2", describe(gpt2_config{
                   .n_layer = 4, .n_head = 4, .n_embd = 24, .vocab_size = 12, .n_positions = 32}));
  show("llama", describe(small<llama_config>()));
  auto mistral = small<mistral_config>();
  mistral.sliding_window = 3;
  show("mistral", describe(mistral));
  show("qwen2", describe(small<qwen2_config>()));
  show("qwen3", describe(small<qwen3_config>()));
  show("smollm3", describe(small<smollm3_config>()));
  show("toy", describe(toy_config{}));
  // [/families]
  return is_good ? 0 : 1;
}
