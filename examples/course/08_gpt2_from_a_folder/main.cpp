// SPDX-License-Identifier: MIT
//
// 08: From a checkpoint folder to a checkpoint folder
//
// You know:  what DPO does (lessons 04 and 06); that Hugging Face stores a model as a folder of
//            files.
// You learn: the whole run in six statements: read a GPT-2 folder and a preference file, train,
//            write a folder.
// Run:       ./lesson_08_gpt2_from_a_folder
// Expect:    a loss that falls from log 2 = 0.693 to below 0.3, and the same loss from the folder
//            that was written.
//
// The folder here holds a tiny GPT-2 with random weights that reads bytes, so that the lesson needs
// no download. Point the same lines at the files of the real `gpt2` and nothing else changes. With
// float instead of double in lesson 05 and a folder instead of random weights, this is what
// prefopt train does.

#include <cmath>
#include <cstdio>
#include <numbers>

#include <prefopt/prefopt.hpp>
#include <prefopt/pretrained.hpp>
#include "course/shared/tiny_gpt2.hpp"

int main() {
  const course::scratch_folder scratch;
  const auto gpt2 = scratch.path / "gpt2", preferences = scratch.path / "pairs.jsonl",
             trained = scratch.path / "dpo";
  course::write_tiny_gpt2(gpt2);
  course::write_short_answers(preferences);

  // [the call site]
  prefopt::eigen_backend<float> backend;
  auto policy = prefopt::load_model(backend, gpt2);  // causal_lm<eigen_backend<float>>, deduced
  auto pairs =
      prefopt::tokenize(prefopt::read_preferences(preferences), prefopt::load_tokenizer(gpt2));
  prefopt::trainer trainer{
      policy, prefopt::dpo{.beta = 0.1}, {.learning_rate = 1e-3, .batch_size = 4, .epochs = 20}};
  trainer.train(pairs, prefopt::progress_bar{});  // the reference: the policy as it is now
  prefopt::save_model(policy, gpt2, trained);     // opens in Hugging Face transformers
  // [/the call site]

  // The folder holds the trained model: read again, it has exactly the same loss.
  const auto loss_of = [&](const auto& model) {
    return prefopt::evaluate(model, trainer.reference(), trainer.loss(), pairs).loss;
  };
  const double before = loss_of(prefopt::load_model(backend, gpt2)), after = loss_of(policy),
               again = loss_of(prefopt::load_model(backend, trained));
  std::printf("loss before %.4f, after %.4f, from the folder %.4f\n", before, after, again);

  // [ask]
  const auto asked = prefopt::load_model(backend, trained);
  const auto tokenizer = prefopt::load_tokenizer(trained);
  prefopt::random_generator random(1);
  prefopt::token_ids answer =
      prefopt::generate(asked, tokenizer.encode("Is it cold?"),
                        {.max_new_tokens = 16, .end_of_text = tokenizer.end_of_text()}, random);
  if (answer.back() == tokenizer.end_of_text()) answer.pop_back();
  std::printf("Is it cold?%s\n", tokenizer.decode(answer).c_str());
  // [/ask]

  const bool learned = std::abs(before - std::numbers::ln2) < 1e-6 && after < 0.3;
  const bool kept = again == after;
  if (!learned) std::printf("WRONG: the loss did not fall from log 2 to below 0.3\n");
  if (!kept) std::printf("WRONG: the folder holds another model\n");
  return learned && kept ? 0 : 1;
}
