// SPDX-License-Identifier: MIT

#include "train/options.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include <prefopt/core/error.hpp>
#include "byte_size.hpp"
#include "train/loss_options.hpp"

namespace program {
namespace {

void add_files(CLI::App& app, options& o) {
  app.add_option("--model,--model-name-or-path", o.model,
                 "Hugging Face folder of the model, or its name if it was downloaded")
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
  app.add_option("--output,--output-dir", o.output,
                 "Folder for the trained model, metrics.jsonl, and checkpoints")
      ->type_name("DIR")
      ->required();
}

/// The command line's values before they are combined.
struct raw_options {
  options rest;
  loss_options loss;
  bool sync_reference = false;
  prefopt::moving_reference_options moving;
};

void add_reference(CLI::App& app, raw_options& raw) {
  options& o = raw.rest;
  app.add_option("--reference", o.reference,
                 "Folder or name of the frozen reference [the model as loaded]")
      ->type_name("DIR");
  app.add_option(
         "--reference-cache", o.reference_cache,
         "Where to store the reference's log-probs; none: the reference runs alongside the policy at every step "
         "[reference_log_probs.safetensors in the output folder]")
      ->type_name("FILE|none");
  add_choice<std::optional<precision_name>>(
      app, "--reference-precision", o.reference_precision,
      "How the frozen reference stores its matrices; bf16 takes half the memory "
      "[that of --precision without a cache; with one, the weights as they are]",
      {{"fp32", precision_name::fp32}, {"bf16", precision_name::bf16}}, "");
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
  add_choice<schedule>(app, "--schedule,--lr-scheduler-type", t.schedule,
                       "What follows the warm-up, which --warmup-steps 0 leaves out",
                       {{"linear", schedule::linear},
                        {"cosine", schedule::cosine},
                        {"constant", schedule::constant},
                        {"constant_with_warmup", schedule::constant}},
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
  add(app, "--epochs,--num-train-epochs", t.epochs, "Passes over the data", at_least(1));
  app.add_option("--max-steps", t.max_steps, "Optimizer steps, instead of --epochs")
      ->type_name("N")
      ->check(at_least(1));
  add(app, "--seed", t.seed, "Seed of the pairs' order", at_least(0));
  app.add_flag("--no-shuffle{false}", t.shuffle, "Use the pairs in the file's order");
}

/// A number of steps, or, as in Hugging Face's trainer, a share of the run's steps.
CLI::Validator steps_or_share() {
  return {[](std::string& text) -> std::string {
            double share = 0;
            if (CLI::detail::lexical_cast(text, share) && share > 0 && share < 1) return {};
            return at_least(1)(text);
          },
          ">= 1, or above 0 and below 1"};
}

/// Sets one of the two, and the other one to 0.
void read_interval(const std::string& text, std::int64_t& steps, double& share) {
  double number = 0;
  if (!CLI::detail::lexical_cast(text, number)) throw CLI::ConversionError(text + " is no number");
  share = number < 1 ? number : 0;
  steps = 0;
  if (number >= 1 && !CLI::detail::lexical_cast(text, steps))
    throw CLI::ConversionError(text + " is no whole number");
}

void add_run(CLI::App& app, options& o) {
  app.add_flag("--gradient-checkpointing,--activation-checkpointing", o.gradient_checkpointing,
               "Make layers' activations again in the backward pass: less memory, more time, the "
               "same numbers");
  app.add_option("--memory", o.memory,
                 "GiB that the run may use: chooses --tokens-per-microbatch and "
                 "--gradient-checkpointing and prints the plan")
      ->type_name("GIB")
      ->check(finite_number("above 0", 0, std::numeric_limits<double>::infinity(), false, false));
  add_threads(app, o.threads);
  add_choice<device_name>(app, "--device", o.device, "cpu, or cuda: the first NVIDIA GPU",
                          {{"cpu", device_name::cpu}, {"cuda", device_name::cuda}}, "cpu");
  add_precision(app, o.precision);
  const auto interval = [&](const char* flag, std::int64_t& value, double& share,
                            const char* description) {
    app.add_option_function<std::string>(
           flag, [&value, &share](const std::string& text) { read_interval(text, value, share); },
           description)
        ->type_name("N")
        ->check(steps_or_share());
  };
  interval("--log-every,--logging-steps", o.log_every, o.shares.log,
           "Steps between console lines, or below 1 their share of the run's steps [1]");
  interval("--eval-every,--eval-steps", o.eval_every, o.shares.eval,
           "Steps between evaluations, or a share [only at the end]");
  interval("--save-every,--save-steps", o.save_every, o.shares.save,
           "Steps between checkpoints, or a share [only at the end]");
  add_choice<std::optional<prefopt::weight_type>>(
      app, "--save-dtype", o.save.dtype,
      "Type of the trained model's weights, rounded to nearest; checkpoints are in fp32 "
      "[bf16 if all of --model's weights are, otherwise fp32]",
      {{"fp32", prefopt::weight_type::float32}, {"bf16", prefopt::weight_type::bfloat16}}, "");
  const auto set_shard_size = [&o](const std::string& text) {
    const auto bytes = parse_byte_size(text);
    if (!bytes)
      throw CLI::ValidationError("--max-shard-size",
                                 text + ", expected a size such as 5GB, 200MB, or 1GiB");
    o.save.max_shard_size = *bytes;
  };
  app.add_option_function<std::string>(
         "--max-shard-size", set_shard_size,
         "Size of a file of the trained model's weights; a longer model is divided into shards")
      ->type_name("SIZE")
      ->default_str("5GB");
  app.add_flag(
      "--resume", o.resume,
      "Continue from the newest checkpoint in the output folder, or start if there is none");
}

/// Checks that involve several options. Throws CLI::ValidationError.
void check_together(const CLI::App& app, const options& o) {
  const auto refuse = [&](const char* flag, const std::string& why) {
    if (app.count(flag) > 0) throw CLI::ValidationError(flag, why);
  };
  if (!o.loss->loss.inputs.reference) {
    const std::string unread = prefopt::concat("the loss ", o.loss->spec, " does not read it");
    refuse("--reference", unread);
    refuse("--reference-cache", unread);
    refuse("--reference-precision", unread);
    refuse("--sync-ref-model", unread);
  }
  if (o.sync_reference) {
    if (o.reference_cache && o.reference_cache != "none")
      refuse("--reference-cache", "a moving reference has no log-probs to cache, expected none");
    refuse("--reference-precision", "a moving reference is stored in float32");
  } else {
    refuse("--ref-model-mixup-alpha", "the reference moves only with --sync-ref-model");
    refuse("--ref-model-sync-steps", "the reference moves only with --sync-ref-model");
  }
  if (o.device == device_name::cuda)
    refuse("--threads", "these are CPU threads, and this run is on a GPU");
  if (o.device == device_name::cuda && o.precision == precision_name::fp32 && o.rounds_reference())
    refuse("--reference-precision", "on a GPU, bf16 needs --precision bf16 too");
  if (o.device == device_name::cuda)
    refuse("--memory", "it plans a run on the CPU; a GPU's own memory decides there");
  if (o.trainer.max_steps != 0) refuse("--epochs", "--max-steps is given and replaces it");
  if (!o.trainer.shuffle)
    refuse("--seed", "it orders the pairs, but --no-shuffle keeps the file's order");
  if (o.eval.empty()) refuse("--eval-every", "there is nothing to evaluate without --eval");
  if (o.reference_cache && o.reference_cache->empty())
    throw CLI::ValidationError("--reference-cache", "an empty name, expected a file or none");
}

}  // namespace

void set_intervals(options& o, std::int64_t total_steps) {
  const auto set = [&](std::int64_t& steps, double share) {
    if (share > 0)
      steps = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(total_steps)));
  };
  set(o.log_every, o.shares.log);
  set(o.eval_every, o.shares.eval);
  set(o.save_every, o.shares.save);
}

parsed parse_train(int argc, char** argv) {
  raw_options raw;
  options& o = raw.rest;
  CLI::App app(
      "Trains a language model on preferences: reads a checkpoint folder and a JSONL file, writes a checkpoint folder.",
      "prefopt train");
  app.get_formatter()->column_width(34);
  add_files(app, o);
  add_loss(app, raw.loss);
  add_reference(app, raw);
  add_data(app, o);
  add_optimizer(app, o.trainer);
  add_run(app, o);
  try {
    read_arguments(app, argc, argv);
    o.loss = loss_of(raw.loss);
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

}  // namespace program
