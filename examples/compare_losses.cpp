// SPDX-License-Identifier: MIT
//
// prefopt_compare_losses: trains two policies with every loss at the settings of its paper and prints a table in
// Markdown: a bigram table in a world whose true reward is known, and the demo's fine-tuned GPT-2 if its folder is
// named. It fails where a run diverges: a number is not finite, or the loss does not fall.
//
//   prefopt_compare_losses [SFT-FOLDER DATA-FOLDER [STEPS]]

#include <prefopt/eigen.hpp>
#include <prefopt/io.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/text.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "compare_losses/world.hpp"
#include "train_dpo/losses.hpp"

namespace {

using prefopt::join;
using prefopt::preference_form;
using prefopt::tokenized_example;
using prefopt::tokenized_pair;
using train_dpo::loss_values;
namespace fs = std::filesystem;

/// A line of the table.
struct contender {
  std::string spec;
  loss_values values = {};
  std::string options = {};  ///< as the command line says them
  bool reference_moves = false;
};

std::vector<contender> contenders() {
  std::vector<contender> all;
  for (const auto& [name, also] : train_dpo::all_losses()) all.push_back({std::string(name)});
  for (const char* type : {"forward_kl", "js_divergence", "alpha_divergence"})
    all.push_back(
        {"dpo", {.numbers = {}, .choices = {{"--f-divergence-type", type}}}, join("--f-divergence-type ", type)});
  all.push_back({"dpo", {.numbers = {{"--ld-alpha", 0.5}}, .choices = {}}, "--ld-alpha 0.5"});
  all.push_back({"dpo", {.numbers = {}, .choices = {}, .use_weighting = true}, "--use-weighting"});
  all.push_back({"dpo", {}, "--sync-ref-model --ref-model-sync-steps 32", true});
  all.push_back({"dpo:1,sft:1"});                     // RPO
  all.push_back({"sigmoid:0.8,bco_pair:0.2,sft:1"});  // MPO
  return all;
}

bool reads(const train_dpo::chosen_loss& loss, preference_form form) {
  return std::ranges::find(loss.forms, form) != loss.forms.end();
}

/// Each pair as two unpaired examples with completions of other prompts beside them.
std::vector<tokenized_example> unpaired(const std::vector<tokenized_pair>& pairs, std::size_t max_length) {
  std::vector<prefopt::tokenized_unpaired> examples;
  for (const tokenized_pair& pair : pairs) {
    examples.push_back({pair.prompt, pair.chosen, true});
    examples.push_back({pair.prompt, pair.rejected, false});
  }
  prefopt::add_mismatched(examples, max_length);
  std::vector<tokenized_example> all;
  for (const auto& example : examples) all.push_back(as_example(example));
  return all;
}

template <class Examples>
std::vector<tokenized_example> as_examples(const Examples& examples) {
  std::vector<tokenized_example> all;
  for (const auto& example : examples) all.push_back(as_example(example));
  return all;
}

/// The mean loss of the first and of the last steps.
class loss_of_steps {
 public:
  explicit loss_of_steps(std::int64_t ends) : ends_(ends) {}
  void on_step(const prefopt::step_report& report) {
    if (report.step <= ends_) first += report.loss / static_cast<double>(ends_);
    if (report.step > report.total_steps - ends_) last += report.loss / static_cast<double>(ends_);
  }
  double first = 0;
  double last = 0;

 private:
  std::int64_t ends_;
};

struct outcome {
  loss_of_steps losses{1};
  double accuracy = 0;  ///< of held-out pairs by log pi - log pi_ref; a tie counts one half
  double margin = 0;    ///< of the same, nats
  double chosen = 0;    ///< change of the chosen responses' log-probs, nats
};

/// Trains and measures. `start` is what the reference begins with.
template <class Policy, class Reference>
outcome train(Policy& policy, const Reference& reference, Policy start, const contender& one,
              const train_dpo::chosen_loss& loss, const std::vector<tokenized_example>& examples,
              const std::vector<tokenized_pair>& held_out, const Reference& held_out_reference,
              const prefopt::trainer_options& options) {
  outcome found;
  found.losses = loss_of_steps(options.max_steps / 6);
  if (one.reference_moves) {
    prefopt::moving_reference moving(std::move(start), {.sync_steps = 32});
    prefopt::trainer run{policy, moving, loss.loss, options};
    run.run(examples, found.losses, prefopt::sync_reference{moving, policy});
  } else {
    prefopt::trainer run{policy, reference, loss.loss, options};
    run.run(examples, found.losses);
  }
  const auto report = prefopt::evaluate(policy, held_out_reference, prefopt::dpo{.beta = 1}, held_out);
  for (const prefopt::metric& metric : report.metrics) {
    if (metric.name == "rewards/accuracies") found.accuracy = metric.value;
    if (metric.name == "rewards/margins") found.margin = metric.value;
    if (metric.name == "rewards/chosen") found.chosen = metric.value;
  }
  return found;
}

std::string settings_of(const contender& one, const train_dpo::chosen_loss& loss) {
  std::string text;
  for (const auto& [flag, values] : loss.read.items()) {
    if (!values.is_array()) continue;
    text += (text.empty() ? "`" : " ") + flag;
    for (const auto& value : values) text += (value == values[0] ? " " : "/") + value.dump();
  }
  if (!one.options.empty() && !one.values.numbers.contains("--ld-alpha"))
    text += (text.empty() ? "`" : " ") + one.options;
  return text.empty() ? text : text + "`";
}

void print_line(const contender& one, const train_dpo::chosen_loss& loss, const outcome& found,
                const std::string& more = {}) {
  std::printf("| `%s` | %s | %.3g → %.3g | %.2f | %+.2f | %+.2f |%s\n", loss.spec.c_str(),
              settings_of(one, loss).c_str(), found.losses.first, found.losses.last, found.accuracy, found.margin,
              found.chosen, more.c_str());
  std::fflush(stdout);
}

/// Whether the run did what it should.
bool learned(const std::string& name, const outcome& found) {
  if (found.losses.last < found.losses.first && found.accuracy > 0.5) return true;
  std::fprintf(stderr, "error: %s: loss %g -> %g, accuracy %g\n", name.c_str(), found.losses.first, found.losses.last,
               found.accuracy);
  return false;
}

bool in_the_world() {
  compare::world world(7);
  const std::vector<tokenized_pair> pairs = world.pairs(2000), held_out = world.pairs(1000);
  const auto of_pairs = as_examples(pairs), of_lists = as_examples(world.lists(2000)), of_one = unpaired(pairs, 64);
  prefopt::bigram before = world.reference();
  const auto standing = world.measure(before);
  std::printf(
      "| loss | settings | loss, first → last sixth | held-out accuracy | margin, nats | log π(chosen), nats | true "
      "reward (%.2f before) | KL, nats |\n|---|---|---|---|---|---|---|---|\n",
      standing.reward);
  bool all_learned = true;
  for (const contender& one : contenders()) {
    const auto loss = train_dpo::choose_loss(one.spec, one.values);
    const auto& examples = reads(loss, preference_form::lists)   ? of_lists
                           : reads(loss, preference_form::pairs) ? of_pairs
                                                                 : of_one;
    prefopt::bigram policy = world.reference();
    const outcome found =
        train(policy, world.reference(), prefopt::bigram(world.reference()), one, loss, examples, held_out,
              world.reference(), {.learning_rate = 0.02, .warmup_steps = 10, .pairs_per_step = 32, .max_steps = 240});
    const auto now = world.measure(policy);
    char more[80];
    std::snprintf(more, sizeof more, " %.2f | %.2f |", now.reward, now.divergence);
    print_line(one, loss, found, more);
    all_learned = learned(loss.spec, found) && all_learned;
  }
  return all_learned;
}

bool with_gpt2(const fs::path& folder, const fs::path& data, std::int64_t steps) {
  const prefopt::eigen_backend<float> machine;
  const auto tokenizer = prefopt::gpt2_tokenizer::from_directory(folder);
  const auto start = prefopt::load_gpt2(machine, folder);
  const auto read = [&](const char* file) {
    return prefopt::tokenize(prefopt::read_preferences(data / file), tokenizer,
                             {.max_length = start.config().n_positions})
        .examples;
  };
  const auto pairs = read("train.jsonl"), held_out = read("held_out.jsonl");
  const auto of_pairs = as_examples(pairs), of_one = unpaired(pairs, start.config().n_positions);
  const auto reference = prefopt::reference_log_probs(start, pairs);
  const auto reference_of_one = prefopt::reference_log_probs(start, of_one);
  const auto held_out_reference = prefopt::reference_log_probs(start, held_out);
  std::printf(
      "| loss | settings | loss, first → last sixth | held-out accuracy | margin, nats | log π(chosen), nats |\n"
      "|---|---|---|---|---|---|\n");
  bool all_learned = true;
  for (const contender& one : contenders()) {
    const auto loss = train_dpo::choose_loss(one.spec, one.values);
    const bool of_two = reads(loss, preference_form::pairs);
    auto policy = start.clone();
    const outcome found = train(policy, of_two ? reference : reference_of_one, start.clone(), one, loss,
                                of_two ? of_pairs : of_one, held_out, held_out_reference,
                                {.learning_rate = 2e-4, .warmup_steps = 10, .pairs_per_step = 8, .max_steps = steps});
    print_line(one, loss, found);
    all_learned = learned(loss.spec, found) && all_learned;
  }
  return all_learned;
}

}  // namespace

int main(int argc, char** argv) {
  const bool named = argc == 3 || argc == 4;
  const std::int64_t steps = argc == 4 ? std::atoll(argv[3]) : 125;
  if (!(argc == 1 || named) || steps < 12) {
    std::fputs("usage: prefopt_compare_losses [SFT-FOLDER DATA-FOLDER [STEPS, 12 at least]]\n", stderr);
    return 2;
  }
  try {
    std::printf("### A bigram table in a world of twelve tokens\n\n");
    bool all_learned = in_the_world();
    if (named) {
      std::printf("\n### The demo's GPT-2\n\n");
      all_learned = with_gpt2(argv[1], argv[2], steps) && all_learned;
    }
    return all_learned ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
