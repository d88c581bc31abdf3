// SPDX-License-Identifier: MIT

#include "train/settings.hpp"

#include <nlohmann/json.hpp>

#include <prefopt/core/error.hpp>

namespace program {

prefopt::json_value settings_of(const options& options, const origins& origins) {
  const prefopt::trainer_options& t = options.trainer;
  nlohmann::json settings = {
      {"--model", origins.model},
      {"--train", origins.pairs},
      {"--eval", origins.eval_pairs},
      {"--max-length", origins.max_length},
      {"--truncation",
       options.truncation == prefopt::truncation::keep_start ? "keep_start" : "keep_end"},
      {"--loss", options.loss->spec},
      {"--learning-rate", t.learning_rate},
      {"--schedule", prefopt::name_of(t.schedule)},
      {"--warmup-steps", t.warmup_steps},
      {"--weight-decay", t.weight_decay},
      {"--adam-beta1", t.adam_beta1},
      {"--adam-beta2", t.adam_beta2},
      {"--adam-epsilon", t.adam_epsilon},
      {"--max-grad-norm", t.max_grad_norm},
      {"--batch-size", t.batch_size},
      {"--tokens-per-microbatch", t.tokens_per_microbatch.value()},
      {"--seed", t.seed},
      {"--no-shuffle", !t.shuffle},
      {"--device", name_of(options.device)},
      {"--precision", name_of(options.precision)}};
  if (t.max_steps != 0)
    settings["--max-steps"] = t.max_steps;
  else
    settings["--epochs"] = t.epochs;
  if (options.split_special_tokens) settings["--split-special-tokens"] = true;
  if (options.assistant_only) settings["--assistant-only"] = true;
  if (options.trim_after_end_of_turn) settings["--trim-after-end-of-turn"] = true;
  if (!origins.date.empty()) settings["--date"] = origins.date;
  settings.update(*options.loss->read);
  if (!origins.reference.empty()) {
    settings["--reference"] = origins.reference;
    settings["--reference-cache"] = options.reference_cache == "none" ? "none" : "a file";
    if (options.rounds_reference()) settings["--reference-precision"] = "bf16";
  }
  if (options.sync_reference) {
    settings["--ref-model-mixup-alpha"] = options.sync_reference->mixup_alpha;
    settings["--ref-model-sync-steps"] = options.sync_reference->sync_steps;
  }
  return settings;
}

void check_same_settings(const nlohmann::json& saved, const nlohmann::json& now,
                         const std::string& where) {
  const auto text = [](const nlohmann::json& settings, const std::string& key) {
    return settings.contains(key) ? settings[key].dump() : std::string("not given");
  };
  const auto as_given = [&](const nlohmann::json& settings, const std::string& key) {
    if (!settings.contains(key) || !settings[key].is_array()) return text(settings, key);
    std::string values;  // a list, as on the command line
    for (const auto& value : settings[key])
      values += prefopt::concat(values.empty() ? "" : " ", value.dump());
    return values;
  };
  const auto is_hash = [](const std::string& key) {
    return key == "--model" || key == "--reference" || key == "--train" || key == "--eval";
  };
  const bool same_ids = text(saved, "--train") == text(now, "--train") &&
                        text(saved, "--eval") == text(now, "--eval");
  // The hashes come last: other options, such as --truncation, change them too and make a clearer
  // message.
  const auto compare = [&](bool hashes, const nlohmann::json& keys) {
    for (const auto& [key, value] : keys.items()) {
      const std::string then = text(saved, key), expected = text(now, key);
      if (then == expected || is_hash(key) != hashes) continue;
      if (key == "--date" && same_ids) continue;  // the text has no date after all
      if (hashes)
        throw prefopt::value_error(
            prefopt::concat(where, ": made with different content of ", key,
                            key == "--train" || key == "--eval"
                                ? ", or another tokenizer, chat template, or its arguments"
                                : ""));
      throw prefopt::value_error(prefopt::concat(where, ": made with ", key, ' ',
                                                 as_given(saved, key), ", expected ",
                                                 as_given(now, key)));
    }
  };
  for (const bool hashes : {false, true}) {
    compare(hashes, now);
    compare(hashes, saved);
  }
}

}  // namespace program
