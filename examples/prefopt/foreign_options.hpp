// SPDX-License-Identifier: MIT
#pragma once
// Options of other trainers and samplers, and what to use here instead.

#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace program {

/// If `use` names options, it is for commands that have all of them.
struct foreign_option {
  std::string_view name;
  std::string_view use;
};

inline constexpr foreign_option foreign_options[] = {
    {"--show-pairs", "use prefopt show --model DIR --data FILE"},
    {"--pairs-per-step", "use --batch-size"},
    {"--per-device-train-batch-size", "use --batch-size, the examples of a whole optimizer step"},
    {"--per-device-eval-batch-size", "use --tokens-per-microbatch, which bounds memory"},
    {"--per-device-eval-batch-size", "leave it out"},
    {"--batch-size", "leave it out"},
    {"--gradient-accumulation-steps",
     "use --batch-size for the whole step and --tokens-per-microbatch, which bounds memory"},
    {"--dataset-name", "use --train FILE"},
    {"--dataset-name", "use --data FILE"},
    {"--dataset-config", "use --train FILE"},
    {"--dataset-train-split", "use --train FILE"},
    {"--dataset-train-split", "use --data FILE"},
    {"--dataset-test-split", "use --eval FILE"},
    {"--dataset-test-split", "use --data FILE"},
    {"--eval-dataset", "use --eval FILE"},
    {"--data", "use --train FILE"},
    {"--train", "use --data FILE"},
    {"--eval", "use --data FILE"},
    {"--dataset-num-proc", "use --threads"},
    {"--dataloader-num-workers", "use --threads"},
    {"--bf16", "use --precision bf16, or nothing for float32"},
    {"--fp16", "half precision is bfloat16: use --precision bf16"},
    {"--dtype",
     "weights are float32 in memory; --precision bf16 rounds the factors of products, and "
     "--save-dtype is the type of the trained model"},
    {"--dtype", "weights are float32; --precision bf16 rounds the factors of products"},
    {"--torch-dtype",
     "weights are float32 in memory; --precision bf16 rounds the factors of products, and "
     "--save-dtype is the type of the trained model"},
    {"--torch-dtype", "weights are float32; --precision bf16 rounds the factors of products"},
    {"--device", "leave it out: this command runs on the CPU"},
    {"--ref-model-name-or-path", "use --reference DIR"},
    {"--ref-model", "use --reference DIR"},
    {"--reference-free", "use a loss without a reference, such as --loss simpo, orpo, or cpo"},
    {"--rpo-alpha", "use a sum of losses, such as --loss dpo:1,sft:1"},
    {"--cpo-alpha", "use a sum of losses, such as --loss dpo:1,sft:1"},
    {"--loss-weights", "use a sum of losses, such as --loss sigmoid:0.8,sft:0.2"},
    {"--report-to", "the log is metrics.jsonl and eval.jsonl in the folder of --output-dir"},
    {"--logging-dir", "the log is metrics.jsonl and eval.jsonl in the folder of --output-dir"},
    {"--run-name", "the log is metrics.jsonl and eval.jsonl in the folder of --output-dir"},
    {"--save-total-limit", "the newest two checkpoints are kept"},
    {"--push-to-hub", "nothing is uploaded; hf upload uploads a folder"},
    {"--trust-remote-code", "leave it out"},
    {"--attn-implementation", "leave it out"},
    {"--disable-dropout", "leave it out: there is no dropout"},
    {"--deepspeed", "leave it out: there is one process"},
    {"--overwrite-output-dir", "use another folder to start over, or --resume to continue"},
    {"--config", "write the options on the command line"},
    {"--precompute-ref-log-probs",
     "the log-probs are computed before training unless --reference-cache is none"},
    {"--resume-from-checkpoint",
     "use --resume, which continues from the newest checkpoint in --output"},
    {"--warmup-ratio", "use --warmup-steps"},
    {"--max-prompt-length", "use --max-length, of a prompt with its response"},
    {"--max-completion-length", "use --max-length, of a prompt with its response"},
    {"--max-completion-length", "use --max-new-tokens, of a response"},
    {"--max-length", "use --max-new-tokens, of a response"},
    {"--max-tokens", "use --max-new-tokens, of a response"},
    {"--cutoff-len", "use --max-length"},
    {"--completion-only-loss", "leave it out: prompts are not scored"},
    {"--train-on-prompt", "leave it out: prompts are not scored"},
    {"--mask-history",
     "leave it out: prompts are not scored; for turns of responses, use --assistant-only"},
    {"--template", "use --chat-template, if not the model's own"},
    {"--pref-beta", "use --beta"},
    {"--pref-loss", "use --loss"},
    {"--finetuning-type", "there are no adapters: all weights are trained"},
    {"--eval-strategy", "use --eval-every; without --eval FILE nothing is evaluated"},
    {"--evaluation-strategy", "use --eval-every; without --eval FILE nothing is evaluated"},
    {"--save-strategy", "use --save-every"},
    {"--logging-strategy", "use --log-every"},
    {"--optim", "the optimizer is AdamW"},
    {"--use-peft", "there are no adapters: all weights are trained"},
    {"--lora-r", "there are no adapters: all weights are trained"},
    {"--lora-alpha", "there are no adapters: all weights are trained"},
    {"--load-in-4bit", "there are no quantized weights"},
    {"--load-in-8bit", "there are no quantized weights"},
    {"--output-dir", "use --output"},
    {"--output-file", "use --output"},
    {"--do-sample", "use --temperature, of which 0 does not sample"},
    {"--num-beams", "leave it out: there is no beam search"},
    {"--repetition-penalty", "leave it out; --temperature, --top-k and --top-p shape sampling"},
    {"--min-p", "leave it out; --temperature, --top-k and --top-p shape sampling"},
    {"--num-examples", "use --examples"},
    {"--limit", "use --examples"},
    {"--num-hidden-layers", "use --n-layer"},
    {"--num-attention-heads", "use --n-head"},
    {"--hidden-size", "use --n-embd"},
    {"--max-position-embeddings", "use --n-positions"},
    {"--vocab-size", "it is that of --tokenizer"},
};

/// Whether the command has every option that the text names.
[[nodiscard]] inline bool has_all_named(const CLI::App& app, std::string_view text) {
  const auto in_a_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
  };
  for (std::size_t at = text.find("--"); at != text.npos; at = text.find("--", at)) {
    std::size_t end = at;
    while (end < text.size() && in_a_name(text[end])) ++end;
    if (app.get_option_no_throw(std::string(text.substr(at, end - at))) == nullptr) return false;
    at = end;
  }
  return true;
}

/// What to use in place of an option that the command does not have; empty if that is unknown.
[[nodiscard]] inline std::string_view use_instead(const CLI::App& app, std::string_view name) {
  for (const foreign_option& one : foreign_options)
    if (one.name == name && (one.use.starts_with("use prefopt") || has_all_named(app, one.use)))
      return one.use;
  return {};
}

}  // namespace program
