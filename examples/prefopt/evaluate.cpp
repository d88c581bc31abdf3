// SPDX-License-Identifier: MIT
// prefopt evaluate: loss and metrics of a model on a file, without training.

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <prefopt/prefopt.hpp>
#include "command_line.hpp"
#include "commands.hpp"
#include "data.hpp"
#include "model_folders.hpp"
#include "models.hpp"
#include "output.hpp"
#include "train/loss_options.hpp"

namespace program {
namespace {

/// One JSON object, under the keys of eval.jsonl.
std::string line_of(const prefopt::evaluation_report& report) {
  nlohmann::ordered_json line;
  prefopt::for_each_value(report, [&](std::string_view name, auto value) {
    if (name != "step" && name != "epoch") line[std::string(name)] = value;
  });
  return line.dump() + '\n';
}

}  // namespace

int evaluate(int argc, char** argv) {
  data_options how;
  how.console = stderr;
  std::string data_file, reference_folder, output = "-";
  loss_options chosen;
  precision_name precision = precision_name::fp32;
  int threads = 1;
  CLI::App app("Prints a model's loss and metrics on a file, under the keys of eval.jsonl.",
               "prefopt evaluate");
  app.get_formatter()->column_width(34);
  app.add_option("--model,--model-name-or-path", how.model,
                 "Hugging Face folder of the model, or its name if it was downloaded")
      ->type_name("DIR")
      ->required();
  app.add_option("--data", data_file, "Examples of a form that the loss reads")
      ->type_name("FILE")
      ->required();
  app.add_option("--reference", reference_folder,
                 "Folder or name of the reference, for losses that read one")
      ->type_name("DIR");
  app.add_option("--output", output, "File to write; - is stdout")
      ->type_name("FILE")
      ->capture_default_str();
  add_loss(app, chosen);
  add_data(app, how);
  add_precision(app, precision);
  add_threads(app, threads);
  if (const auto status = parse(app, argc, argv)) return *status;
  std::optional<chosen_loss> loss;
  try {
    loss = loss_of(chosen);
    const bool reads = loss->loss.inputs.reference;
    if (reads && reference_folder.empty())
      throw CLI::ValidationError(
          "--reference", prefopt::concat("the loss ", loss->spec, " reads one, expected a folder"));
    if (!reads && !reference_folder.empty())
      throw CLI::ValidationError("--reference",
                                 prefopt::concat("the loss ", loss->spec, " does not read it"));
  } catch (const CLI::ParseError& thrown) {
    return status_of(app, thrown);
  }
  how.read_by = &*loss;

  check_output(output, data_file);
  find_in_hub_cache({&how.model, &reference_folder}, how.console);
  const prefopt::decoder_spec spec = prefopt::read_model_config(how.model);
  const run_data data = read_data(how, data_file, "", spec);
  const auto model = open_model(how.model, precision, threads);
  std::unique_ptr<any_model> reference;
  if (!reference_folder.empty()) {
    check_reads_the_same(reference_folder, spec, data.max_length);
    check_same_tokenizer(how, reference_folder, data);
    reference = open_model(reference_folder, precision, threads);
  }
  const prefopt::evaluation_report report = [&] {
    try {
      return model->evaluate(reference.get(), loss->loss, data.train.examples);
    } catch (const prefopt::not_finite& cause) {
      throw prefopt::value_error(prefopt::concat(data_file, ": ", cause.what(), ": line ",
                                                 data.train.lines.at(cause.examples().at(0))));
    }
  }();
  write_output(output, line_of(report));
  return 0;
}

}  // namespace program
