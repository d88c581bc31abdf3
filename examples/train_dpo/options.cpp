// SPDX-License-Identifier: MIT

#include "train_dpo/options.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include <prefopt/core/error.hpp>
#include <prefopt/eigen/available_threads.hpp>
#include "program/begin.hpp"

namespace train_dpo {
namespace {

CLI::Validator finite_number(std::string description, double least, double most, bool least_is_in,
                             bool most_is_in) {
  return {[=](std::string& text) -> std::string {
            double value = 0;
            if (!CLI::detail::lexical_cast(text, value) || !std::isfinite(value))
              return prefopt::concat(text, " is not a finite number");
            const bool above = least_is_in ? value >= least : value > least;
            const bool below = most_is_in ? value <= most : value < most;
            return above && below ? std::string()
                                  : prefopt::concat(text, ", expected ", description);
          },
          std::move(description)};
}

CLI::Validator at_least(std::int64_t least) {
  return {[=](std::string& text) -> std::string {
            std::int64_t value = 0;
            const auto [end, failure] =
                std::from_chars(text.data(), text.data() + text.size(), value);
            if (failure != std::errc() || end != text.data() + text.size())
              return prefopt::concat(text, " is not a whole number in range");
            return value >= least ? std::string()
                                  : prefopt::concat(text, ", expected at least ", least);
          },
          prefopt::concat(">= ", least)};
}

/// A number that must be given to be other than the default, which --help shows.
template <class Value>
CLI::Option* add(CLI::App& app, const std::string& flag, Value& value,
                 const std::string& description, CLI::Validator validator) {
  return app.add_option(flag, value, description)->capture_default_str()->check(validator);
}

/// One of some names.
template <class Value>
CLI::Option* add_choice(CLI::App& app, const std::string& flag, Value& value,
                        const std::string& description, const std::map<std::string, Value>& choices,
                        const std::string& standard) {
  std::string names;
  for (const auto& [name, meaning] : choices) names += (names.empty() ? "" : "|") + name;
  const auto choose = [&value, choices, flag, names](const std::string& name) {
    const auto choice = choices.find(name);
    if (choice == choices.end()) throw CLI::ValidationError(flag, name + ", expected " + names);
    value = choice->second;
  };
  return app.add_option_function<std::string>(flag, choose, description)
      ->type_name(names)
      ->default_str(standard);
}

void add_files(CLI::App& app, options& o) {
  app.add_option("--model", o.model, "Hugging Face GPT-2 folder to train")
      ->type_name("DIR")
      ->required();
  app.add_option(
         "--train", o.train,
         "Pairs, ranked lists, or unpaired examples, depending on the loss: JSON lines or a JSON list, plain or "
         "gzip; may be a pipe")
      ->type_name("FILE")
      ->required();
  app.add_option("--eval", o.eval, "Held-out data of the same form, for evaluation")
      ->type_name("FILE");
  app.add_option("--output", o.output,
                 "Folder for the trained model, metrics.jsonl, and checkpoints")
      ->type_name("DIR");
}

/// What the command line says before it is put together.
struct raw_options {
  options rest;
  std::string loss = "dpo";
  loss_values values;
  bool sync_reference = false;
  prefopt::moving_reference_options moving;
};

/// A number that only some losses read.
struct loss_number {
  const char* flag;
  const char* description;
  CLI::Validator range;
};

void add_loss(CLI::App& app, raw_options& raw) {
  const double none = std::numeric_limits<double>::infinity();
  const auto above_zero = finite_number("above 0", 0, none, false, false);
  const auto not_negative = finite_number("at least 0", 0, none, true, false);
  const auto share = finite_number("at least 0 and below 1", 0, 1, true, false);
  const loss_number numbers[] = {
      {"--beta",
       "Strength of the KL penalty toward the reference (tau for ipo) [dpo 0.1; differs by loss]",
       above_zero},
      {"--label-smoothing",
       "Share of pairs assumed to be mislabeled (dpo: conservative DPO) [dpo 0]",
       finite_number("at least 0 and below 0.5", 0, 0.5, true, false)},
      {"--f-alpha-divergence-coef", "alpha of alpha_divergence [0.5]",
       finite_number("finite", -none, none, true, true)},
      {"--ld-alpha",
       "LD-DPO: weight of the longer response's tokens beyond the shorter's length [off]",
       finite_number("0 to 1", 0, 1, true, true)},
      {"--simpo-gamma", "simpo: target margin [0.5]", not_negative},
      {"--discopop-tau", "discopop: temperature [0.05]", above_zero},
      {"--dpop-lambda", "dpop: weight of the penalty [50]", not_negative},
      {"--desirable-weight", "kto: weight of desirable completions [1]", not_negative},
      {"--undesirable-weight", "kto: weight of undesirable completions [1]", not_negative},
      {"--beta-sensitivity", "beta_dpo: how fast beta follows the margins [0.6]", not_negative},
      {"--filtered-share", "beta_dpo: share of a step's pairs to filter out [0.2]", share},
  };
  app.add_option("--loss", raw.loss,
                 "A loss, or a sum such as dpo:0.8,sft:1. Losses, with TRL's name if different: " +
                     loss_names())
      ->type_name("NAME")
      ->capture_default_str();
  for (const loss_number& number : numbers)
    app.add_option_function<double>(
           number.flag,
           [&raw, flag = number.flag](double value) { raw.values.numbers[flag] = value; },
           number.description)
        ->type_name("FLOAT")
        ->check(number.range);
  app.add_option_function<std::string>(
         "--f-divergence-type",
         [&raw](const std::string& name) { raw.values.choices["--f-divergence-type"] = name; },
         "Divergence from the reference that the loss uses [reverse_kl]")
      ->check(CLI::IsMember({"reverse_kl", "forward_kl", "js_divergence", "alpha_divergence"}));
  app.add_flag("--use-weighting", raw.values.use_weighting,
               "WPO: weight each example by how likely its responses are under the policy");
}

void add_data(CLI::App& app, options& o) {
  using prefopt::truncation;
  app.add_option("--max-length", o.max_length,
                 "Maximum tokens of a prompt with its response [the model's context, at most 1024]")
      ->check(at_least(1));
  add_choice<truncation>(
      app, "--truncation", o.truncation,
      "keep_start cuts a long sequence's end; keep_end cuts its prompt's start first",
      {{"keep_start", truncation::keep_start}, {"keep_end", truncation::keep_end}}, "keep_start");
  app.add_flag(
      "--split-special-tokens", o.split_special_tokens,
      "Treat special tokens spelled out in the data, such as <|endoftext|>, as ordinary text");
}

void add_reference(CLI::App& app, raw_options& raw) {
  options& o = raw.rest;
  app.add_option("--reference", o.reference, "Folder of the frozen reference [the model as loaded]")
      ->type_name("DIR");
  app.add_option(
         "--reference-cache", o.reference_cache,
         "Where to store the reference's log-probs; none: the reference runs alongside the policy at every step "
         "[reference_log_probs.safetensors in the output folder]")
      ->type_name("FILE|none");
  app.add_flag(
      "--sync-ref-model", raw.sync_reference,
      "TR-DPO: the reference follows the policy and runs alongside it, as without a cache");
  add(app, "--ref-model-mixup-alpha", raw.moving.mixup_alpha,
      "The policy's share in each update of the reference",
      finite_number("above 0 and at most 1", 0, 1, false, true));
  add(app, "--ref-model-sync-steps", raw.moving.sync_steps,
      "Steps between updates of the reference", at_least(1));
}

void add_optimizer(CLI::App& app, prefopt::trainer_options& t) {
  using prefopt::schedule;
  const double none = std::numeric_limits<double>::infinity();
  const auto not_negative = finite_number("at least 0", 0, none, true, false);
  const auto fraction = finite_number("at least 0 and below 1", 0, 1, true, false);
  add(app, "--learning-rate", t.learning_rate, "Peak learning rate", not_negative);
  add_choice<schedule>(app, "--schedule", t.schedule,
                       "linear, cosine, or constant, after the warm-up",
                       {{"linear", schedule::linear},
                        {"cosine", schedule::cosine},
                        {"constant", schedule::constant}},
                       "linear");
  add(app, "--warmup-steps", t.warmup_steps, "Steps over which the learning rate rises",
      at_least(0));
  add(app, "--weight-decay", t.weight_decay, "Weight decay on matrices and embeddings",
      not_negative);
  add(app, "--adam-beta1", t.adam_beta1, "AdamW: decay rate of the gradient's mean", fraction);
  add(app, "--adam-beta2", t.adam_beta2, "AdamW: decay rate of its square's mean", fraction);
  add(app, "--adam-epsilon", t.adam_epsilon, "AdamW: added to the denominator", not_negative);
  add(app, "--max-grad-norm", t.max_grad_norm, "Clip the gradient's norm to this; 0: off",
      not_negative);
  add(app, "--batch-size", t.batch_size, "Pairs per optimizer step", at_least(1));
  app.add_option("--tokens-per-microbatch", t.tokens_per_microbatch,
                 "Packed tokens processed at once; limits memory")
      ->check(at_least(1))
      ->default_str("4096; on a GPU, depends on its memory");
  add(app, "--epochs", t.epochs, "Passes over the data", at_least(1));
  app.add_option("--max-steps", t.max_steps, "Optimizer steps, instead of --epochs")
      ->type_name("N")
      ->check(at_least(1));
  add(app, "--seed", t.seed, "Seed of the pairs' order", at_least(0));
  app.add_flag("--no-shuffle{false}", t.shuffle, "Use the pairs in the file's order");
}

void add_run(CLI::App& app, options& o) {
  add(app, "--threads", o.threads, "CPU threads, at most 1024", CLI::Range(1, 1024));
  add_choice<device_name>(app, "--device", o.device, "cpu, or cuda: the first NVIDIA GPU",
                          {{"cpu", device_name::cpu}, {"cuda", device_name::cuda}}, "cpu");
  add_choice<precision_name>(
      app, "--precision", o.precision,
      "fp32, or bf16: weights stay in float32 and are rounded for matrix products",
      {{"fp32", precision_name::fp32}, {"bf16", precision_name::bf16}}, "fp32");
  add(app, "--log-every", o.log_every, "Steps between console lines", at_least(1));
  const auto interval = [&](const char* flag, std::int64_t& value, const char* description) {
    app.add_option(flag, value, description)->type_name("N")->check(at_least(1));
  };
  interval("--eval-every", o.eval_every, "Steps between evaluations [only at the end]");
  interval("--save-every", o.save_every, "Steps between checkpoints [only at the end]");
  app.add_flag(
      "--resume", o.resume,
      "Continue from the newest checkpoint in the output folder, or start if there is none");
  app.add_option(
         "--show-pairs", o.show_pairs,
         "Print the first N pairs as training will see them, and exit; nothing is trained or written")
      ->type_name("N")
      ->check(at_least(1));
}

/// Throws CLI::ValidationError.
chosen_loss loss_of(const raw_options& raw) {
  try {
    return choose_loss(raw.loss, raw.values);
  } catch (const prefopt::value_error& cause) {
    throw CLI::ValidationError(cause.what());
  }
}

/// What single options cannot know. Throws CLI::ValidationError.
void check_together(const CLI::App& app, const options& o) {
  const auto refuse = [&](const char* flag, const std::string& why) {
    if (app.count(flag) > 0) throw CLI::ValidationError(flag, why);
  };
  if (!o.loss->loss.inputs.reference) {
    const std::string unread = prefopt::concat("the loss ", o.loss->spec, " does not read it");
    refuse("--reference", unread);
    refuse("--reference-cache", unread);
    refuse("--sync-ref-model", unread);
  }
  if (o.sync_reference) {
    if (o.reference_cache && o.reference_cache != "none")
      refuse("--reference-cache", "a moving reference has no log-probs to cache, expected none");
  } else {
    refuse("--ref-model-mixup-alpha", "the reference moves only with --sync-ref-model");
    refuse("--ref-model-sync-steps", "the reference moves only with --sync-ref-model");
  }
  if (o.device == device_name::cuda)
    refuse("--threads", "these are CPU threads, and this run is on a GPU");
  if (o.trainer.max_steps != 0) refuse("--epochs", "--max-steps is given and replaces it");
  if (!o.trainer.shuffle)
    refuse("--seed", "it orders the pairs, but --no-shuffle keeps the file's order");
  if (o.eval.empty()) refuse("--eval-every", "there is nothing to evaluate without --eval");
  if (o.reference_cache && o.reference_cache->empty())
    throw CLI::ValidationError("--reference-cache", "an empty name, expected a file or none");
  if (o.output.empty() && !o.show_pairs) throw CLI::RequiredError("--output");
}

}  // namespace

const char* name_of(device_name device) { return device == device_name::cpu ? "cpu" : "cuda"; }

const char* name_of(precision_name precision) {
  return precision == precision_name::fp32 ? "fp32" : "bf16";
}

parsed parse(int argc, char** argv) {
  raw_options raw;
  options& o = raw.rest;
  o.threads = std::min(prefopt::available_threads(), 1024);
  CLI::App app(
      "Trains a GPT-2 on preferences: reads a checkpoint folder and a JSONL file, writes a checkpoint folder.",
      "prefopt_train_dpo");
  app.get_formatter()->column_width(34);
  add_files(app, o);
  add_loss(app, raw);
  add_reference(app, raw);
  add_data(app, o);
  add_optimizer(app, o.trainer);
  add_run(app, o);
  try {
    app.parse(argc, argv);
    o.loss = loss_of(raw);
    if (raw.sync_reference) {
      o.sync_reference = raw.moving;
      if (!o.reference_cache) o.reference_cache = "none";
    }
    check_together(app, o);
  } catch (const CLI::ParseError& e) {
    return {std::nullopt, program::status_of(app, e)};
  }
  return {o, 0};
}

}  // namespace train_dpo
