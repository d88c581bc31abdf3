// SPDX-License-Identifier: MIT

#include "train_dpo/options.hpp"

#include <CLI/CLI.hpp>

#include <prefopt/core/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <thread>
#include <vector>

namespace train_dpo {
namespace {

constexpr std::int64_t anything = std::numeric_limits<std::int64_t>::max();

/// Which of the options that only some losses read a loss reads.
struct readings {
  bool beta;
  bool label_smoothing;
  bool reference;
};

readings read_by(loss_name loss) {
  switch (loss) {
    case loss_name::dpo:
      return {.beta = true, .label_smoothing = true, .reference = true};
    case loss_name::ipo:
    case loss_name::hinge:
      return {.beta = true, .label_smoothing = false, .reference = true};
    case loss_name::sft:
      break;
  }
  return {.beta = false, .label_smoothing = false, .reference = false};
}

CLI::Validator finite_number(std::string description, double least, double most, bool least_is_in, bool most_is_in) {
  return {[=](std::string& text) -> std::string {
            double value = 0;
            if (!CLI::detail::lexical_cast(text, value) || !std::isfinite(value))
              return prefopt::join(text, " is not a finite number");
            const bool above = least_is_in ? value >= least : value > least;
            const bool below = most_is_in ? value <= most : value < most;
            return above && below ? std::string() : prefopt::join(text, ", wanted ", description);
          },
          std::move(description)};
}

CLI::Validator at_least(std::int64_t least) {
  return {[=](std::string& text) -> std::string {
            std::int64_t value = 0;
            const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (failure != std::errc() || end != text.data() + text.size())
              return prefopt::join(text, " is not a whole number in range");
            return value >= least ? std::string() : prefopt::join(text, ", wanted at least ", least);
          },
          prefopt::join(">= ", least)};
}

/// A number that must be given to be other than the default, which --help shows.
template <class Value>
CLI::Option* add(CLI::App& app, const std::string& flag, Value& value, const std::string& description,
                 CLI::Validator validator) {
  return app.add_option(flag, value, description)->capture_default_str()->check(validator);
}

/// One of some names.
template <class Value>
CLI::Option* add_choice(CLI::App& app, const std::string& flag, Value& value, const std::string& description,
                        const std::map<std::string, Value>& choices, const std::string& standard) {
  std::string names;
  for (const auto& [name, meaning] : choices) names += (names.empty() ? "" : "|") + name;
  const auto choose = [&value, choices, flag, names](const std::string& name) {
    const auto choice = choices.find(name);
    if (choice == choices.end()) throw CLI::ValidationError(flag, name + ", wanted " + names);
    value = choice->second;
  };
  return app.add_option_function<std::string>(flag, choose, description)->type_name(names)->default_str(standard);
}

void add_files(CLI::App& app, options& o) {
  app.add_option("--model", o.model, "Hugging Face GPT-2 folder to train")->type_name("DIR")->required();
  app.add_option("--reference", o.reference, "Folder of the frozen reference [the model as loaded]")->type_name("DIR");
  app.add_option("--train", o.train, "Preference pairs, .jsonl or .jsonl.gz")->type_name("FILE")->required();
  app.add_option("--eval", o.eval, "Held-out pairs, to evaluate on")->type_name("FILE");
  app.add_option("--output", o.output, "Folder for the trained model, metrics.jsonl and checkpoints")->type_name("DIR");
  app.add_option("--reference-cache", o.reference_cache,
                 "Where the reference's log-probs are kept; none: the reference runs beside the policy at every step "
                 "[reference_log_probs.safetensors in the output folder]")
      ->type_name("FILE|none");
}

void add_loss(CLI::App& app, options& o) {
  using prefopt::truncation;
  add_choice<loss_name>(
      app, "--loss", o.loss, "dpo, ipo, hinge or sft (supervised, on the chosen responses)",
      {{"dpo", loss_name::dpo}, {"ipo", loss_name::ipo}, {"hinge", loss_name::hinge}, {"sft", loss_name::sft}}, "dpo");
  const double none = std::numeric_limits<double>::infinity();
  add(app, "--beta", o.beta, "How dear moving from the reference is (ipo: tau)",
      finite_number("above 0", 0, none, false, false));
  add(app, "--label-smoothing", o.label_smoothing, "Share of pairs taken for mislabelled (dpo: conservative DPO)",
      finite_number("at least 0 and below 0.5", 0, 0.5, true, false));
  app.add_option("--max-length", o.max_length,
                 "Tokens of a prompt with its response [the model's context, 1024 at most]")
      ->check(at_least(1));
  add_choice<truncation>(app, "--truncation", o.truncation,
                         "keep_start cuts a long sequence's end, keep_end its prompt's start first",
                         {{"keep_start", truncation::keep_start}, {"keep_end", truncation::keep_end}}, "keep_start");
}

void add_optimizer(CLI::App& app, prefopt::trainer_options& t) {
  using prefopt::schedule;
  const double none = std::numeric_limits<double>::infinity();
  const auto not_negative = finite_number("at least 0", 0, none, true, false);
  const auto fraction = finite_number("at least 0 and below 1", 0, 1, true, false);
  add(app, "--learning-rate", t.learning_rate, "Peak learning rate", not_negative);
  add_choice<schedule>(app, "--schedule", t.schedule, "linear, cosine or constant, after the warm-up",
                       {{"linear", schedule::linear}, {"cosine", schedule::cosine}, {"constant", schedule::constant}},
                       "linear");
  add(app, "--warmup-steps", t.warmup_steps, "Steps over which the learning rate rises", at_least(0));
  add(app, "--weight-decay", t.weight_decay, "On matrices and embeddings", not_negative);
  add(app, "--adam-beta1", t.adam_beta1, "AdamW: memory of the gradient", fraction);
  add(app, "--adam-beta2", t.adam_beta2, "AdamW: memory of its square", fraction);
  add(app, "--adam-epsilon", t.adam_epsilon, "AdamW: added to the denominator", not_negative);
  add(app, "--max-grad-norm", t.max_grad_norm, "Clip the gradient's norm to this; 0: off", not_negative);
  add(app, "--pairs-per-step", t.pairs_per_step, "Pairs of an optimizer step", at_least(1));
  add(app, "--tokens-per-microbatch", t.tokens_per_microbatch, "Packed tokens held at once; bounds memory",
      at_least(1));
  add(app, "--epochs", t.epochs, "Passes over the data", at_least(1));
  app.add_option("--max-steps", t.max_steps, "Optimizer steps, instead of --epochs")
      ->type_name("N")
      ->check(at_least(1));
  add(app, "--seed", t.seed, "Of the pairs' order", at_least(0));
  app.add_flag("--no-shuffle{false}", t.shuffle, "Take the pairs in the file's order");
}

void add_run(CLI::App& app, options& o) {
  add(app, "--threads", o.threads, "Threads of the CPU, 1024 at most", CLI::Range(1, 1024));
  add_choice<device_name>(app, "--device", o.device, "cpu, or cuda: the first NVIDIA GPU",
                          {{"cpu", device_name::cpu}, {"cuda", device_name::cuda}}, "cpu");
  add_choice<precision_name>(app, "--precision", o.precision,
                             "fp32, or bf16: weights stay in float32 and are rounded where matrices are multiplied",
                             {{"fp32", precision_name::fp32}, {"bf16", precision_name::bf16}}, "fp32");
  add(app, "--log-every", o.log_every, "Steps between lines on the console", at_least(1));
  const auto interval = [&](const char* flag, std::int64_t& value, const char* description) {
    app.add_option(flag, value, description)->type_name("N")->check(at_least(1));
  };
  interval("--eval-every", o.eval_every, "Steps between evaluations [at the end only]");
  interval("--save-every", o.save_every, "Steps between checkpoints [at the end only]");
  app.add_flag("--resume", o.resume, "Go on from the newest checkpoint in the output folder, or start where none is");
  app.add_option("--show-pairs", o.show_pairs, "Print the first N pairs as training will see them, and exit")
      ->type_name("N")
      ->check(at_least(1));
}

/// What single options cannot know. Throws CLI::ValidationError.
void check_together(const CLI::App& app, const options& o) {
  const auto refuse = [&](const char* flag, const std::string& why) {
    if (app.count(flag) > 0) throw CLI::ValidationError(flag, why);
  };
  const readings reads = read_by(o.loss);
  const std::string unread = prefopt::join("the loss ", name_of(o.loss), " does not read it");
  if (!reads.beta) refuse("--beta", unread);
  if (!reads.label_smoothing) refuse("--label-smoothing", unread);
  if (!reads.reference) {
    refuse("--reference", unread);
    refuse("--reference-cache", unread);
  }
  if (o.device == device_name::cuda) refuse("--threads", "they are the CPU's, and this run is on a GPU");
  if (o.eval.empty()) refuse("--eval-every", "there is nothing to evaluate without --eval");
  if (o.reference_cache && o.reference_cache->empty())
    throw CLI::ValidationError("--reference-cache", "an empty name, wanted a file or none");
  if (o.output.empty() && !o.show_pairs) throw CLI::RequiredError("--output");
}

}  // namespace

const char* name_of(device_name device) { return device == device_name::cpu ? "cpu" : "cuda"; }

const char* name_of(precision_name precision) { return precision == precision_name::fp32 ? "fp32" : "bf16"; }

const char* name_of(loss_name loss) {
  switch (loss) {
    case loss_name::dpo:
      return "dpo";
    case loss_name::ipo:
      return "ipo";
    case loss_name::hinge:
      return "hinge";
    case loss_name::sft:
      break;
  }
  return "sft";
}

parsed parse(int argc, char** argv) {
  options o;
  o.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  CLI::App app("Trains a GPT-2 on preference pairs: from a checkpoint folder and a JSONL file to a checkpoint folder.",
               "prefopt_train_dpo");
  app.get_formatter()->column_width(34);
  add_files(app, o);
  add_loss(app, o);
  add_optimizer(app, o.trainer);
  add_run(app, o);
  try {
    app.parse(argc, argv);
    check_together(app, o);
  } catch (const CLI::ParseError& e) {
    return {std::nullopt, app.exit(e) == 0 ? 0 : 2};
  }
  return {o, 0};
}

}  // namespace train_dpo
