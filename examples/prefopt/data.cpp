// SPDX-License-Identifier: MIT

#include "data.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <ranges>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "prefopt/io/json.hpp"
#include "supervised_data.hpp"

namespace program {
namespace {

using prefopt::preference_form;

/// A file's records, in the form that the file has.
using file_records = std::variant<prefopt::preference_records<prefopt::preference_record>,
                                  prefopt::preference_records<prefopt::ranked_record>,
                                  prefopt::preference_records<prefopt::unpaired_record>>;

file_records read_records(prefopt::json_file& file, preference_form form,
                          const prefopt::column_names& columns) {
  switch (form) {
    case preference_form::pairs:
      return prefopt::read_preferences(file, columns);
    case preference_form::lists:
      return prefopt::read_ranked_preferences(file, columns);
    case preference_form::unpaired:
      break;
  }
  return prefopt::read_unpaired_preferences(file, columns);
}

/// A file before it is tokenized.
struct raw_file {
  std::string name;
  preference_form form = preference_form::pairs;
  file_records records;
};

raw_file read_file(const data_options& o, const std::string& name) {
  check_is_no_hub_name(name);
  prefopt::json_file file(name);
  refuse_supervised(file, o.columns);
  const preference_form form = prefopt::form_of(file, o.columns);
  if (o.read_by != nullptr && std::ranges::find(o.read_by->forms, form) == o.read_by->forms.end()) {
    std::string expected;
    for (const preference_form one : o.read_by->forms)
      expected += prefopt::concat(expected.empty() ? "" : " or ", name_of(one));
    throw prefopt::value_error(
        prefopt::concat(name, ": contains ", name_of(form), ", but the loss ", o.read_by->spec,
                        " reads ", expected, "; losses of ", name_of(form), ": ", losses_of(form)));
  }
  return {name, form, read_records(file, form, o.columns)};
}

bool has_tokenizer(const std::filesystem::path& folder) {
  return prefopt::holds_tokenizer(prefopt::read_tokenizer_files(folder));
}

/// Location of the first record that is text.
std::optional<std::string> first_text(const raw_file& file) {
  return std::visit(
      [](const auto& records) -> std::optional<std::string> {
        const auto text =
            std::ranges::find_if(records, [](const auto& record) { return record.is_text(); });
        return text == records.end() ? std::nullopt : std::optional(location_of(*text));
      },
      file.records);
}

/// Whether any record is a list of messages.
bool has_messages(const raw_file& file) {
  return std::visit(
      [](const auto& records) {
        return std::ranges::any_of(records,
                                   [](const auto& record) { return record.is_messages(); });
      },
      file.records);
}

/// Whether any record is a text that is no list of messages.
bool has_plain_texts(const raw_file& file) {
  return std::visit(
      [](const auto& records) {
        return std::ranges::any_of(
            records, [](const auto& record) { return record.is_text() && !record.is_messages(); });
      },
      file.records);
}

/// The tokenizer of the model's folder: required if a record is text; otherwise used to show pairs
/// if it can be read.
std::optional<prefopt::hf_tokenizer> tokenizer_for(const data_options& o,
                                                   const std::optional<std::string>& text) {
  if (text && !has_tokenizer(o.model))
    throw prefopt::format_error(
        prefopt::concat(*text, ": the pair is text, but ", o.model,
                        " has no tokenizer (vocab.json and merges.txt, or tokenizer.json)",
                        prefopt::detail::describe_other_tokenizer(o.model)));
  if (text) {
    auto tokenizer = prefopt::load_tokenizer(o.model);
    try {
      (void)tokenizer.end_of_text();
    } catch (const prefopt::value_error& cause) {
      throw prefopt::format_error(
          prefopt::concat(o.model, ": ", cause.what(),
                          "; set eos_token in tokenizer_config.json to one of its tokens"));
    }
    return tokenizer;
  }
  if (!o.always_tokenizer) return std::nullopt;
  try {
    if (!has_tokenizer(o.model)) return std::nullopt;
    return prefopt::load_tokenizer(o.model);
  } catch (const prefopt::error& cause) {
    std::fprintf(stderr, "no token texts: %s\n", cause.what());
    return std::nullopt;
  }
}

/// Throws value_error, naming the line if a single example is at fault, for data that the loss
/// rejects no matter what the log-probs are: ties that it cannot rank, no completion of another
/// prompt.
void check_readable(const prefopt::any_loss& loss, const data_set& data, const std::string& file) {
  std::vector<prefopt::response_tokens> responses;
  std::vector<std::size_t> begins{0};
  const auto ask = [&] {
    for (std::size_t s = 0; s < responses.size(); ++s) responses[s].first = s;
    const std::vector<double> zeros(responses.size());
    (void)prefopt::token_losses(loss, {zeros, zeros, responses, begins, zeros, zeros});
  };
  const auto ask_of_one = [&](std::size_t line) {
    try {
      ask();
    } catch (const prefopt::value_error& cause) {
      throw prefopt::value_error(prefopt::concat(file, ": line ", line, ": ", cause.what()));
    }
    responses.clear();
    begins = {0};
  };
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    const auto& example = data.examples[i];
    prefopt::detail::responses_read(loss.inputs).for_each(example, [&](std::int32_t index) {
      responses.push_back(
          {0, 1,
           prefopt::detail::score_read(example, static_cast<std::size_t>(index), loss.inputs)});
    });
    begins.push_back(responses.size());
    if (!loss.couples()) ask_of_one(data.lines[i]);
  }
  if (!loss.couples()) return;
  try {
    ask();
  } catch (const prefopt::value_error& cause) {
    throw prefopt::value_error(prefopt::concat(file, ": ", cause.what()));
  }
}

/// A range that moves each record out, so that texts and ids are not in memory together.
auto given_away(auto& records) {
  return records.records |
         std::views::transform([](auto& record) { return std::exchange(record, {}); });
}

/// The share of all response tokens that are in a beginning shared by all responses to a prompt.
double shared_share(const std::vector<prefopt::tokenized_example>& examples) {
  double shared = 0, all = 0;
  for (const auto& example : examples) {
    const auto& first = example.responses[0];
    std::size_t common = example.responses.size() < 2 ? 0 : first.size();
    for (const auto& response : example.responses) {
      common = std::min(common, static_cast<std::size_t>(
                                    std::ranges::mismatch(first, response).in1 - first.begin()));
      all += static_cast<double>(response.size());
    }
    shared += static_cast<double>(common * example.responses.size());
  }
  return all == 0 ? 0 : shared / all;
}

/// The share of all response tokens that are targets.
double target_share(const std::vector<prefopt::tokenized_example>& examples) {
  std::size_t targets = 0, all = 0;
  for (const auto& example : examples)
    for (std::size_t index = 0; index < example.responses.size(); ++index) {
      all += example.responses[index].size();
      targets += target_count(example, index);
    }
  return all == 0 ? 1 : static_cast<double>(targets) / static_cast<double>(all);
}

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

/// Consumes the records.
data_set tokenized(raw_file& file, const run_data& data, const data_options& o,
                   std::size_t vocabulary_size) {
  const prefopt::tokenize_options how = {.max_length = o.cut ? data.max_length : no_limit,
                                         .truncation = o.truncation,
                                         .vocabulary_size = vocabulary_size,
                                         .split_special_tokens = o.split_special_tokens,
                                         .drop_prompt_tail = o.drop_prompt_tail,
                                         .assistant_only = o.assistant_only,
                                         .trim_after_end_of_turn = o.trim_after_end_of_turn,
                                         .keep_all = o.keep_all};
  return std::visit(
      [&](auto& records) {
        const auto say = [&](const std::string& text) {
          std::fprintf(o.console, "%s: %s\n", file.name.c_str(), text.c_str());
        };
        if (data.renderer) {  // the template may read any member, and have any role
          const auto& by = *data.renderer;
          std::erase_if(records.report.unused,
                        [&](const auto& one) { return one.in_messages && by.mentions(one.name); });
          std::erase_if(records.report.unusual_roles,
                        [&](const auto& one) { return by.mentions(one.role); });
        }
        if (o.assistant_only && records.report.user_turns != 0)
          throw prefopt::format_error(prefopt::concat(
              file.name, ": line ", records.report.user_turn_line,
              ": a text with a user's turn in a response, which --assistant-only cannot tell from "
              "the assistant's; write the dialogue as messages"));
        for (const std::string& remark : describe(records.report, noun_of(file.form))) say(remark);
        const bool of_messages = has_messages(file);
        auto made = data.renderer    ? prefopt::tokenize(given_away(records), *data.tokenizer,
                                                         *data.renderer, how)
                    : data.tokenizer ? prefopt::tokenize(given_away(records), *data.tokenizer,
                                                         prefopt::dialogue_renderer{}, how)
                                     : prefopt::tokenize(given_away(records), how);
        decltype(records.records)().swap(records.records);
        say(describe(made.report, noun_of(file.form)));
        if (o.trim_after_end_of_turn && of_messages && made.report.trimmed_turns == 0)
          say("--trim-after-end-of-turn: no turn has white space behind its end token");
        if (made.report.special_texts != 0)
          say(prefopt::concat(
              made.report.special_texts,
              made.report.special_texts == 1 ? " text spells out" : " texts spell out",
              " a special token, such as ", prefopt::quote_token(made.report.special_token),
              " on line ", made.report.special_line,
              "; the model sees that token, or ordinary text with --split-special-tokens"));
        if constexpr (requires { made.examples[0].mismatched; }) {
          if (o.read_by != nullptr && o.read_by->loss.inputs.mismatched)
            add_mismatched(made.examples, how.max_length);
        }
        data_set all{.examples = {}, .lines = std::move(made.lines), .form = file.form};
        all.examples.reserve(made.examples.size());
        for (auto& example : made.examples) all.examples.push_back(as_example(std::move(example)));
        if (const double share = target_share(all.examples); share < 1)
          say(prefopt::concat("the assistant's turns are ", std::lround(100 * share),
                              "% of the responses' tokens; the others are not scored"));
        if (const double share = shared_share(all.examples);
            file.form != preference_form::unpaired && share >= 0.25)
          say(prefopt::concat(
              std::lround(100 * share),
              "% of the responses' tokens are a shared beginning; a loss of averages changes if you move it "
              "to the prompt"));
        if (o.read_by != nullptr) check_readable(o.read_by->loss, all, file.name);
        return all;
      },
      file.records);
}

}  // namespace

void check_is_no_hub_name(const std::string& name) {
  const auto is_part = [](std::string_view part) {
    return !part.empty() && part != "." && part != ".." &&
           part.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == part.npos;
  };
  const std::size_t slash = name.find('/');
  std::error_code ignored;
  if (slash == name.npos || !is_part(std::string_view(name).substr(0, slash)) ||
      !is_part(std::string_view(name).substr(slash + 1)) ||
      std::filesystem::exists(std::filesystem::path(name).parent_path(), ignored) ||
      name.find(".json") != name.npos)
    return;
  throw prefopt::io_error(prefopt::concat(
      name,
      ": no such file; if it is a data set of the Hugging Face hub, python -c \"from datasets "
      "import load_dataset; load_dataset('",
      name, "', split='train').to_json('train.jsonl')\" writes train.jsonl, which can be read"));
}

const char* noun_of(preference_form form) {
  switch (form) {
    case preference_form::pairs:
      return "pairs";
    case preference_form::lists:
      return "lists";
    case preference_form::unpaired:
      break;
  }
  return "examples";
}

namespace {

/// The options that were given and that need messages, as a list.
std::string options_for_messages(const data_options& o) {
  std::string all;
  const auto add = [&](bool is_given, const char* name) {
    if (is_given) all += prefopt::concat(all.empty() ? "" : ", ", name);
  };
  add(!o.chat.chat_template.empty(), "--chat-template");
  add(!o.chat.chat_template_kwargs.empty(), "--chat-template-kwargs");
  add(o.chat.date != today(), "--date");
  add(o.drop_prompt_tail, "--prompt-tail");
  add(o.assistant_only, "--assistant-only");
  add(o.trim_after_end_of_turn, "--trim-after-end-of-turn");
  return all;
}

/// The key of config.json for the most positions.
const char* positions_key(const prefopt::decoder_spec& spec) {
  return spec.model_type == "gpt2" ? "n_positions" : "max_position_embeddings";
}

}  // namespace

run_data read_data(const data_options& o, const std::string& train_file,
                   const std::string& eval_file, const prefopt::decoder_spec& spec) {
  const prefopt::decoder_shape& shape = spec.shape;
  run_data data;
  data.max_length = o.max_length ? static_cast<std::size_t>(*o.max_length)
                                 : std::min<std::size_t>(shape.positions, 1024);
  if (data.max_length > shape.positions)
    throw prefopt::value_error(
        prefopt::concat(o.model, "/config.json: ", positions_key(spec), " is ", shape.positions,
                        ", expected at least the --max-length of ", data.max_length));
  raw_file train = read_file(o, train_file);
  std::optional<raw_file> eval =
      eval_file.empty() ? std::nullopt : std::optional(read_file(o, eval_file));
  std::optional<std::string> text = first_text(train);
  if (!text && eval) text = first_text(*eval);
  if (o.split_special_tokens && !text)
    std::fprintf(o.console,
                 "--split-special-tokens: the data is token ids, so there is no text to split\n");
  data.tokenizer = tokenizer_for(o, text);
  const bool of_messages = has_messages(train) || (eval && has_messages(*eval));
  if (of_messages) data.renderer = find_renderer(o.model, o.chat);
  const bool sets_template = !options_for_messages(o).empty();
  const bool in_train = has_plain_texts(train);
  if ((in_train || (eval && has_plain_texts(*eval))) && (of_messages || !sets_template))
    note_plain_texts(in_train ? train.name : eval->name, o.model, o.chat);
  data.train = tokenized(train, data, o, shape.vocabulary);
  if (eval) data.eval = tokenized(*eval, data, o, shape.vocabulary);
  if (of_messages) say_renderer(o.console, o.model, o.chat, data.renderer);
  if (!of_messages && sets_template)
    std::fprintf(o.console, "%s: the data has no messages that a template could render\n",
                 options_for_messages(o).c_str());
  return data;
}

void check_same_tokenizer(const data_options& o, const std::string& reference,
                          const run_data& data) {
  const auto parts_in =
      [](const std::filesystem::path& folder) -> std::optional<prefopt::tokenizer_parts> {
    const auto files = prefopt::read_tokenizer_files(folder);
    if (!prefopt::holds_tokenizer(files)) return std::nullopt;
    return prefopt::read_tokenizer_parts(files, folder);
  };
  std::optional<prefopt::tokenizer_parts> ours, theirs;
  try {
    ours = parts_in(o.model);
    theirs = parts_in(reference);
  } catch (const prefopt::error& cause) {
    if (data.tokenizer) throw;
    std::fprintf(o.console,
                 "the tokenizers of the model and the reference cannot be compared: %s\n",
                 cause.what());
    return;
  }
  if (!ours) return;  // the data are token ids
  if (!theirs) {
    std::fprintf(o.console,
                 "%s: has no tokenizer; the reference is assumed to read the model's tokens\n",
                 reference.c_str());
    return;
  }
  const std::string difference = prefopt::describe_difference(*ours, *theirs);
  if (!difference.empty())
    throw prefopt::value_error(prefopt::concat(
        reference, ": its tokenizer differs from the model's: ", difference,
        "; use a reference that reads the model's tokens, or, if this one does, remove the "
        "tokenizer's files from its folder"));
}

void check_reads_the_same(const std::string& reference, const prefopt::decoder_spec& model,
                          std::size_t max_length) {
  const prefopt::decoder_spec spec = prefopt::read_model_config(reference);
  const std::size_t tokens = spec.shape.vocabulary, positions = spec.shape.positions;
  const std::string file = reference + "/config.json";
  if (tokens < model.shape.vocabulary)
    throw prefopt::value_error(prefopt::concat(file, ": vocab_size is ", tokens,
                                               ", expected the model's ", model.shape.vocabulary));
  if (positions < max_length)
    throw prefopt::value_error(prefopt::concat(file, ": ", positions_key(spec), " is ", positions,
                                               ", expected at least ", max_length));
}

std::string hash_of(const data_set& data) {
  prefopt::fingerprint hash;
  for (const auto& example : data.examples) {
    hash.add(std::span(example.prompt));
    for (const auto& response : example.responses) hash.add(std::span(response));
    hash.add(std::span(example.scores));
    for (std::size_t index = 0; index < example.responses.size(); ++index)
      if (const auto runs = response_targets(example, index)) {
        hash.add(runs->size());
        for (const prefopt::token_run& run : *runs) hash.add(run.begin).add(run.end);
      }
  }
  return hash.hex();
}

std::vector<std::string> keys_of(preference_form form, const prefopt::tokenized_example& example) {
  switch (form) {
    case preference_form::pairs:
      return {"chosen", "rejected"};
    case preference_form::unpaired:
      return {"completion", "mismatched"};
    case preference_form::lists:
      break;
  }
  std::vector<std::string> keys;
  for (std::size_t index = 0; index < example.responses.size(); ++index)
    keys.push_back(prefopt::concat("response_", index + 1));
  return keys;
}

}  // namespace program
