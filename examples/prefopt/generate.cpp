// SPDX-License-Identifier: MIT
// prefopt generate: a model's responses to the prompts in a file.

#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/datasets.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/tokenizers.hpp>
#include "command_line.hpp"
#include "commands.hpp"
#include "models.hpp"
#include "output.hpp"

namespace program {
namespace {

/// The prompt of each JSON object: a text, or messages in the format that `prefopt train` reads.
std::vector<std::string> read_prompts(const std::string& name) {
  prefopt::json_file file(name);
  std::vector<std::string> prompts;
  for (; const nlohmann::json* value = file.peek(); file.take()) {
    const prefopt::json_object object(*value, file.location());
    if (object.has_value("prompt") && object.at("prompt").is_array()) {
      const std::string where = prefopt::concat(file.location(), ": prompt");
      try {
        prompts.push_back(
            prefopt::render_prompt(prefopt::parse_messages(object.at("prompt"), where)));
      } catch (const prefopt::value_error& cause) {
        throw prefopt::format_error(prefopt::concat(file.location(), ": ", cause.what()));
      }
    } else {
      prompts.push_back(object.text("prompt"));
    }
  }
  if (prompts.empty())
    throw prefopt::format_error(
        prefopt::concat(name, ": empty, expected one JSON object per line"));
  return prompts;
}

}  // namespace

int generate(int argc, char** argv) {
  std::string model_folder, data_file, output = "-";
  prefopt::generation_options how;
  std::uint64_t seed = 42;
  std::size_t responses = 1;
  precision_name precision = precision_name::fp32;
  int threads = 1;
  CLI::App app(
      "Writes a model's responses to the prompts in a file, one JSON object each: example (from 0), "
      "prompt, response, tokens.",
      "prefopt generate");
  app.get_formatter()->column_width(34);
  app.add_option("--model,--model-name-or-path", model_folder, "Hugging Face folder of the model")
      ->type_name("DIR")
      ->required();
  app.add_option("--data", data_file, "JSON objects with a prompt, as of preference files")
      ->type_name("FILE")
      ->required();
  app.add_option("--output", output, "File to write; - is stdout")
      ->type_name("FILE")
      ->capture_default_str();
  add(app, "--max-new-tokens", how.max_new_tokens, "Tokens of a response", at_least(1));
  add(app, "--num-return-sequences", responses, "Responses to each prompt", at_least(1));
  const double none = std::numeric_limits<double>::infinity();
  add(app, "--temperature", how.sampling.temperature, "0: always the most probable token",
      finite_number("at least 0", 0, none, true, false));
  add(app, "--top-k", how.sampling.top_k, "Draw from the k most probable tokens; 0: from all",
      at_least(0));
  add(app, "--top-p", how.sampling.top_p, "Draw from the most probable tokens with this sum",
      finite_number("above 0 and at most 1", 0, 1, false, true));
  add(app, "--seed", seed, "Of the random numbers", at_least(0));
  add_precision(app, precision);
  add_threads(app, threads);
  if (const auto status = parse(app, argc, argv)) return *status;

  const auto tokenizer = prefopt::load_tokenizer(model_folder);
  const std::vector<std::string> texts = read_prompts(data_file);
  std::vector<prefopt::token_ids> prompts;
  for (const std::string& text : texts)
    prompts.insert(prompts.end(), responses, tokenizer.encode(text));
  if (tokenizer.has_end_of_text()) how.end_of_text = tokenizer.end_of_text();
  const auto model = open_model(model_folder, precision, threads);
  prefopt::random_generator random(seed);
  const auto written = generate(*model, std::span<const prefopt::token_ids>(prompts), how, random);

  std::string lines;
  for (std::size_t i = 0; i < written.size(); ++i) {
    prefopt::token_ids ids = written[i];
    nlohmann::ordered_json line;
    line["example"] = i / responses;
    line["prompt"] = texts[i / responses];
    const std::size_t tokens = ids.size();
    if (!ids.empty() && ids.back() == how.end_of_text) ids.pop_back();
    line["response"] = tokenizer.decode(ids);
    line["tokens"] = tokens;
    lines += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
  }
  write_output(output, lines);
  return 0;
}

}  // namespace program
