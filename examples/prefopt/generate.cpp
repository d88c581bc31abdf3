// SPDX-License-Identifier: MIT
// prefopt generate: a model's responses to the prompts in a file.

#include <array>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/datasets.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/io/json_object.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/tokenizers.hpp>
#include "command_line.hpp"
#include "commands.hpp"
#include "data.hpp"
#include "models.hpp"
#include "output.hpp"

namespace program {
namespace {

struct prompt {
  std::string text;
  prefopt::token_ids ids;
};

/// The prompt of each JSON object: a text, or messages as `prefopt train` reads them.
std::string text_of(const prefopt::json_object& object, const std::string& location) {
  if (!object.has_value("prompt") || !object.at("prompt").is_array()) return object.text("prompt");
  try {
    return prefopt::render_prompt(
        prefopt::parse_messages(object.at("prompt"), prefopt::concat(location, ": prompt")));
  } catch (const prefopt::value_error& cause) {
    throw prefopt::format_error(prefopt::concat(location, ": ", cause.what()));
  }
}

/// All prompts of a file. Throws format_error for one that the model cannot continue.
std::vector<prompt> read_prompts(const std::string& name, const prefopt::gpt2_tokenizer& tokenizer,
                                 const prefopt::gpt2_config& config) {
  check_is_no_hub_name(name);
  prefopt::json_file file(name);
  std::vector<prompt> prompts;
  for (; const nlohmann::json* value = file.peek(); file.take()) {
    const std::string location = file.location();
    prompt one{text_of(prefopt::json_object(*value, location), location), {}};
    try {
      one.ids = tokenizer.encode(one.text);
    } catch (const prefopt::value_error& cause) {
      throw prefopt::format_error(prefopt::concat(location, ": ", cause.what()));
    }
    if (one.ids.empty() || one.ids.size() >= config.n_positions)
      throw prefopt::format_error(prefopt::concat(location, ": a prompt of ", one.ids.size(),
                                                  " tokens, expected 1 to ",
                                                  config.n_positions - 1));
    for (const prefopt::token_id id : one.ids)
      if (static_cast<std::size_t>(id) >= config.vocab_size)
        throw prefopt::format_error(prefopt::concat(location, ": the prompt has token id ", id,
                                                    ", expected 0 to ", config.vocab_size - 1));
    prompts.push_back(std::move(one));
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
  int responses = 1;
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
  add(app, "--num-return-sequences", responses, "Responses to each prompt", CLI::Range(1, 1000));
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

  check_output(output, data_file);
  const auto tokenizer = prefopt::load_tokenizer(model_folder);
  const prefopt::gpt2_config config = prefopt::read_gpt2_config(model_folder);
  const std::vector<prompt> read = read_prompts(data_file, tokenizer, config);
  std::vector<prefopt::token_ids> prompts;
  for (const prompt& one : read)
    prompts.insert(prompts.end(), static_cast<std::size_t>(responses), one.ids);
  if (tokenizer.has_end_of_text()) how.end_of_text = tokenizer.end_of_text();
  const auto model = open_model(model_folder, precision, threads);
  prefopt::random_generator random(seed);
  const auto written = generate(*model, std::span<const prefopt::token_ids>(prompts), how, random);

  std::string lines;
  std::size_t at_the_limit = 0;
  for (std::size_t i = 0; i < written.size(); ++i) {
    prefopt::token_ids ids = written[i];
    const bool ended = !ids.empty() && ids.back() == how.end_of_text;
    if (!ended && ids.size() < how.max_new_tokens) ++at_the_limit;
    nlohmann::ordered_json line;
    line["example"] = i / static_cast<std::size_t>(responses);
    line["prompt"] = read[i / static_cast<std::size_t>(responses)].text;
    const std::size_t tokens = ids.size();
    if (ended) ids.pop_back();
    std::string text;  // the model may have tokens that the tokenizer lacks
    for (const prefopt::token_id id : ids)
      text += tokenizer.has_token(id) ? tokenizer.decode(std::array{id}) : "\uFFFD";
    line["response"] = text;
    line["tokens"] = tokens;
    lines += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
  }
  write_output(output, lines);
  if (at_the_limit > 0)
    std::fprintf(stderr,
                 "%zu of %zu responses are cut off at the model's context of %zu tokens, before "
                 "--max-new-tokens %zu\n",
                 at_the_limit, written.size(), config.n_positions, how.max_new_tokens);
  return 0;
}

}  // namespace program
