// SPDX-License-Identifier: MIT
#pragma once
// The examples of files as a model will see them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <prefopt/datasets.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/runs.hpp>
#include <prefopt/tokenizers.hpp>
#include "data_options.hpp"

namespace program {

/// Examples of any form.
struct data_set {
  std::vector<prefopt::tokenized_example> examples;
  std::vector<std::size_t> lines;  ///< of each example, in the file
  prefopt::preference_form form = prefopt::preference_form::pairs;
};

struct run_data {
  /// from the model's folder, if it is needed and there is one
  std::optional<prefopt::hf_tokenizer> tokenizer;
  /// of message lists, if the data has any and the model has a chat template
  std::optional<prefopt::chat_renderer> renderer;
  data_set train;
  data_set eval;  ///< empty without --eval
  std::size_t max_length = 0;
};

/// The plural noun for examples of a form.
[[nodiscard]] const char* noun_of(prefopt::preference_form form);

/// Throws io_error, saying how to make a file of it, if the name is none of a file but looks like
/// that of a data set on the Hugging Face hub.
void check_is_no_hub_name(const std::string& name);

/// Reads and tokenizes a file, and a held-out one unless its name is empty; reports on the console
/// what was dropped. Throws value_error if the loss does not read data of that form.
[[nodiscard]] run_data read_data(const data_options& options, const std::string& train,
                                 const std::string& eval, const prefopt::decoder_spec& spec);

/// Throws value_error if the tokenizers in the folders of model and reference encode texts
/// differently. If they cannot be compared, prints a message on the console; with text data, a
/// tokenizer that cannot be read is an error.
void check_same_tokenizer(const data_options& options, const std::string& reference,
                          const run_data& data);

/// Throws value_error if the reference cannot read what the model reads.
void check_reads_the_same(const std::string& reference, const prefopt::decoder_spec& model,
                          std::size_t max_length);

/// A hash of everything in the examples that losses read.
[[nodiscard]] std::string hash_of(const data_set& data);

/// The keys of an example's responses: chosen and rejected, completion and mismatched, or
/// response_1 and so on.
[[nodiscard]] std::vector<std::string> keys_of(prefopt::preference_form form,
                                               const prefopt::tokenized_example& example);

}  // namespace program
