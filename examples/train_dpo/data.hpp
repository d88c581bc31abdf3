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
  prefopt::tokenized_preferences train;
  prefopt::tokenized_preferences eval;  ///< empty without --eval
  std::size_t max_length = 0;
};

/// The tokenizer of the model's folder, if it holds one.
[[nodiscard]] std::optional<prefopt::gpt2_tokenizer> find_tokenizer(const std::string& folder);

/// Reads and tokenizes what the options name, and reports on the console what was dropped.
[[nodiscard]] run_data read_data(const options& options, const prefopt::gpt2_config& config,
                                 const std::optional<prefopt::gpt2_tokenizer>& tokenizer);

/// Prints the first pairs, one JSON object a line.
void show_pairs(const prefopt::tokenized_preferences& pairs, std::size_t count,
                const std::optional<prefopt::gpt2_tokenizer>& tokenizer);

}  // namespace train_dpo
