// SPDX-License-Identifier: MIT
// prefopt tokenize: the token ids of texts from standard input.

#include <algorithm>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/io/json_file.hpp>
#include <prefopt/io/json_object.hpp>
#include <prefopt/io/read_file.hpp>
#include <prefopt/tokenizers.hpp>
#include "command_line.hpp"
#include "commands.hpp"
#include "model_folders.hpp"
#include "output.hpp"

namespace program {
namespace {

/// A line of the input: a text, or ids to decode.
struct record {
  std::string location;
  std::optional<std::string> text;
  prefopt::token_ids ids;
};

/// Reads the input record by record.
class record_reader {
 public:
  explicit record_reader(bool plain) {
    if (!plain) file_.emplace("/dev/stdin");
  }

  [[nodiscard]] std::optional<record> next() {
    ++count_;
    if (!file_) {
      std::string line;
      if (!std::getline(std::cin, line)) return std::nullopt;
      return record{prefopt::concat("standard input: line ", count_), std::move(line), {}};
    }
    const nlohmann::json* const value = file_->peek();
    if (value == nullptr) return std::nullopt;
    record made = read(prefopt::json_object(*value, file_->location()));
    file_->take();
    return made;
  }

 private:
  [[nodiscard]] static record read(const prefopt::json_object& object) {
    record made{object.name(), object.optional_text("text"), {}};
    if (made.text) return made;
    if (!object.has("ids"))
      throw prefopt::format_error(
          prefopt::concat(object.name(), ": neither \"text\" nor \"ids\", expected one of them"));
    for (const nlohmann::json& id : object.list("ids"))
      made.ids.push_back(static_cast<prefopt::token_id>(
          prefopt::to_integer(id, prefopt::concat(object.name(), ": an id"), 0,
                              std::numeric_limits<prefopt::token_id>::max())));
    return made;
  }

  std::optional<prefopt::json_file> file_;
  std::size_t count_ = 0;
};

/// The tokenizer in a folder, or in a tokenizer.json alone.
prefopt::hf_tokenizer load(const std::string& model, const std::string& file) {
  if (file.empty()) return prefopt::load_tokenizer(model);
  if (std::filesystem::is_directory(file)) return prefopt::load_tokenizer(file);
  constexpr std::size_t most_bytes = std::size_t{1} << 28;
  try {
    return prefopt::hf_tokenizer::from_files(
        {{"tokenizer.json", prefopt::read_file(file, most_bytes)}});
  } catch (const prefopt::format_error& problem) {
    throw prefopt::format_error(prefopt::concat(file, ": ", problem.what()));
  }
}

std::string line_of(record& one, const prefopt::hf_tokenizer& tokenizer, bool add_special) try {
  nlohmann::ordered_json line;
  if (one.text) {
    line["text"] = *one.text;
    one.ids = add_special ? tokenizer.encode_with_special(*one.text) : tokenizer.encode(*one.text);
  }
  line["ids"] = one.ids;
  auto& pieces = line["pieces"] = nlohmann::ordered_json::array();
  for (const prefopt::token_id id : one.ids) pieces.push_back(tokenizer.display(id));
  line["decoded"] = tokenizer.decode(one.ids);
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
} catch (const prefopt::value_error& problem) {
  throw prefopt::value_error(prefopt::concat(one.location, ": ", problem.what()));
}

/// The output lines of some records. Of several failures, the first record's is thrown.
std::string lines_of(std::vector<record>& records, const prefopt::hf_tokenizer& tokenizer,
                     bool add_special, std::size_t threads) {
  std::vector<std::string> lines(records.size());
  std::vector<std::exception_ptr> failures(records.size());
  const auto work = [&](std::size_t first) {
    for (std::size_t i = first; i < records.size(); i += threads) {
      try {
        lines[i] = line_of(records[i], tokenizer, add_special);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  };
  std::vector<std::jthread> workers;
  for (std::size_t i = 1; i < std::min(threads, records.size()); ++i) workers.emplace_back(work, i);
  work(0);
  workers.clear();
  std::string all;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (failures[i]) {
      write_output("-", all);  // what came before is right
      std::rethrow_exception(failures[i]);
    }
    all += lines[i];
  }
  return all;
}

}  // namespace

int tokenize(int argc, char** argv) {
  std::string model, file;
  bool add_special = false, decode = false, plain = false;
  int threads = 1;
  CLI::App app(
      "Prints the token ids of texts. Reads one JSON object a line from standard input, "
      "{\"text\"}, and prints one for each, {\"text\",\"ids\",\"pieces\",\"decoded\"}.",
      "prefopt tokenize");
  app.get_formatter()->column_width(34);
  auto* const source = app.add_option_group("tokenizer", "One of these");
  source
      ->add_option("--model,--model-name-or-path", model,
                   "Hugging Face folder with the tokenizer, or its name if it was downloaded")
      ->type_name("DIR");
  source->add_option("--tokenizer", file, "A tokenizer.json")->type_name("FILE");
  source->require_option(1);
  app.add_flag("--add-special-tokens", add_special,
               "With the tokens that the post-processor adds, as for plain text; a chat template "
               "spells its own");
  app.add_flag("--decode", decode, "Lines may have ids to decode, {\"ids\"}, instead of a text");
  app.add_flag("--plain", plain, "Each line of the input is a text, not JSON");
  add_threads(app, threads);
  if (const auto status = parse(app, argc, argv)) return *status;

  find_in_hub_cache({&model}, stderr);
  const prefopt::hf_tokenizer tokenizer = load(model, file);
  record_reader reader(plain);
  constexpr std::size_t batch = 4096;
  for (bool more = true; more;) {
    std::vector<record> records;
    while (records.size() < batch && more) {
      auto one = reader.next();
      more = one.has_value();
      if (!more) break;
      if (!one->text && !decode)
        throw prefopt::format_error(prefopt::concat(
            one->location, ": key \"text\" is missing; --decode reads lines with \"ids\""));
      records.push_back(std::move(*one));
    }
    write_output("-", lines_of(records, tokenizer, add_special, static_cast<std::size_t>(threads)));
  }
  return 0;
}

}  // namespace program
