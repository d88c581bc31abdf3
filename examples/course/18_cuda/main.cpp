// SPDX-License-Identifier: MIT
//
// 18: The same on a GPU
//
// You know:  how to get from a checkpoint folder to a checkpoint folder (lesson 08).
// You learn: that hardware is one object: this is lesson 08 with only the line changed that creates
//            the backend.
// Run:       ./lesson_18_cuda
// Expect:    a loss that falls from log 2 = 0.693 to below 0.3, and the same loss from the folder
//            that was written. Without an NVIDIA GPU of compute capability 8.0 or newer, one line
//            that says so, and exit status 77.
//
// Activations are bfloat16 here: products run on tensor cores, while weights, their gradients and
// all sums stay float32. `cuda_backend<float>` is float32 throughout. The backend's kernels are
// compiled in the library prefopt::cuda, so this file compiles with g++ or clang and needs no nvcc.

#include <cmath>
#include <cstdio>
#include <numbers>

#include <prefopt/cuda.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/pretrained.hpp>
#include "course/shared/tiny_gpt2.hpp"

namespace {

int run() {
  const course::scratch_folder scratch;
  const auto gpt2 = scratch.path / "gpt2", preferences = scratch.path / "pairs.jsonl",
             trained = scratch.path / "dpo";
  course::write_tiny_gpt2(gpt2);
  course::write_short_answers(preferences);

  // [the backend]
  prefopt::cuda_backend<prefopt::bfloat16> backend{0};
  auto policy = prefopt::load_model(backend, gpt2);  // causal_lm<cuda_backend<bfloat16>>, deduced
  auto pairs =
      prefopt::tokenize(prefopt::read_preferences(preferences), prefopt::load_tokenizer(gpt2));
  prefopt::trainer trainer{
      policy, prefopt::dpo{.beta = 0.1}, {.learning_rate = 1e-3, .batch_size = 4, .epochs = 20}};
  trainer.train(pairs, prefopt::progress_bar{});  // the reference: the policy as it is now
  prefopt::save_model(policy, gpt2, trained);     // opens in Hugging Face transformers
  // [/the backend]

  // The folder holds the trained model: read again, it has exactly the same loss.
  const auto loss_of = [&](const auto& model) {
    return prefopt::evaluate(model, trainer.reference(), trainer.loss(), pairs).loss;
  };
  const double before = loss_of(prefopt::load_model(backend, gpt2)), after = loss_of(policy),
               again = loss_of(prefopt::load_model(backend, trained));
  std::printf("loss before %.4f, after %.4f, from the folder %.4f\n", before, after, again);

  const bool learned = std::abs(before - std::numbers::ln2) < 1e-3 && after < 0.3;
  const bool kept = again == after;
  if (!learned) std::printf("WRONG: the loss did not fall from log 2 to below 0.3\n");
  if (!kept) std::printf("WRONG: the folder holds another model\n");
  return learned && kept ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (
      const prefopt::no_device_error& error) {  // all other device errors are errors of this lesson
    std::printf("skipped: no CUDA device (%s)\n", error.what());
    return 77;
  }
}
