// SPDX-License-Identifier: MIT
//
// prefopt_compare_losses: trains two policies with every loss at its paper's settings and prints a
// Markdown table: a bigram table in a world whose true reward is known, and the demo's fine-tuned
// GPT-2 if its folder is named. It fails if a run diverges: a number is not finite, or the loss
// doubles.
//
//   prefopt_compare_losses [SFT-FOLDER DATA-FOLDER [STEPS]]

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/datasets.hpp>
#include <prefopt/eigen.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/tokenizers.hpp>
#include "begin.hpp"
#include "course/shared/forms.hpp"
#include "course/shared/world.hpp"
#include "train/losses.hpp"

namespace {

using course::as_examples;
using course::unpaired;
using prefopt::concat;
using prefopt::preference_form;
using prefopt::tokenized_example;
using prefopt::tokenized_pair;
using program::loss_values;
namespace fs = std::filesystem;

/// A line of the table.
struct contender {
  program::chosen_loss loss;
  /// command-line options that change more than the loss's numbers
  std::string options = {};
  bool reference_moves = false;
};

/// What the program trains with.
std::vector<contender> contenders() {
  std::vector<contender> all;
  const auto add = [&](std::string_view spec, const loss_values& values = {},
                       const char* options = "", bool reference_moves = false) {
    all.push_back({program::choose_loss(std::string(spec), values), options, reference_moves});
  };
  for (const auto& [name, also] : program::all_losses()) add(name);
  for (const std::string type : {"forward_kl", "js_divergence", "alpha_divergence"})
    add("dpo", {.numbers = {}, .choices = {{"--f-divergence-type", type}}},
        ("--f-divergence-type " + type).c_str());
  add("dpo", {.numbers = {{"--ld-alpha", 0.5}}, .choices = {}});
  add("dpo", {.numbers = {}, .choices = {}, .use_weighting = true}, "--use-weighting");
  add("dpo", {}, "--sync-ref-model --ref-model-sync-steps 32", true);
  add("dpo:1,sft:1");                     // RPO
  add("sigmoid:0.8,bco_pair:0.2,sft:1");  // MPO
  return all;
}

/// The ones that need more from a policy than GPT-2 offers.
std::vector<contender> contenders_of_divergences() {
  const auto make = [](const char* name, const prefopt::tdpo& loss) -> contender {
    return {{prefopt::any_loss(loss),
             name,
             {preference_form::pairs},
             nlohmann::json{{"beta", {loss.beta}}, {"alpha", {loss.alpha}}}}};
  };
  return {make("tdpo1", {.alpha = 1, .holds_chosen_constant = false}), make("tdpo2", {})};
}

bool reads(const program::chosen_loss& loss, preference_form form) {
  return std::ranges::find(loss.forms, form) != loss.forms.end();
}

struct outcome {
  /// on training examples, against the initial reference
  double loss_before = 0;
  double loss_after = 0;
  double accuracy = 0;  ///< of held-out pairs by log pi - log pi_ref; a tie counts one half
  double margin = 0;    ///< of the same, nats
  double chosen = 0;    ///< change of the chosen responses' log-probs, nats
};

template <class Reference>
struct setting {
  const Reference& reference;
  const std::vector<tokenized_example>& examples;
  const Reference& held_out_reference;
  const std::vector<tokenized_pair>& held_out;
  prefopt::trainer_options options;
};

/// Trains a policy and measures it. A moving reference begins with `start`.
template <class Policy, class Reference>
outcome train(Policy& policy, Policy start, const contender& one, const setting<Reference>& given) {
  const std::span measured(given.examples.data(),
                           std::min<std::size_t>(given.examples.size(), 240));
  const auto loss_now = [&](const auto& loss) {
    return prefopt::evaluate(policy, given.reference, loss, measured).loss;
  };
  outcome found;
  found.loss_before = loss_now(one.loss.loss);
  const auto run = [&](auto& reference) {
    prefopt::trainer trainer{policy, reference, one.loss.loss, given.options};
    trainer.train(given.examples);
    found.loss_after = loss_now(trainer.loss());
  };
  if (one.reference_moves) {
    prefopt::moving_reference moving(std::move(start), {.sync_steps = 32});
    run(moving);
  } else {
    run(given.reference);
  }
  const auto report =
      prefopt::evaluate(policy, given.held_out_reference, prefopt::dpo{.beta = 1}, given.held_out);
  for (const prefopt::metric& metric : report.metrics) {
    if (metric.name == "rewards/accuracies") found.accuracy = metric.value;
    if (metric.name == "rewards/margins") found.margin = metric.value;
    if (metric.name == "rewards/chosen") found.chosen = metric.value;
  }
  return found;
}

std::string settings_of(const contender& one) {
  std::string text;
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
  for (const auto& [flag, values] : one.loss.read->items()) {
    if (!values.is_array()) continue;
    add(flag);
    for (const auto& value : values)
      text += concat(value == values[0] ? ' ' : '/', value.get<double>());
  }
  if (!one.options.empty()) add(one.options);
  return text.empty() ? text : "`" + text + "`";
}

void print_line(const contender& one, const outcome& found, const std::string& more = {}) {
  std::printf("| `%s` | %s | %.3g → %.3g | %.2f | %+.2f | %+.2f |%s\n", one.loss.spec.c_str(),
              settings_of(one).c_str(), found.loss_before, found.loss_after, found.accuracy,
              found.margin, found.chosen, more.c_str());
  std::fflush(stdout);
}

/// Reports a loss that ended far above its start. A little above does not count: lipo_lambda
/// weights by the current ranking, and dpop's penalty leaves it nothing to gain.
bool diverged(const contender& one, const outcome& found) {
  if (found.loss_after < 2 * found.loss_before) return false;
  std::fprintf(stderr, "error: %s: loss %g -> %g\n", one.loss.spec.c_str(), found.loss_before,
               found.loss_after);
  return true;
}

bool in_the_world() {
  course::world world(7);
  const std::vector<tokenized_pair> pairs = world.pairs(2000), held_out = world.pairs(1000);
  const auto of_pairs = as_examples(pairs), of_lists = as_examples(world.lists(2000)),
             of_one = unpaired(pairs, 64);
  prefopt::bigram before = world.reference();
  const auto standing = world.measure(before);
  std::printf(
      "| loss | settings | loss before → after | held-out accuracy | margin, nats | log π(chosen), nats | true "
      "reward (%.2f before) | KL, nats |\n|---|---|---|---|---|---|---|---|\n",
      standing.reward);
  bool sound = true;
  auto all = contenders();
  for (contender& one : contenders_of_divergences()) all.push_back(std::move(one));
  for (const contender& one : all) {
    const auto& examples = reads(one.loss, preference_form::lists)   ? of_lists
                           : reads(one.loss, preference_form::pairs) ? of_pairs
                                                                     : of_one;
    prefopt::bigram policy = world.reference();
    const setting<prefopt::bigram> given{
        world.reference(),
        examples,
        world.reference(),
        held_out,
        {.learning_rate = 0.02, .warmup_steps = 10, .batch_size = 32, .max_steps = 240}};
    const outcome found = train(policy, prefopt::bigram(world.reference()), one, given);
    const auto now = world.measure(policy);
    char more[80];
    std::snprintf(more, sizeof more, " %.2f | %.2f |", now.reward, now.divergence);
    print_line(one, found, more);
    sound = !diverged(one, found) && sound;
  }
  return sound;
}

bool with_gpt2(const fs::path& folder, const fs::path& data, std::int64_t steps) {
  const prefopt::eigen_backend<float> backend;
  const auto tokenizer = prefopt::gpt2_tokenizer::from_directory(folder);
  const auto start = prefopt::load_model(backend, folder);
  const auto read = [&](const char* file) {
    return prefopt::tokenize(prefopt::read_preferences(data / file), tokenizer,
                             {.max_length = start.shape().positions})
        .examples;
  };
  const auto pairs = read("train.jsonl"), held_out = read("held_out.jsonl");
  const auto of_pairs = as_examples(pairs), of_one = unpaired(pairs, start.shape().positions);
  const auto reference = prefopt::reference_log_probs(start, pairs);
  const auto reference_of_one = prefopt::reference_log_probs(start, of_one);
  const auto held_out_reference = prefopt::reference_log_probs(start, held_out);
  std::printf(
      "| loss | settings | loss before → after | held-out accuracy | margin, nats | log π(chosen), nats |\n"
      "|---|---|---|---|---|---|\n");
  bool sound = true;
  for (const contender& one : contenders()) {
    const bool of_two = reads(one.loss, preference_form::pairs);
    auto policy = start.clone();
    const setting<prefopt::reference_cache> given{
        of_two ? reference : reference_of_one,
        of_two ? of_pairs : of_one,
        held_out_reference,
        held_out,
        {.learning_rate = 2e-4, .warmup_steps = 10, .batch_size = 8, .max_steps = steps}};
    const outcome found = train(policy, start.clone(), one, given);
    print_line(one, found);
    sound = !diverged(one, found) && sound;
  }
  return sound;
}

}  // namespace

int main(int argc, char** argv) {
  program::begin(argv);
  const bool named = argc == 3 || argc == 4;
  const std::int64_t steps = argc == 4 ? std::atoll(argv[3]) : 125;
  if (!(argc == 1 || named) || steps < 12) {
    std::fputs("usage: prefopt_compare_losses [SFT-FOLDER DATA-FOLDER [STEPS, 12 at least]]\n",
               stderr);
    return 2;
  }
  try {
    std::printf("### A bigram table in a world of twelve tokens\n\n");
    bool sound = in_the_world();
    if (named) {
      std::printf("\n### The demo's GPT-2\n\n");
      sound = with_gpt2(argv[1], argv[2], steps) && sound;
    }
    return sound ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
