// SPDX-License-Identifier: MIT
// prefopt generate: a model's responses to the prompts in a file.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/datasets.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/io/json_object.hpp>
#include <prefopt/io/printable.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/tokenizers.hpp>
#include "chat_templates.hpp"
#include "command_line.hpp"
#include "commands.hpp"
#include "data.hpp"
#include "model_folders.hpp"
#include "models.hpp"
#include "output.hpp"

namespace program {
namespace {

struct prompt {
  std::optional<std::string> text;  ///< none if the file has ids
  prefopt::token_ids ids;
};

/// The tokenizer of a model's folder, which ids do without. If it cannot be read, its error waits
/// until a text needs it.
class model_tokenizer {
 public:
  explicit model_tokenizer(const std::string& folder) {
    try {
      tokenizer_.emplace(prefopt::load_tokenizer(folder));
    } catch (const prefopt::error& cause) {
      error_ = std::current_exception();
      why_not_ = cause.what();
    }
  }

  [[nodiscard]] bool found() const { return tokenizer_.has_value(); }
  /// Why it was not found; empty if it was.
  [[nodiscard]] const std::string& why_not() const { return why_not_; }
  [[nodiscard]] const prefopt::hf_tokenizer& required() const {
    if (error_) std::rethrow_exception(error_);
    return *tokenizer_;
  }

 private:
  std::optional<prefopt::hf_tokenizer> tokenizer_;
  std::exception_ptr error_;
  std::string why_not_;
};

/// What reads prompts. It looks for a chat template at the first prompt of messages.
class prompt_reader {
 public:
  prompt_reader(const std::string& file, const std::string& model, const model_tokenizer& tokenizer,
                const chat_options& chat, const prefopt::column_names& columns)
      : file_(file), model_(model), tokenizer_(tokenizer), chat_(chat), columns_(columns) {}

  [[nodiscard]] const prefopt::hf_tokenizer& tokenizer() const { return tokenizer_.required(); }

  /// A prompt that is text or messages. Throws value_error, format_error.
  [[nodiscard]] prompt read(const prefopt::json_object& object) {
    const auto read = prefopt::parse_prompt(object, columns_);
    if (const auto* text = std::get_if<std::string>(&read)) {
      if (!has_plain_texts_) note_plain_texts(file_, model_, chat_);
      has_plain_texts_ = true;
      return plain(*text);
    }
    const auto& messages = std::get<prefopt::conversation>(read);
    if (!looked_for_template_) find();
    if (renderer_) {
      note_roles(messages, object.name());
      const std::string text = prefopt::render_prompt(messages, *renderer_);
      return {text, tokenizer().encode(text)};
    }
    return plain(prefopt::render_prompt(messages, prefopt::dialogue_renderer{}));
  }

 private:
  /// Says once of each role that the template may not know that it may not.
  void note_roles(const prefopt::conversation& messages, const std::string& location) {
    for (const prefopt::chat_message& one : messages.messages)
      if (!prefopt::is_usual_role(one.role) && !renderer_->mentions(one.role) &&
          noted_.size() < 64 && noted_.insert(one.role).second)
        std::fprintf(stderr,
                     "%s: role \"%s\" is unusual; the chat template may leave its messages out\n",
                     location.c_str(), prefopt::printable(one.role, 40).c_str());
  }

  [[nodiscard]] prompt plain(const std::string& text) {
    if (!frame_) frame_ = prefopt::frame_of(tokenizer());
    return {text, prefopt::framed(*frame_, tokenizer().encode(text), true)};
  }

  void find() {
    looked_for_template_ = true;
    renderer_ = find_renderer(model_, chat_);
    say_renderer(stderr, model_, chat_, renderer_);
  }

  const std::string& file_;
  const std::string& model_;
  const model_tokenizer& tokenizer_;
  const chat_options& chat_;
  const prefopt::column_names& columns_;
  bool has_plain_texts_ = false;
  std::set<std::string> noted_;                     // roles
  std::optional<prefopt::chat_renderer> renderer_;  // of messages, if the model has a template
  bool looked_for_template_ = false;
  std::optional<prefopt::text_frame> frame_;  // of plain texts
};

/// The ids of a prompt, of a text or as they are.
prompt read_prompt(const prefopt::json_object& object, const prefopt::column_names& columns,
                   prompt_reader& reader) {
  const std::string_view ids = columns.column("prompt_ids");
  if (object.has_value(ids)) {
    prompt one;
    for (const nlohmann::json& id : object.list(ids))
      one.ids.push_back(static_cast<prefopt::token_id>(prefopt::to_integer(
          id, object.location(ids), 0, std::numeric_limits<prefopt::token_id>::max())));
    return one;
  }
  try {
    return reader.read(object);
  } catch (const prefopt::value_error& cause) {
    throw prefopt::format_error(prefopt::concat(object.name(), ": ", cause.what()));
  }
}

/// All prompts of a file. Throws format_error for one that the model cannot continue.
std::vector<prompt> read_prompts(const std::string& name, prompt_reader reader,
                                 const prefopt::column_names& columns,
                                 const prefopt::decoder_shape& shape) {
  check_is_no_hub_name(name);
  check_prompt_names(columns);
  prefopt::json_file file(name);
  std::vector<prompt> prompts;
  std::set<std::string> unseen;
  for (const prefopt::column_name& one : columns.all()) unseen.insert(one.column);
  for (; const nlohmann::json* value = file.peek(); file.take()) {
    const std::string location = file.location();
    const prefopt::json_object object(*value, location, file.text());
    for (const prefopt::column_name& given : columns.all())
      if (object.has(given.column)) unseen.erase(given.column);
    prompt one = read_prompt(object, columns, reader);
    if (one.ids.empty() || one.ids.size() >= shape.positions)
      throw prefopt::format_error(prefopt::concat(location, ": a prompt of ", one.ids.size(),
                                                  " tokens, expected 1 to ", shape.positions - 1));
    for (const prefopt::token_id id : one.ids)
      if (static_cast<std::size_t>(id) >= shape.vocabulary)
        throw prefopt::format_error(prefopt::concat(location, ": the prompt has token id ", id,
                                                    ", expected 0 to ", shape.vocabulary - 1));
    prompts.push_back(std::move(one));
  }
  if (prompts.empty())
    throw prefopt::format_error(
        prefopt::concat(name, ": empty, expected one JSON object per line"));
  for (const std::string& column : unseen)
    throw prefopt::format_error(
        prefopt::concat(name, ": no column \"", prefopt::printable(column), "\" in any prompt"));
  return prompts;
}

/// The tokens at which a response ends: the tokenizer's, and those that the model's files name.
std::vector<prefopt::token_id> end_ids(const std::string& folder,
                                       const model_tokenizer& tokenizer) {
  std::vector<prefopt::token_id> ids;
  if (tokenizer.found() && tokenizer.required().has_end_of_text())
    ids.push_back(tokenizer.required().end_of_text());
  for (const std::int64_t id : prefopt::read_sidecar_files(folder).end_ids())
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(static_cast<prefopt::token_id>(id));
  return ids;
}

/// Cuts a response behind the first token that ends it. Returns whether there was one.
bool cut_at_end(prefopt::token_ids& response, const std::vector<prefopt::token_id>& ends) {
  const auto end = std::ranges::find_first_of(response, ends);
  if (end == response.end()) return false;
  response.erase(end + 1, response.end());
  return true;
}

/// The text of tokens. The model may have tokens that the tokenizer lacks.
std::string text_of(const prefopt::token_ids& ids, const prefopt::hf_tokenizer& tokenizer) {
  std::string text;
  for (const prefopt::token_id id : ids)
    text += tokenizer.has_token(id) ? tokenizer.decode(std::array{id}) : "\uFFFD";
  return text;
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
      "prompt, response, tokens. For prompt_ids: prompt_ids, response_ids, and a response if the "
      "model's tokenizer can be read.",
      "prefopt generate");
  app.get_formatter()->column_width(34);
  app.add_option("--model,--model-name-or-path", model_folder,
                 "Hugging Face folder of the model, or its name if it was downloaded")
      ->type_name("DIR")
      ->required();
  app.add_option("--data", data_file,
                 "JSON objects with a prompt or prompt_ids, as of preference files")
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
  prefopt::column_names columns;
  add_columns(app, columns);
  chat_options chat;
  add_chat(app, chat);
  add_precision(app, precision);
  add_threads(app, threads);
  if (const auto status = parse(app, argc, argv)) return *status;

  check_output(output, data_file);
  find_in_hub_cache({&model_folder}, stderr);
  const prefopt::decoder_shape shape = prefopt::read_model_config(model_folder).shape;
  const model_tokenizer tokenizer(model_folder);
  const std::vector<prompt> read =
      read_prompts(data_file, {data_file, model_folder, tokenizer, chat, columns}, columns, shape);
  if (!tokenizer.found())
    std::fprintf(stderr, "no texts of the responses: %s\n", tokenizer.why_not().c_str());
  std::vector<prefopt::token_ids> prompts;
  for (const prompt& one : read)
    prompts.insert(prompts.end(), static_cast<std::size_t>(responses), one.ids);
  const std::vector<prefopt::token_id> ends = end_ids(model_folder, tokenizer);
  if (!ends.empty()) how.end_of_text = ends.front();
  const auto model = open_model(model_folder, precision, threads);
  prefopt::random_generator random(seed);
  const auto written = generate(*model, std::span<const prefopt::token_ids>(prompts), how, random);

  std::string lines;
  std::size_t at_the_limit = 0;
  for (std::size_t i = 0; i < written.size(); ++i) {
    prefopt::token_ids ids = written[i];
    const bool ended = cut_at_end(ids, ends);
    if (!ended && ids.size() < how.max_new_tokens) ++at_the_limit;
    const prompt& from = read[i / static_cast<std::size_t>(responses)];
    nlohmann::ordered_json line;
    line["example"] = i / static_cast<std::size_t>(responses);
    const std::size_t tokens = ids.size();
    if (from.text) {
      line["prompt"] = *from.text;
    } else {
      line["prompt_ids"] = from.ids;
      line["response_ids"] = ids;
    }
    if (ended) ids.pop_back();
    if (tokenizer.found()) line["response"] = text_of(ids, tokenizer.required());
    line["tokens"] = tokens;
    lines += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
  }
  write_output(output, lines);
  if (at_the_limit > 0)
    std::fprintf(stderr,
                 "%zu of %zu responses are cut off at the model's context of %zu tokens, before "
                 "--max-new-tokens %zu\n",
                 at_the_limit, written.size(), shape.positions, how.max_new_tokens);
  return 0;
}

}  // namespace program
