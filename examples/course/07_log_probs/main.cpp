// SPDX-License-Identifier: MIT
//
// 07: Which tokens are a response's log-prob?
//
// You know:  a pair's loss is a function of its responses' log-probs (lesson 04), and what a policy
//            provides (lesson 06).
// You learn: that the prompt's tokens are not part of them, what a model learns otherwise, and
//            which losses are unaffected.
// Run:       ./lesson_07_log_probs
// Expect:    models that ask when they should answer, for a while or permanently; then the effect
//            of the prompt on eight losses.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include <prefopt/eigen.hpp>
#include <prefopt/prefopt.hpp>
#include "course/shared/lesson.hpp"

using namespace prefopt;

namespace {

constexpr token_id end = 0, question_mark = 1, first_word = 2;
constexpr int words = 12, vocabulary = words + 2;

// [data]
/// Words form a circle. 85 times out of 100 the next one is `by` further on, otherwise it is any.
token_ids chain(std::size_t count, int by, token_id last, random_generator& random) {
  token_ids text{first_word + token_id(random.below(words))};
  const auto step = [&] { return random.uniform() < 0.85 ? by + words : int(random.below(words)); };
  while (text.size() < count)
    text.push_back(first_word + (text.back() - first_word + step()) % words);
  text.push_back(last);
  return text;
}

/// Questions count up, answers count down; half of the rejected answers count up.
std::vector<tokenized_pair> questions(std::size_t count, std::uint64_t seed, bool masked) {
  random_generator random(seed);
  std::vector<tokenized_pair> pairs;
  while (pairs.size() < count) {
    pairs.push_back({chain(12, 1, question_mark, random),
                     chain(2 + random.below(5), -1, end, random),
                     chain(2 + random.below(5), random.uniform() < 0.5 ? 1 : -1, end, random)});
    if (masked) continue;
    auto& [prompt, chosen, rejected, targets] =
        pairs.back();  // all of the text except its first token becomes the response
    chosen.insert(chosen.begin(), prompt.begin() + 1, prompt.end());
    rejected.insert(rejected.begin(), prompt.begin() + 1, prompt.end());
    prompt.resize(1);
  }
  return pairs;
}
// [/data]

/// Asks new questions and adds two means: an answer's steps that count up, and correct answers'
/// log-prob, nats.
template <class Start>
void train_and_ask(const Start& start, const any_loss& loss, double rate, int steps,
                   std::uint64_t seed, bool masked, std::vector<double>& up_steps,
                   std::vector<double>& log_probs) {
  auto policy = start(seed);
  const auto reference = start(seed);
  trainer run{policy,
              reference,
              loss,
              {.learning_rate = rate, .batch_size = 20, .max_steps = steps, .seed = seed}};
  run.train(questions(1000, seed, masked));
  const auto others = questions(300, seed + 1000, true);
  std::vector<token_ids> prompts;
  for (const tokenized_pair& other : others) prompts.push_back(other.prompt);
  random_generator random(seed);
  double up = 0;
  for (const token_ids& text :
       generate(policy, prompts, {.max_new_tokens = 30, .end_of_text = end}, random))
    for (std::size_t i = 1; i < text.size(); ++i)
      up += text[i] >= first_word && text[i - 1] >= first_word &&
            (text[i] - text[i - 1] + words) % words == 1;
  up_steps.push_back(up / double(others.size()));
  log_probs.push_back(
      *find_metric(evaluate(policy, no_reference{}, sft{}, others).metrics, "logps/chosen"));
}

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "07_log_probs");
  auto csv = lesson.csv({"steps", "asking", "asking_sd", "asking_read", "asking_read_sd"});
  std::vector<std::array<course::spread, 4>>
      rows;  // counting up, log-prob: prompts masked, prompts read
  const auto row = [&](const char* name, const auto& start, const any_loss& loss, double rate,
                       int steps) {
    std::vector<double> up[2], log_prob[2];
    for (unsigned seed = 1; seed <= lesson.size(2u, 8u); ++seed)
      for (const bool read : {false, true})
        train_and_ask(start, loss, rate, steps, seed, !read, up[read], log_prob[read]);
    const auto& now = rows.emplace_back(
        std::array{course::spread_of(up[0]), course::spread_of(up[1]),
                   course::spread_of(log_prob[0]), course::spread_of(log_prob[1])});
    std::printf("%-22s %4d", name, steps);
    for (const auto& [mean, deviation] : now) std::printf("  %6.2f +- %.2f", mean, deviation);
    std::printf("  %+.2g\n", now[3].mean - now[2].mean);
    csv.row({double(steps), now[0].mean, now[0].deviation, now[1].mean, now[1].deviation});
  };
  const eigen_backend<float> backend({.threads = 1});
  const auto table = [](std::uint64_t) { return bigram(vocabulary); };
  const auto transformer = [&](std::uint64_t seed) {
    auto model = gpt2(
        backend,
        {.n_layer = 1, .n_head = 2, .n_embd = 32, .vocab_size = vocabulary, .n_positions = 48});
    initialize(model, seed);
    return model;
  };
  {
    const course::lesson::region region("table");
    std::puts(
        "                       steps  up: masked    read            right: masked    read             change");
    for (const int steps : lesson.full() ? std::vector{30, 100, 300, 1000} : std::vector{30, 300}) {
      row("bigram, sft", table, any_loss(sft{}), 0.1, steps);
      row("GPT-2, sft", transformer, any_loss(sft{}), 0.005, steps);
    }
    const auto bigrams = [&](const auto&... loss) {
      (row(loss.name.data(), table, any_loss(loss), 0.02, 200), ...);
    };
    bigrams(dpo{}, cpo{}, hinge{}, length_normalized_dpo{}, ipo{}, simpo{}, nca_pair{}, kto_pair{});
  }
  const auto from_end = [&](std::size_t i) { return rows[rows.size() - i]; };
  const auto difference = [&](std::size_t i) {
    return std::abs(from_end(i)[3].mean - from_end(i)[2].mean);
  };
  lesson.claim(from_end(10)[1].mean > from_end(10)[0].mean + 3,
               "a bigram that reads prompts asks for good");
  lesson.claim(rows[1][1].mean > rows[1][0].mean + 0.4, "GPT-2 asks after 30 steps");
  lesson.claim(from_end(9)[1].mean < 0.4, "but not after the last");
  lesson.claim(difference(8) + difference(7) + difference(6) < 1e-6,
               "in a margin of sums the prompt cancels");
  lesson.claim(
      std::min({difference(5), difference(4), difference(3), difference(2), difference(1)}) > 0.01,
      "in means and in losses of more than a margin it does not");
  return lesson.end();
}
