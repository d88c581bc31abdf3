// SPDX-License-Identifier: MIT
#pragma once
// The data of a run: examples as training will see them.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <prefopt/datasets.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/runs.hpp>
#include <prefopt/tokenizers.hpp>
#include "train_dpo/options.hpp"

namespace train_dpo {

/// Examples of any form.
struct data_set {
  std::vector<prefopt::tokenized_example> examples;
  std::vector<std::size_t> lines;  ///< in the file, of each
  prefopt::preference_form form = prefopt::preference_form::pairs;
};

struct run_data {
  /// of the model's folder, where it holds one that is needed
  std::optional<prefopt::gpt2_tokenizer> tokenizer;
  data_set train;
  data_set eval;  ///< empty without --eval
  std::size_t max_length = 0;
};

/// What examples of a form are called.
[[nodiscard]] const char* noun_of(prefopt::preference_form form);

/// Reads and tokenizes what the options name, and reports on the console what was dropped. Throws
/// value_error where the loss does not read data of that form.
[[nodiscard]] run_data read_data(const options& options, const prefopt::gpt2_config& config);

/// Throws value_error where the folders of model and reference hold tokenizers that give texts
/// other ids. Where they cannot be compared it says so on the console; with data of texts, what
/// cannot be read is an error.
void check_same_tokenizer(const options& options, const run_data& data);

/// A hash of all that losses read of the examples.
[[nodiscard]] std::string hash_of(const data_set& data);

/// Prints the first examples, one JSON object a line; with the tokens' texts where there is a
/// tokenizer. Throws io_error.
void show_pairs(const run_data& data, std::size_t count);

}  // namespace train_dpo
