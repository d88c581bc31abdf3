// SPDX-License-Identifier: MIT
#pragma once
// The data of a run: pairs as training will see them.

#include <prefopt/io.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/text.hpp>

#include <optional>
#include <string>

#include "train_dpo/options.hpp"

namespace train_dpo {

struct run_data {
  std::optional<prefopt::gpt2_tokenizer> tokenizer;  ///< of the model's folder, where it holds one that is needed
  prefopt::tokenized_preferences train;
  prefopt::tokenized_preferences eval;  ///< empty without --eval
  std::size_t max_length = 0;
};

/// Reads and tokenizes what the options name, and reports on the console what was dropped.
[[nodiscard]] run_data read_data(const options& options, const prefopt::gpt2_config& config);

/// Prints the first pairs, one JSON object a line; with the tokens' texts where there is a tokenizer. Throws io_error.
void show_pairs(const run_data& data, std::size_t count);

}  // namespace train_dpo
