// SPDX-License-Identifier: MIT
// This library's contender in the comparison of compare.py: runs DPO steps on command, written as a
// user of the library would write them. Reads one command per line from standard input and writes
// one JSON object per line to standard output.

#include <CLI/CLI.hpp>

#ifdef PREFOPT_PROGRAM_CUDA
#include <prefopt/cuda.hpp>
#endif
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/datasets.hpp>
#include <prefopt/eigen.hpp>
#include <prefopt/eigen/tensor_traits.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/io/json_object.hpp>
#include <prefopt/prefopt.hpp>

namespace {

using batch_of_pairs = std::vector<prefopt::tokenized_pair>;
using nlohmann::json;

constexpr prefopt::dpo dpo{.beta = 0.1};

/// The batches of each set, in the file's order.
std::map<std::string, std::vector<batch_of_pairs>> read_sets(const std::string& file) {
  std::map<std::string, std::vector<batch_of_pairs>> sets;
  prefopt::json_file lines(file);
  for (; const nlohmann::json* line = lines.peek(); lines.take()) {
    const prefopt::json_object object(*line, lines.location());
    auto& set = sets[object.text("set")];
    const auto batch = static_cast<std::size_t>(object.integer("batch", 0, 1000));
    if (set.size() <= batch) set.resize(batch + 1);
    set[batch].push_back(
        std::get<prefopt::tokenized_pair>(prefopt::parse_preference(object).example));
  }
  return sets;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<std::size_t> all_of(const batch_of_pairs& pairs) {
  std::vector<std::size_t> members(pairs.size());
  std::iota(members.begin(), members.end(), std::size_t{0});
  return members;
}

/// The sums that a loss is computed from, for one response index, in the order of the pairs.
std::vector<double> response_sums(const prefopt::prefix_tree_batch& batch,
                                  const std::vector<double>& token_log_probs, std::int32_t index,
                                  std::size_t pairs) {
  std::vector<double> sums(pairs);
  const auto all = prefopt::sequence_log_probs(batch, token_log_probs);
  for (std::size_t s = 0; s < all.size(); ++s) {
    const auto& sequence = batch.sequences[s];
    if (sequence.response_index == index) sums[static_cast<std::size_t>(sequence.example)] = all[s];
  }
  return sums;
}

/// Sequences of one language-model step: 32 of 1,024 tokens, no two with the same beginning.
std::vector<prefopt::packable_sequence> language(const std::vector<prefopt::token_ids>& texts) {
  std::vector<prefopt::packable_sequence> sequences;
  for (const prefopt::token_ids& text : texts)
    sequences.push_back({.example = static_cast<std::int32_t>(sequences.size()),
                         .prompt = std::span(text).first(1),
                         .response = std::span(text).subspan(1)});
  return sequences;
}

template <class Backend>
class worker {
 public:
  using backend_type = Backend;

  worker(const Backend& backend, const std::string& policy, const std::string& reference,
         const std::string& data, const std::vector<std::string>& sets)
      : backend_(backend), sets_(read_sets(data)), policy_(prefopt::load_model(backend_, policy)) {
    const auto initial = prefopt::load_model(backend_, reference);  // gone before the first step
    for (const std::string& name : sets)
      for (const auto& pairs : sets_.at(name))
        references_[name].push_back(prefopt::reference_log_probs(initial, pairs));
  }

  [[nodiscard]] const Backend& backend() const { return backend_; }
  [[nodiscard]] std::string instruction_set() const {
    return std::string(backend_.instruction_set());
  }

  [[nodiscard]] json loss(const std::string& set, std::size_t index) const {
    const auto& pairs = sets_.at(set).at(index);
    const auto batch = prefopt::pack(pairs, all_of(pairs));
    const auto mine = policy_.token_log_probs(batch);
    const auto theirs = references_.at(set).at(index).token_log_probs(batch);
    const auto sums = [&](const std::vector<double>& log_probs, std::int32_t response) {
      return response_sums(batch, log_probs, response, pairs.size());
    };
    const auto chosen = sums(mine, prefopt::chosen_index),
               rejected = sums(mine, prefopt::rejected_index);
    const auto result =
        prefopt::evaluate_pairs(dpo, chosen, rejected, sums(theirs, prefopt::chosen_index),
                                sums(theirs, prefopt::rejected_index));
    return {{"loss", result.loss}, {"chosen", chosen}, {"rejected", rejected}};
  }

  [[nodiscard]] json step(const std::string& set, std::size_t index) {
    const auto start = std::chrono::steady_clock::now();
    const double loss = step(sets_.at(set).at(index), references_.at(set).at(index));
    return {{"seconds", seconds_since(start)}, {"loss", loss}};
  }

  /// One epoch over a set, as in training: the current policy is the reference, computed once, then
  /// every batch.
  [[nodiscard]] json epoch(const std::string& set) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<prefopt::reference_cache> references;
    for (const auto& pairs : sets_.at(set))
      references.push_back(prefopt::reference_log_probs(policy_, pairs));
    const double reference_seconds = seconds_since(start);
    double loss = 0;
    for (std::size_t b = 0; b < references.size(); ++b)
      loss += step(sets_.at(set)[b], references[b]);
    const auto batches = static_cast<double>(references.size());
    return {{"seconds", seconds_since(start)},
            {"reference_seconds", reference_seconds},
            {"loss", loss / batches}};
  }

  /// One step on plain text: the mean negative log-likelihood of random tokens.
  [[nodiscard]] json language_model() {
    std::vector<prefopt::token_ids> texts(32);
    prefopt::random_generator random(5);
    const auto vocabulary = static_cast<std::uint64_t>(policy_.shape().vocabulary);
    for (prefopt::token_ids& text : texts)
      for (int i = 0; i < 1024; ++i)
        text.push_back(static_cast<prefopt::token_id>(random.below(vocabulary)));
    const auto batch = prefopt::pack(language(texts));
    const auto start = std::chrono::steady_clock::now();
    for (auto&& parameter : policy_.parameters()) backend_.fill(parameter.gradient, 0);
    auto pass = policy_.forward(batch);
    const auto count = static_cast<double>(batch.targets.size());
    const std::vector<double> slopes(batch.targets.size(), -1 / count);
    pass.backward(slopes);
    finish_step();
    double loss = 0;
    for (const double log_prob : pass.log_probs()) loss -= log_prob / count;
    return {{"seconds", seconds_since(start)}, {"loss", loss}};
  }

 private:
  void finish_step() {
    const double norm = prefopt::gradient_norm(backend_, policy_.parameters());
    optimizer_.step(policy_.parameters(), 1e-6, prefopt::clip_scale(norm, 1));
    // A device has only received the work: it is done when a number that it wrote has arrived.
    typename Backend::value_type moved{};
    backend_.copy_to_host(policy_.parameters().front().value.first(1), {&moved, 1});
  }

  double step(const batch_of_pairs& pairs, const prefopt::reference_cache& reference) {
    const auto gradient =
        prefopt::accumulate_gradient(policy_, reference, dpo, pairs, all_of(pairs));
    finish_step();
    return gradient.loss;
  }

  const backend_type& backend_;
  std::map<std::string, std::vector<batch_of_pairs>> sets_;
  prefopt::causal_lm<backend_type> policy_;
  std::map<std::string, std::vector<prefopt::reference_cache>> references_;
  prefopt::adamw<const backend_type> optimizer_{backend_, policy_.parameters()};
};

/// The largest resident memory since the last reset, in bytes.
std::size_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) * 1024;
  throw prefopt::io_error("/proc/self/status: has no VmHWM");
}

void forget_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

json introduction(const std::string& instruction_set) {
  const std::string eigen = std::to_string(EIGEN_WORLD_VERSION) + "." +
                            std::to_string(EIGEN_MAJOR_VERSION) + "." +
                            std::to_string(EIGEN_MINOR_VERSION);
  const std::string prefopt = std::to_string(PREFOPT_VERSION_MAJOR) + "." +
                              std::to_string(PREFOPT_VERSION_MINOR) + "." +
                              std::to_string(PREFOPT_VERSION_PATCH);
  return {
      {"ready", true},
      {"versions", {{"prefopt", prefopt}, {"eigen", eigen}, {"compiler", __VERSION__}}},
      {"isa", "products: " + instruction_set + "; Eigen: " + Eigen::SimdInstructionSetsInUse()}};
}

template <class Worker>
void serve(Worker& contender) {
  const auto reply = [](const json& answer) { std::cout << answer.dump() << std::endl; };
  forget_peak_memory();
  reply(introduction(contender.instruction_set()));
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command, set;
    std::size_t batch = 0;
    words >> command >> set >> batch;
    if (command == "loss") {
      reply(contender.loss(set, batch));
    } else if (command == "step") {
      reply(contender.step(set, batch));
    } else if (command == "lm") {
      reply(contender.language_model());
    } else if (command == "epoch") {
      reply(contender.epoch(set));
    } else if (command == "quit") {
      if constexpr (requires { contender.backend().product_fallbacks(); })
        for (const auto& slow : contender.backend().product_fallbacks())
          std::cerr << "not cuBLASLt's alone: " << slow.product << ", " << slow.calls << " times\n";
      reply({{"peak_memory", peak_memory()}});
      return;
    } else {
      throw prefopt::value_error("unknown command: " + line);
    }
  }
}

template <class Backend>
void serve_on(const Backend& backend, const std::string& policy, const std::string& reference,
              const std::string& data, const std::vector<std::string>& sets) {
  worker<Backend> contender(backend, policy, reference, data, sets);
  serve(contender);
}

}  // namespace

int main(int argc, char** argv) {
  std::string policy, reference, data, precision = "fp32", device = "cpu";
  std::vector<std::string> sets{"4x5", "8x5"};
  int threads = 2;
  CLI::App app("DPO steps on command, for compare.py.", "compare_prefopt_worker");
  app.add_option("--policy", policy, "Hugging Face folder of the model that moves")->required();
  app.add_option("--reference", reference, "Hugging Face folder of the reference")->required();
  app.add_option("--data", data, "File with the sets of pairs")->required();
  app.add_option("--sets", sets, "Those of its sets that will be asked for")->delimiter(',');
  app.add_option("--threads", threads);
  app.add_option("--precision", precision)->check(CLI::IsMember({"fp32", "bf16"}));
  app.add_option("--device", device)->check(CLI::IsMember({"cpu", "cuda"}));
  CLI11_PARSE(app, argc, argv);
  try {
    const auto serve_backend = [&](const auto& backend) {
      serve_on(backend, policy, reference, data, sets);
    };
    const bool fp32 = precision == "fp32";
    if (device == "cpu") {
      if (fp32)
        serve_backend(prefopt::eigen_backend<float>({.threads = threads}));
      else
        serve_backend(prefopt::eigen_backend<prefopt::bfloat16>({.threads = threads}));
    } else {
#ifdef PREFOPT_PROGRAM_CUDA
      if (fp32)
        serve_backend(prefopt::cuda_backend<float>());
      else
        serve_backend(prefopt::cuda_backend<prefopt::bfloat16>());
#else
      throw prefopt::device_error("--device cuda: this program was built without CUDA");
#endif
    }
  } catch (const std::exception& e) {
    std::cerr << "error: " << e.what() << '\n';
    return 1;
  }
}
