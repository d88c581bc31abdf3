// SPDX-License-Identifier: MIT
// prefopt show: the first examples of a file as training will see them.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/hub.hpp>
#include <prefopt/prefopt.hpp>
#include "command_line.hpp"
#include "commands.hpp"
#include "data.hpp"
#include "model_folders.hpp"
#include "output.hpp"
#include "train/loss_options.hpp"

namespace program {
namespace {

/// An example's ids, and their texts if there is a tokenizer.
std::string line_of(const prefopt::tokenized_example& example, const run_data& data) {
  using prefopt::preference_form;
  const std::vector<std::string> keys = keys_of(data.train.form, example);
  nlohmann::ordered_json line;
  line["prompt_ids"] = example.prompt;
  for (std::size_t r = 0; r < example.responses.size(); ++r)
    line[keys[r] + "_ids"] = example.responses[r];
  if (data.train.form == preference_form::lists) line["scores"] = example.scores;
  if (data.train.form == preference_form::unpaired) line["label"] = example.scores[0] > 0;
  const auto add_texts = [&](const std::string& key, const prefopt::token_ids& ids) {
    if (std::ranges::all_of(ids, [&](auto id) { return data.tokenizer->has_token(id); }))
      line[key + "_text"] = data.tokenizer->decode(ids);
    auto& pieces = line[key + "_pieces"] = nlohmann::ordered_json::array();
    for (const prefopt::token_id id : ids)
      pieces.push_back(data.tokenizer->has_token(id) ? data.tokenizer->display(id) : "\uFFFD");
  };
  if (data.tokenizer) {
    add_texts("prompt", example.prompt);
    for (std::size_t r = 0; r < example.responses.size(); ++r)
      add_texts(keys[r], example.responses[r]);
  }
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

}  // namespace

int show(int argc, char** argv) {
  data_options how;
  how.always_tokenizer = true;
  how.console = stderr;
  std::string data_file;
  std::int64_t count = std::numeric_limits<std::int64_t>::max();
  loss_options chosen;
  CLI::App app(
      "Prints a file's examples as training will see them, one JSON object each: token ids, texts, "
      "and what each token stands for. Writes no file.",
      "prefopt show");
  app.get_formatter()->column_width(34);
  app.add_option("--model,--model-name-or-path", how.model,
                 "Hugging Face folder of the model, or its name if it was downloaded")
      ->type_name("DIR")
      ->required();
  app.add_option("--data", data_file, "Pairs, ranked lists or unpaired examples")
      ->type_name("FILE")
      ->required();
  app.add_option("--examples", count, "How many [all]")->type_name("N")->check(at_least(1));
  CLI::Option* const loss_option =
      app.add_option("--loss,--loss-type", chosen.name, "As this loss reads them [any form]")
          ->type_name("NAME");
  add_data(app, how);
  if (const auto status = parse(app, argc, argv)) return *status;
  std::optional<chosen_loss> loss;
  try {
    if (loss_option->count() > 0) loss = loss_of(chosen);
  } catch (const CLI::ParseError& thrown) {
    return status_of(app, thrown);
  }
  if (loss) how.read_by = &*loss;

  find_in_hub_cache({&how.model}, how.console);
  const run_data data = read_data(how, data_file, "", prefopt::read_model_config(how.model));
  std::string lines;
  for (const auto& example : data.train.examples) {
    if (count-- == 0) break;
    lines += line_of(example, data);
  }
  write_output("-", lines);
  return 0;
}

}  // namespace program
