// SPDX-License-Identifier: MIT
// write_folder KIND CONFIG FOLDER OUTPUT IDS.json NUMBERS.json: reads a model's folder, writes it
// to OUTPUT, and writes the model's numbers for each of the token sequences in IDS.json. KIND
//   language    log p of every token after every token, [T * V] numbers
//   scalar      a scalar model's number at every token, [T]
//   new-scalar  the same, of a scalar model made from FOLDER's language model with a head of waves
// CONFIG
//   kept        OUTPUT has the keys of FOLDER's config.json
//   new         as for a model that had no folder: the keys are those that this library writes

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/data/pack.hpp"
#include "prefopt/eigen.hpp"
#include "prefopt/hub/load_model.hpp"
#include "prefopt/hub/load_scalar_model.hpp"
#include "prefopt/hub/sidecar_files.hpp"

namespace {

using backend_type = prefopt::eigen_backend<float>;
using scalar_model = prefopt::scalar_lm<backend_type>;

/// Every token of the vocabulary after every beginning of a text that leaves room for it: [T * V]
/// targets.
prefopt::prefix_tree_batch all_continuations(std::span<const prefopt::token_id> ids,
                                             const prefopt::token_ids& tokens) {
  std::vector<prefopt::packable_sequence> sequences;
  for (std::size_t length = 1; length <= ids.size(); ++length)
    for (const prefopt::token_id& token : tokens)
      sequences.push_back({.example = 0,
                           .response_index = token,
                           .prompt = ids.first(length),
                           .response = {&token, 1}});
  return prefopt::pack(sequences);
}

std::vector<double> numbers(const prefopt::causal_lm<backend_type>& policy,
                            const prefopt::token_ids& ids) {
  prefopt::token_ids tokens(policy.shape().vocabulary);
  std::iota(tokens.begin(), tokens.end(), 0);
  return policy.token_log_probs(all_continuations(ids, tokens));
}

std::vector<double> numbers(const scalar_model& scores, const prefopt::token_ids& ids) {
  const std::vector<prefopt::packable_sequence> path{
      {.example = 0, .response_index = 0, .prompt = {}, .response = ids}};
  std::vector<std::int32_t> rows(ids.size());
  std::iota(rows.begin(), rows.end(), 0);
  return scores.values(prefopt::pack(path), rows);
}

scalar_model under_waves(const prefopt::causal_lm<backend_type>& policy) {
  scalar_model scores(policy);
  float phase = 0;
  for (const auto all = scores.parameters(); float& weight : all.back().value)
    weight = std::sin(phase += 1);
  return scores;
}

template <class Model>
void write_numbers(const Model& model, const std::string& ids_file, const std::string& result) {
  auto all = nlohmann::json::array();
  for (const auto& ids : nlohmann::json::parse(std::ifstream(ids_file)))
    all.push_back(numbers(model, ids.get<prefopt::token_ids>()));
  std::ofstream(result) << all;
}

prefopt::sidecar_files sidecars(const std::string& config, const std::string& folder) {
  if (config == "new") return {};
  if (config == "kept") return prefopt::read_sidecar_files(folder);
  throw std::invalid_argument("write_folder: no config " + config);
}

void run(const std::string& kind, const std::string& config, const std::string& folder,
         const std::string& output, const std::string& ids_file, const std::string& result) {
  const backend_type backend{{.threads = 2}};
  if (kind == "language") {
    const auto policy = prefopt::load_model(backend, folder);
    prefopt::save_model(policy, sidecars(config, folder), output);
    return write_numbers(policy, ids_file, result);
  }
  if (kind != "scalar" && kind != "new-scalar")
    throw std::invalid_argument("write_folder: no kind " + kind);
  const auto scores = kind == "scalar" ? prefopt::load_scalar_model(backend, folder)
                                       : under_waves(prefopt::load_model(backend, folder));
  prefopt::save_scalar_model(scores, sidecars(config, folder), output);
  write_numbers(scores, ids_file, result);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 7) {
    std::fprintf(stderr, "usage: write_folder KIND CONFIG FOLDER OUTPUT IDS.json NUMBERS.json\n");
    return 2;
  }
  try {
    run(arguments[1], arguments[2], arguments[3], arguments[4], arguments[5], arguments[6]);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "error: %s\n", problem.what());
    return 1;
  }
  return 0;
}
