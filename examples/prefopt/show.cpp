// SPDX-License-Identifier: MIT
// prefopt show: the first examples of a file as training will see them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <prefopt/hub.hpp>
#include <prefopt/prefopt.hpp>
#include "command_line.hpp"
#include "commands.hpp"
#include "data.hpp"
#include "model_folders.hpp"
#include "output.hpp"
#include "show_text.hpp"
#include "train/loss_options.hpp"

namespace program {
namespace {

/// An example's ids, and their texts if there is a tokenizer.
std::string line_of(const prefopt::tokenized_example& example, const run_data& data) {
  using prefopt::preference_form;
  const std::vector<std::string> keys = keys_of(data.train.form, example);
  nlohmann::ordered_json line;
  line["prompt_ids"] = example.prompt;
  for (std::size_t r = 0; r < example.responses.size(); ++r) {
    line[keys[r] + "_ids"] = example.responses[r];
    if (const auto runs = response_targets(example, r)) {
      auto& list = line[keys[r] + "_targets"] = nlohmann::ordered_json::array();
      for (const prefopt::token_run& run : *runs) list.push_back({run.begin, run.end});
    }
  }
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

enum class show_format { detect, json, text };

/// Whether the environment lets a terminal have colours (https://no-color.org).
bool allows_colours() {
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') &&
         (terminal == nullptr || std::string_view(terminal) != "dumb");
}

}  // namespace

int show(int argc, char** argv) {
  data_options how;
  how.always_tokenizer = true;
  how.console = stderr;
  std::string data_file;
  std::int64_t count = std::numeric_limits<std::int64_t>::max();
  show_format format = show_format::detect;
  bool lengths = false;
  loss_options chosen;
  CLI::App app(
      "Prints a file's examples as training will see them: texts, token ids, what each token stands "
      "for, and which tokens are scored; or how long they are. Writes no file.",
      "prefopt show");
  app.get_formatter()->column_width(34);
  app.add_option("--model,--model-name-or-path", how.model,
                 "Hugging Face folder of the model, or its name if it was downloaded")
      ->type_name("DIR")
      ->required();
  app.add_option("--data", data_file, "Pairs, ranked lists or unpaired examples")
      ->type_name("FILE")
      ->required();
  CLI::Option* const format_option = add_choice<show_format>(
      app, "--format", format,
      "json: an object on each line; text: for people to read, targets in colours; auto: text on a "
      "terminal",
      {{"auto", show_format::detect}, {"json", show_format::json}, {"text", show_format::text}},
      "auto");
  CLI::Option* const examples =
      app.add_option("--examples", count, "How many [all]")->type_name("N")->check(at_least(1));
  app.add_flag("--lengths", lengths,
               "Instead of examples: how long they are, and what each --max-length would cut")
      ->excludes(examples)
      ->excludes(format_option);
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
  if (lengths) how.cut = false;
  const bool on_terminal = ::isatty(STDOUT_FILENO) != 0;
  if (format == show_format::detect) format = on_terminal ? show_format::text : show_format::json;

  find_in_hub_cache({&how.model}, how.console);
  const run_data data = read_data(how, data_file, "", prefopt::read_model_config(how.model));
  if (lengths) {
    write_output("-", lengths_of(data.train, data.max_length));
    return 0;
  }
  std::string lines;
  for (std::size_t i = 0; i < data.train.examples.size() && std::cmp_less(i, count); ++i) {
    const auto& example = data.train.examples[i];
    lines += format == show_format::json
                 ? line_of(example, data)
                 : text_of(example, i + 1, data, on_terminal && allows_colours());
  }
  write_output("-", lines);
  return 0;
}

}  // namespace program
