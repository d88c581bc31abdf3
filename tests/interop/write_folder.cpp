// SPDX-License-Identifier: MIT
// write_folder FOLDER OUTPUT IDS.json LOG_PROBS.json: reads a GPT-2 folder, writes it to OUTPUT, and writes what the
// model gives for each of the token sequences in IDS.json: log p of every token after every token, [T * V] numbers.

#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/data/pack.hpp"
#include "prefopt/eigen/backend.hpp"
#include "prefopt/io/gpt2_folder.hpp"

namespace {

/// Every token of the vocabulary after every beginning of a text that leaves room for it: [T * V] targets.
prefopt::prefix_tree_batch all_continuations(std::span<const prefopt::token_id> ids, const prefopt::token_ids& tokens) {
  std::vector<prefopt::packable_sequence> sequences;
  for (std::size_t length = 1; length <= ids.size(); ++length)
    for (const prefopt::token_id& token : tokens)
      sequences.push_back({.example = 0, .role = token, .prompt = ids.first(length), .response = {&token, 1}});
  return prefopt::pack(sequences);
}

void run(const std::string& folder, const std::string& output, const std::string& ids_file, const std::string& result) {
  const prefopt::eigen_backend<float> machine{{.threads = 2}};
  const auto policy = prefopt::load_gpt2(machine, folder);
  prefopt::save_gpt2(policy, folder, output);

  prefopt::token_ids tokens(policy.config().vocab_size);
  std::iota(tokens.begin(), tokens.end(), 0);
  auto log_probs = nlohmann::json::array();
  for (const auto& ids : nlohmann::json::parse(std::ifstream(ids_file)))
    log_probs.push_back(policy.token_log_probs(all_continuations(ids.get<prefopt::token_ids>(), tokens)));
  std::ofstream(result) << log_probs;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "usage: write_folder FOLDER OUTPUT IDS.json LOG_PROBS.json\n");
    return 2;
  }
  try {
    run(arguments[1], arguments[2], arguments[3], arguments[4]);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "error: %s\n", problem.what());
    return 1;
  }
  return 0;
}
