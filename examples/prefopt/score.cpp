// SPDX-License-Identifier: MIT
// prefopt score: log-probs of every response in a file, one JSON object each.

#include <cmath>
#include <cstdio>
#include <numeric>
#include <string>

#include <nlohmann/json.hpp>

#include <prefopt/prefopt.hpp>
#include "command_line.hpp"
#include "commands.hpp"
#include "data.hpp"
#include "model_folders.hpp"
#include "models.hpp"
#include "output.hpp"

namespace program {
namespace {

/// Label of a response: a name in pairs and unpaired examples, an index in lists.
nlohmann::ordered_json name_of_response(prefopt::preference_form form, std::size_t index) {
  if (form == prefopt::preference_form::lists) return index;
  if (form == prefopt::preference_form::unpaired) return "completion";
  return index == 0 ? "chosen" : "rejected";
}

/// Every response, in the file's order.
std::string scores_of(const any_model& model, const data_set& data) {
  const prefopt::reference_cache scored = prefopt::reference_log_probs(
      model, data.examples, {.responses = prefopt::response_selection::own()});
  std::string lines;
  for (std::size_t e = 0; e < data.examples.size(); ++e)
    for (std::size_t r = 0; r < data.examples[e].responses.size(); ++r) {
      const prefopt::reference_key key{static_cast<std::int32_t>(e), static_cast<std::int32_t>(r)};
      if (!scored.contains(key)) continue;  // an unpaired example has one response
      const auto log_probs = scored.log_probs(key);
      const double sum = std::accumulate(log_probs.begin(), log_probs.end(), 0.0);
      if (!std::isfinite(sum))
        throw prefopt::value_error(prefopt::concat("example ", e, ", line ", data.lines[e],
                                                   " of the file: a log-prob is not finite"));
      nlohmann::ordered_json line;
      line["example"] = e;
      line["response"] = name_of_response(data.form, r);
      line["log_prob"] = sum;
      line["tokens"] = log_probs.size();
      line["token_log_probs"] = log_probs;
      lines += line.dump() + '\n';
    }
  return lines;
}

}  // namespace

int score(int argc, char** argv) {
  data_options how;
  how.keep_all = true;
  how.console = stderr;
  std::string data_file, output = "-";
  precision_name precision = precision_name::fp32;
  int threads = 1;
  CLI::App app(
      "Writes the log-prob of every response in a file, one JSON object each, in the file's order: "
      "example (from 0), response, log_prob and token_log_probs (in nats, the end token included), "
      "tokens.",
      "prefopt score");
  app.get_formatter()->column_width(34);
  app.add_option("--model,--model-name-or-path", how.model,
                 "Hugging Face folder of the model, or its name if it was downloaded")
      ->type_name("DIR")
      ->required();
  app.add_option("--data", data_file, "Pairs, ranked lists or unpaired examples")
      ->type_name("FILE")
      ->required();
  app.add_option("--output", output, "File to write; - is stdout")
      ->type_name("FILE")
      ->capture_default_str();
  add_data(app, how);
  add_precision(app, precision);
  add_threads(app, threads);
  if (const auto status = parse(app, argc, argv)) return *status;

  check_output(output, data_file);
  find_in_hub_cache({&how.model}, how.console);
  const run_data data = read_data(how, data_file, "", prefopt::read_model_config(how.model));
  const auto model = open_model(how.model, precision, threads);
  write_output(output, scores_of(*model, data.train));
  return 0;
}

}  // namespace program
