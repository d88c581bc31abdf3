// SPDX-License-Identifier: MIT
//
// prefopt_demo: a small GPT-2, from random weights, learns what the host of an inn may say
// (supervised fine-tuning on the chosen responses, which are partly friendly), and then to be
// friendly (DPO against the fine-tuned model). It measures the model before and after DPO, on pairs
// that it was not trained on and by its own samples, and fails if it did not learn the preference
// or if its text got worse.

#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include <prefopt/prefopt.hpp>
#include <prefopt/pretrained.hpp>
#include "begin.hpp"
#include "demo/options.hpp"
#include "demo/picture.hpp"
#include "demo/standing.hpp"

namespace {

using prefopt::concat;
namespace fs = std::filesystem;

constexpr double expected_accuracy = 0.8;  // of held-out pairs, after DPO
constexpr double expected_rise = 0.1;      // of the share of friendly sentences
constexpr double most_divergence = 3;      // nats
constexpr double tolerated_fall = 0.05;    // of the shares of well-formed text: samples vary

void print_wall_time(const char* what, std::chrono::steady_clock::time_point start) {
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  std::printf("%s took %.1f s\n\n", what, spent.count());
}

/// Removes the files of an earlier demo that this one would append to or might not write.
void remove_earlier(const fs::path& output) {
  for (const char* name :
       {"sft/metrics.jsonl", "dpo/metrics.jsonl", "dpo/eval.jsonl", "curves.svg"})
    fs::remove(output / name);
}

prefopt::tokenized_preferences read_pairs(const fs::path& file,
                                          const prefopt::gpt2_tokenizer& tokenizer,
                                          const prefopt::gpt2_config& config) {
  auto pairs = prefopt::tokenize(prefopt::read_preferences(file), tokenizer,
                                 {.max_length = config.n_positions});
  std::printf("%s: %s\n", file.c_str(), prefopt::describe(pairs.report).c_str());
  return pairs;
}

prefopt::progress_bar progress(std::int64_t log_every) {
  return prefopt::progress_bar{{.stream = stdout, .log_every = log_every}};
}

/// The chosen responses alone, and no reference.
void fine_tune(demo::model& policy, const prefopt::tokenized_preferences& pairs,
               const demo::options& o, const fs::path& folder) {
  std::printf("\nSupervised fine-tuning on the chosen responses\n");
  const auto start = std::chrono::steady_clock::now();
  prefopt::trainer trainer{policy,
                           prefopt::no_reference{},
                           prefopt::sft{},
                           {.learning_rate = 4e-3,
                            .schedule = prefopt::schedule::cosine,
                            .warmup_steps = 20,
                            .weight_decay = 0.1,
                            .adam_beta2 = 0.99,
                            .batch_size = 4,
                            .max_steps = o.sft_steps,
                            .seed = o.seed}};
  trainer.train(pairs, prefopt::step_log{folder / "metrics.jsonl"}, progress(150));
  print_wall_time("Fine-tuning", start);
}

void prefer(demo::model& policy, const prefopt::dpo& loss,
            const prefopt::tokenized_preferences& pairs,
            const prefopt::tokenized_preferences& held_out, const demo::options& o,
            const fs::path& folder) {
  std::printf("DPO on the pairs, with beta %g\n", loss.beta);
  const auto start = std::chrono::steady_clock::now();
  const auto reference = prefopt::reference_log_probs(policy, pairs);
  const auto held_out_reference = prefopt::reference_log_probs(policy, held_out);
  prefopt::trainer trainer{policy,
                           reference,
                           loss,
                           {.learning_rate = 1e-4,
                            .warmup_steps = 10,
                            .batch_size = 8,
                            .max_steps = o.dpo_steps,
                            .seed = o.seed}};
  trainer.train(pairs, prefopt::step_log{folder / "metrics.jsonl"},
                prefopt::evaluation_log{folder / "eval.jsonl"}, progress(25),
                prefopt::evaluate_every{25, held_out, held_out_reference});
  print_wall_time("DPO", start);
}

void print_table(std::size_t pairs, const demo::standing& before, const demo::standing& after) {
  std::printf("%-56s %10s %10s\n", concat("On ", pairs, " held-out pairs").c_str(), "before DPO",
              "after DPO");
  const auto row = [](const std::string& what, double old, double now) {
    std::printf("  %-54s %10.3f %10.3f\n", what.c_str(), old, now);
  };
  row("loss", before.loss, after.loss);
  row("reward accuracy (a tie counts one half)", before.accuracy, after.accuracy);
  row("reward margin", before.margin, after.margin);
  row("share with log pi(chosen) > log pi(rejected)", before.prefers_chosen, after.prefers_chosen);
  std::printf(
      "Before DPO the policy is its own reference: every reward is 0 and every pair a tie.\n\n");
  std::printf("%-56s %10s %10s\n",
              concat("In ", after.samples, " samples, one for each prompt").c_str(), "before DPO",
              "after DPO");
  row("friendly sentences (preferred in the training pairs)", before.text.preferred_sentences,
      after.text.preferred_sentences);
  row("well-formed sentences (they are in the training pairs)", before.text.known_sentences,
      after.text.known_sentences);
  row("known words", before.text.known_words, after.text.known_words);
  row("samples that end", before.ended, after.ended);
  row("KL(policy || reference), nats: mean log pi - log pi_ref", before.log_ratio, after.log_ratio);
}

void print_completions(const prefopt::tokenized_preferences& pairs,
                       const prefopt::gpt2_tokenizer& tokenizer, const demo::model& before,
                       const demo::model& after, std::uint64_t seed) {
  std::printf("\nSampled completions of held-out prompts (top-p 0.9)\n");
  const prefopt::sampling_options how{.top_p = 0.9};
  for (const std::size_t i : demo::spread(pairs.size(), 3)) {
    const auto say = [&](const demo::model& policy) {
      return demo::text_of(
          demo::complete(policy, pairs[i].prompt, tokenizer.end_of_text(), how, seed + i),
          tokenizer);
    };
    std::printf("%s\n  before:%s\n  after: %s\n", tokenizer.decode(pairs[i].prompt).c_str(),
                say(before).c_str(), say(after).c_str());
  }
}

void print_files(const fs::path& output) {
  std::printf("\nTrained model  %s\nIts metrics    %s, %s\n", (output / "dpo").c_str(),
              (output / "dpo/metrics.jsonl").c_str(), (output / "dpo/eval.jsonl").c_str());
  std::printf("Its reference  %s\n", (output / "sft").c_str());
  switch (demo::draw_curves(output)) {
    case demo::drawing::done:
      std::printf("Curves         %s\n", (output / "curves.svg").c_str());
      break;
    case demo::drawing::no_gnuplot:
      std::printf("Curves         not drawn, gnuplot is not installed\n");
      break;
    case demo::drawing::failed:
      std::printf("Curves         not drawn, gnuplot failed\n");
      break;
  }
}

/// The exit status: 1 if DPO did not do what it should, with one line on stderr that lists
/// everything.
int judge(const demo::standing& before, const demo::standing& after) {
  std::string wrong;
  const auto expect = [&](bool holds, const char* what, double from, double to) {
    if (holds) return;
    char numbers[80];
    std::snprintf(numbers, sizeof numbers, ": %.3f before DPO, %.3f after it", from, to);
    wrong += (wrong.empty() ? "" : "; ") + std::string(what) + numbers;
  };
  const demo::text_quality &old = before.text, &now = after.text;
  expect(after.accuracy >= expected_accuracy, "reward accuracy on held-out pairs below 0.8",
         before.accuracy, after.accuracy);
  expect(after.margin > before.margin, "the reward margin did not rise", before.margin,
         after.margin);
  expect(after.log_ratio < most_divergence, "a divergence of 3 nats or more", before.log_ratio,
         after.log_ratio);
  expect(now.preferred_sentences >= old.preferred_sentences + expected_rise,
         "the share of friendly sentences did not rise by 0.1", old.preferred_sentences,
         now.preferred_sentences);
  expect(now.known_sentences >= old.known_sentences - tolerated_fall, "fewer well-formed sentences",
         old.known_sentences, now.known_sentences);
  expect(now.known_words >= old.known_words - tolerated_fall, "fewer known words", old.known_words,
         now.known_words);
  expect(after.ended >= before.ended - tolerated_fall, "fewer samples that end", before.ended,
         after.ended);
  if (wrong.empty()) return 0;
  std::fprintf(stderr, "error: %s\n", wrong.c_str());
  return 1;
}

/// The exit status.
int run(const demo::options& o) {
  const fs::path output = o.output, sft = output / "sft", dpo = output / "dpo";
  const auto tokenizer = prefopt::gpt2_tokenizer::from_directory(o.data);
  const prefopt::gpt2_config config{.n_layer = 3,
                                    .n_head = 4,
                                    .n_embd = 128,
                                    .vocab_size = tokenizer.vocabulary_size(),
                                    .n_positions = 128};
  const auto train = read_pairs(fs::path(o.data) / "train.jsonl", tokenizer, config);
  const auto held_out = read_pairs(fs::path(o.data) / "held_out.jsonl", tokenizer, config);
  fs::create_directories(sft);
  fs::create_directories(dpo);
  remove_earlier(output);

  const prefopt::eigen_backend<float> backend{{.threads = o.threads}};
  prefopt::causal_lm policy{backend, config};
  prefopt::initialize(policy, o.seed);
  fine_tune(policy, train, o, sft);
  prefopt::save_model(policy, tokenizer, sft);

  // a strong pull: responses have a dozen tokens, and one sentence decides
  const prefopt::dpo loss{.beta = 4};
  const demo::model reference = policy.clone();
  const demo::phrases known(train, tokenizer);
  const auto before = demo::measure(policy, reference, loss, held_out, tokenizer, known, o.seed);
  prefer(policy, loss, train, held_out, o, dpo);
  prefopt::save_model(policy, tokenizer, dpo);
  const auto after = demo::measure(policy, reference, loss, held_out, tokenizer, known, o.seed);

  print_table(held_out.size(), before, after);
  print_completions(held_out, tokenizer, reference, policy, o.seed);
  print_files(output);
  std::printf(
      "\nDPO moved the policy by %.2f nats of KL from its reference; friendly sentences: %.0f%% before, %.0f%% "
      "after.\n",
      after.log_ratio, 100 * before.text.preferred_sentences, 100 * after.text.preferred_sentences);
  std::fflush(stdout);
  return judge(before, after);
}

}  // namespace

int main(int argc, char** argv) {
  program::begin(argv);
  const demo::parsed command_line = demo::parse(argc, argv);
  if (!command_line.value) return command_line.status;
  try {
    return run(*command_line.value);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
