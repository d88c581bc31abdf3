// SPDX-License-Identifier: MIT

#include "train_dpo/data.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

namespace train_dpo {
namespace {

using records = std::vector<prefopt::preference_record>;

bool has_tokenizer(const std::filesystem::path& folder) {
  std::error_code ignored;
  const auto has = [&](const char* name) { return std::filesystem::exists(folder / name, ignored); };
  return (has("vocab.json") && has("merges.txt")) || has("tokenizer.json");
}

/// The tokenizer of the model's folder: needed where a record is text, and of use to show pairs if it can be read.
std::optional<prefopt::gpt2_tokenizer> tokenizer_for(const options& o, const records& all) {
  const auto text = std::ranges::find_if(all, &prefopt::preference_record::is_text);
  if (text != all.end() && !has_tokenizer(o.model))
    throw prefopt::format_error(prefopt::join(place_of(*text), ": the pair is text, but ", o.model,
                                              " holds no tokenizer (vocab.json and merges.txt, or tokenizer.json)"));
  if (text != all.end()) return prefopt::gpt2_tokenizer::from_directory(o.model);
  if (!o.show_pairs || !has_tokenizer(o.model)) return std::nullopt;
  try {
    return prefopt::gpt2_tokenizer::from_directory(o.model);
  } catch (const prefopt::error& cause) {
    std::fprintf(stderr, "no token texts: %s\n", cause.what());
    return std::nullopt;
  }
}

prefopt::tokenized_preferences tokenize(const records& all, const std::string& file, const run_data& data,
                                        const options& o, std::size_t vocabulary_size) {
  const prefopt::tokenize_options how = {
      .max_length = data.max_length, .truncation = o.truncation, .vocabulary_size = vocabulary_size};
  prefopt::tokenized_preferences pairs =
      data.tokenizer ? prefopt::tokenize(all, *data.tokenizer, how) : prefopt::tokenize(all, how);
  std::FILE* console = o.show_pairs ? stderr : stdout;  // with --show-pairs stdout is JSON alone
  std::fprintf(console, "%s: %s\n", file.c_str(), describe(pairs.report).c_str());
  return pairs;
}

}  // namespace

run_data read_data(const options& o, const prefopt::gpt2_config& config) {
  run_data data;
  data.max_length =
      o.max_length ? static_cast<std::size_t>(*o.max_length) : std::min<std::size_t>(config.n_positions, 1024);
  if (data.max_length > config.n_positions)
    throw prefopt::value_error(prefopt::join(o.model, "/config.json: n_positions is ", config.n_positions,
                                             ", wanted at least the --max-length of ", data.max_length));
  const records train = prefopt::read_preferences(o.train);
  const records eval = o.eval.empty() ? records{} : prefopt::read_preferences(o.eval);
  data.tokenizer = tokenizer_for(o, train);
  if (!data.tokenizer) data.tokenizer = tokenizer_for(o, eval);
  data.train = tokenize(train, o.train, data, o, config.vocab_size);
  if (!o.eval.empty()) data.eval = tokenize(eval, o.eval, data, o, config.vocab_size);
  return data;
}

void show_pairs(const run_data& data, std::size_t count) {
  for (std::size_t i = 0; i < std::min(count, data.train.size()); ++i) {
    nlohmann::ordered_json line;
    const auto& [prompt, chosen, rejected] = data.train[i];
    line["prompt_ids"] = prompt;
    line["chosen_ids"] = chosen;
    line["rejected_ids"] = rejected;
    const auto add_pieces = [&](const char* key, const prefopt::token_ids& ids) {
      auto& pieces = line[key] = nlohmann::ordered_json::array();
      for (const prefopt::token_id id : ids)
        pieces.push_back(data.tokenizer->has_token(id) ? data.tokenizer->display(id) : "\uFFFD");
    };
    if (data.tokenizer) {
      add_pieces("prompt_pieces", prompt);
      add_pieces("chosen_pieces", chosen);
      add_pieces("rejected_pieces", rejected);
    }
    std::puts(line.dump().c_str());
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw prefopt::io_error("stdout: the pairs could not be written");
}

}  // namespace train_dpo
