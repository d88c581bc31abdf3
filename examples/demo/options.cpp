// SPDX-License-Identifier: MIT

#include "demo/options.hpp"

#include <CLI/CLI.hpp>

#include <prefopt/eigen/available_threads.hpp>
#include "begin.hpp"

namespace demo {

parsed parse(int argc, char** argv) {
  options o;
  o.threads = prefopt::available_threads();
  CLI::App app(
      "Teaches a small GPT-2 to be friendly: supervised fine-tuning, then DPO on preference pairs.",
      "prefopt_demo");
  app.option_defaults()->always_capture_default();
  app.add_option("--data", o.data,
                 "Folder with train.jsonl, held_out.jsonl, vocab.json and merges.txt")
      ->type_name("DIR");
  // demo.sh passes one, followed by its own arguments.
  app.add_option("--output", o.output,
                 "Folder to write; an earlier demo's files in it are replaced")
      ->type_name("DIR")
      ->take_last();
  app.add_option("--threads", o.threads, "Threads of the CPU")->check(CLI::Range(1, 1024));
  app.add_option("--seed", o.seed, "Of the weights, the pairs' order and the samples");
  const CLI::Range steps(std::int64_t{1}, std::int64_t{1} << 40);
  app.add_option("--sft-steps", o.sft_steps, "Steps of supervised fine-tuning")->check(steps);
  app.add_option("--dpo-steps", o.dpo_steps, "Steps of DPO")->check(steps);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return {std::nullopt, program::status_of(app, e)};
  }
  return {o, 0};
}

}  // namespace demo
