// SPDX-License-Identifier: MIT

#include "train_dpo/data.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

namespace train_dpo {
namespace {

prefopt::tokenized_preferences read_pairs(const std::string& file, const prefopt::tokenize_options& how,
                                          const std::optional<prefopt::gpt2_tokenizer>& tokenizer, const options& o) {
  const std::vector<prefopt::preference_record> records = prefopt::read_preferences(file);
  const auto text = std::ranges::find_if(records, &prefopt::preference_record::is_text);
  if (text != records.end() && !tokenizer)
    throw prefopt::format_error(prefopt::join(place_of(*text), ": the pair is text, but ", o.model,
                                              " holds no tokenizer (vocab.json and merges.txt, or tokenizer.json)"));
  prefopt::tokenized_preferences pairs =
      tokenizer ? prefopt::tokenize(records, *tokenizer, how) : prefopt::tokenize(records, how);
  std::FILE* console = o.show_pairs ? stderr : stdout;  // with --show-pairs stdout is JSON alone
  std::fprintf(console, "%s: %s\n", file.c_str(), describe(pairs.report).c_str());
  return pairs;
}

}  // namespace

std::optional<prefopt::gpt2_tokenizer> find_tokenizer(const std::string& folder) {
  for (const char* name : {"vocab.json", "tokenizer.json"})
    if (std::filesystem::exists(std::filesystem::path(folder) / name))
      return prefopt::gpt2_tokenizer::from_directory(folder);
  return std::nullopt;
}

run_data read_data(const options& options, const prefopt::gpt2_config& config,
                   const std::optional<prefopt::gpt2_tokenizer>& tokenizer) {
  run_data data;
  data.max_length = options.max_length ? static_cast<std::size_t>(*options.max_length)
                                       : std::min<std::size_t>(config.n_positions, 1024);
  if (data.max_length > config.n_positions)
    throw prefopt::value_error(prefopt::join(options.model, "/config.json: n_positions is ", config.n_positions,
                                             ", wanted at least the --max-length of ", data.max_length));
  const prefopt::tokenize_options how = {
      .max_length = data.max_length, .truncation = options.truncation, .vocabulary_size = config.vocab_size};
  data.train = read_pairs(options.train, how, tokenizer, options);
  if (!options.eval.empty()) data.eval = read_pairs(options.eval, how, tokenizer, options);
  return data;
}

void show_pairs(const prefopt::tokenized_preferences& pairs, std::size_t count,
                const std::optional<prefopt::gpt2_tokenizer>& tokenizer) {
  for (std::size_t i = 0; i < std::min(count, pairs.size()); ++i) {
    nlohmann::ordered_json line;
    const auto& [prompt, chosen, rejected] = pairs[i];
    line["prompt_ids"] = prompt;
    line["chosen_ids"] = chosen;
    line["rejected_ids"] = rejected;
    const auto add_pieces = [&](const char* key, const prefopt::token_ids& ids) {
      auto& pieces = line[key] = nlohmann::ordered_json::array();
      for (const prefopt::token_id id : ids) pieces.push_back(tokenizer->display(id));
    };
    if (tokenizer) {
      add_pieces("prompt_pieces", prompt);
      add_pieces("chosen_pieces", chosen);
      add_pieces("rejected_pieces", rejected);
    }
    std::puts(line.dump().c_str());
  }
}

}  // namespace train_dpo
