// SPDX-License-Identifier: MIT
#pragma once
// The whole job on a machine of any kind. Each kind is a file of its own: a model on a machine takes a while to
// compile.

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <prefopt/eigen.hpp>
#include <prefopt/io.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/text.hpp>

#include "train_dpo/data.hpp"
#include "train_dpo/output_folder.hpp"
#include "train_dpo/settings.hpp"

namespace train_dpo {
namespace detail {

/// A hash of a model: its weights and what the config says of how to compute with them.
template <class Model>
std::string hash_of(const Model& model) {
  prefopt::fingerprint hash;
  const prefopt::gpt2_config& config = model.config();
  hash.add(config.n_head).add(config.layer_norm_epsilon).add(config.activation).add(config.tie_word_embeddings);
  std::vector<float> values;
  for (const auto& parameter : model.parameters()) {
    values.resize(parameter.value.size());
    model.machine().copy_to_host(parameter.value, std::span(values));
    hash.add(parameter.name).add(std::span<const float>(values));
  }
  return hash.hex();
}

inline std::string ids_of(const prefopt::tokenized_preferences& pairs) {
  prefopt::fingerprint hash;
  for (const auto& pair : pairs)
    hash.add(std::span(pair.prompt)).add(std::span(pair.chosen)).add(std::span(pair.rejected));
  return hash.hex();
}

/// The machine that a run asks for.
template <class Machine>
Machine make_machine(const options& o) {
  if constexpr (requires { Machine({.threads = o.threads}); })
    return Machine({.threads = o.threads});
  else
    return Machine();
}

/// What of a machine and its use changes the rounding of log-probs.
template <class Machine>
std::string rounding_of(const Machine& machine, const options& o) {
  const auto threads = o.device == device_name::cpu ? prefopt::join(" threads ", o.threads) : std::string();
  return prefopt::join(name_of(o.device), ' ', name_of(o.precision), ' ', machine.instruction_set(), threads);
}

/// The reference of a run: a cache, or the frozen model itself.
template <class Model>
class run_reference {
 public:
  explicit run_reference(prefopt::reference_cache cache) : answers_(std::move(cache)) {}
  explicit run_reference(Model model) : answers_(prefopt::frozen(std::move(model))) {}

  [[nodiscard]] std::vector<double> token_log_probs(const prefopt::prefix_tree_batch& batch) const {
    return std::visit([&](const auto& answers) { return answers.token_log_probs(batch); }, answers_);
  }

 private:
  std::variant<prefopt::reference_cache, prefopt::frozen<Model>> answers_;
};

template <class Model>
struct references {
  std::optional<run_reference<Model>> train;
  std::optional<run_reference<Model>>
      eval;  ///< empty where there is nothing to evaluate, or `train` answers for it too
};

/// The cache in `file` if it was made under the same key, else a new one, which is kept there.
template <class Model>
prefopt::reference_cache cached(const Model& model, const std::string& model_hash,
                                const prefopt::tokenized_preferences& pairs, const options& o,
                                const std::filesystem::path& file) {
  const auto tokens = static_cast<std::size_t>(o.trainer.tokens_per_microbatch);
  // Model and ids say nearly all: the ids hold tokenizer, truncation and data. The rest changes rounding.
  const std::string key = prefopt::fingerprint()
                              .add(model_hash)
                              .add(ids_of(pairs))
                              .add(prefopt::join(rounding_of(model.machine(), o), " tokens ", tokens))
                              .hex();
  if (auto held = prefopt::load_reference_cache(file, key)) return std::move(*held);
  const prefopt::atomic_file probe(file);  // better to know now that it cannot be written
  std::printf("reference log-probs of %zu pairs\n", pairs.size());
  prefopt::reference_cache cache = prefopt::reference_log_probs(model, pairs, {.tokens_per_microbatch = tokens});
  prefopt::save_reference_cache(file, cache, key);
  return cache;
}

template <class Model>
references<Model> make_references(const Model& model, const std::string& model_hash, const run_data& data,
                                  const options& o) {
  references<Model> all;
  if (o.reference_cache == "none") {
    all.train.emplace(model.clone());
    return all;
  }
  const std::filesystem::path file = o.reference_cache
                                         ? std::filesystem::path(*o.reference_cache)
                                         : std::filesystem::path(o.output) / "reference_log_probs.safetensors";
  all.train.emplace(cached(model, model_hash, data.train, o, file));
  if (data.eval.size() > 0) {
    auto beside = file;
    beside.replace_extension(".eval" + file.extension().string());
    all.eval.emplace(cached(model, model_hash, data.eval, o, beside));
  }
  return all;
}

/// Throws value_error where the reference cannot read what the model reads.
inline void check_reads_the_same(const std::string& reference, const prefopt::gpt2_config& model,
                                 std::size_t max_length) {
  const prefopt::gpt2_config config = prefopt::read_gpt2_config(reference);
  const std::string file = reference + "/config.json";
  if (config.vocab_size < model.vocab_size)
    throw prefopt::value_error(
        prefopt::join(file, ": vocab_size is ", config.vocab_size, ", the model's ", model.vocab_size, " was wanted"));
  if (config.n_positions < max_length)
    throw prefopt::value_error(
        prefopt::join(file, ": n_positions is ", config.n_positions, ", at least ", max_length, " was wanted"));
}

/// One run, from its first step or from a checkpoint, to the folder with the trained model.
template <class Model, class Loss>
class job {
 public:
  job(const options& o, Loss loss, const run_data& data, const prefopt::gpt2_companions& companions,
      output_folder& output, Model& policy, const nlohmann::json& settings)
      : options_(o),
        loss_(std::move(loss)),
        data_(data),
        companions_(companions),
        output_(output),
        policy_(policy),
        settings_(settings) {}

  template <class Reference>
  void train(const Reference& reference, const Reference& eval_reference) {
    prefopt::trainer trainer{policy_, reference, loss_, options_.trainer};
    if (const auto& checkpoint = output_.resumed_from()) prefopt::read_training_state(trainer, checkpoint->path);
    output_.open_logs(data_.eval.size() > 0);

    prefopt::progress_bar bar({.stream = stdout, .log_every = options_.log_every});
    prefopt::save_every save(options_.save_every, [&](const auto& state, const prefopt::step_report& step) {
      return output_.save_checkpoint(step.step, [&](const std::filesystem::path& folder) {
        prefopt::save_gpt2(state.policy(), companions_, folder);
        prefopt::write_training_state(state, settings_, folder);
      });
    });
    if (data_.eval.size() > 0) {
      const auto tokens = static_cast<std::size_t>(options_.trainer.tokens_per_microbatch);
      prefopt::evaluate_every evaluation(options_.eval_every, data_.eval.pairs, eval_reference,
                                         {.tokens_per_microbatch = tokens});
      run(trainer, output_, bar, evaluation, save);
    } else {
      run(trainer, output_, bar, save);
    }
    prefopt::save_gpt2(policy_, companions_, options_.output);
    std::printf("trained model in %s\n", options_.output.c_str());
  }

 private:
  /// What is not finite is named by its lines in the file.
  template <class Trainer, class... Callbacks>
  void run(Trainer& trainer, Callbacks&... callbacks) {
    try {
      trainer.run(data_.train.pairs, callbacks...);
    } catch (const prefopt::not_finite& cause) {
      std::string lines;
      for (const std::size_t pair : cause.pairs())
        lines += prefopt::join(lines.empty() ? "" : ", ", data_.train.lines[pair]);
      throw prefopt::value_error(prefopt::join(options_.train, ": at the pairs of line ", lines, ": ", cause.what()));
    }
  }

  const options& options_;
  Loss loss_;
  const run_data& data_;
  const prefopt::gpt2_companions& companions_;
  output_folder& output_;
  Model& policy_;
  const nlohmann::json& settings_;
};

template <class Machine, class Loss>
void run_with(const options& o, const Loss& loss) {
  using model_type = prefopt::gpt2<Machine>;
  const prefopt::gpt2_config config = prefopt::read_gpt2_config(o.model);
  const run_data data = read_data(o, config);
  if (o.show_pairs) return show_pairs(data, static_cast<std::size_t>(*o.show_pairs));

  output_folder output(o.output, o.resume);
  const prefopt::gpt2_companions companions = prefopt::read_gpt2_companions(o.model);
  const auto machine = make_machine<Machine>(o);
  if (o.precision == precision_name::bf16 || o.device == device_name::cuda)
    std::printf("%s by %s\n", o.precision == precision_name::bf16 ? "bfloat16" : "float32",
                std::string(machine.instruction_set()).c_str());
  model_type policy = prefopt::load_gpt2(machine, o.model);
  origins from = {.model = hash_of(policy),
                  .reference = {},
                  .pairs = ids_of(data.train),
                  .eval_pairs = ids_of(data.eval),
                  .max_length = data.max_length};

  std::optional<model_type> other;
  if constexpr (Loss::inputs.reference) {
    if (!o.reference.empty()) {
      check_reads_the_same(o.reference, config, data.max_length);
      other.emplace(prefopt::load_gpt2(machine, o.reference));
    }
    from.reference = hash_of(other ? *other : policy);
  }
  const nlohmann::json settings = settings_of(o, from);
  output.check_settings(settings);
  if (output.is_finished(prefopt::run_plan(data.train.size(), o.trainer).total_steps())) {
    std::printf("%s: this run is finished, there is nothing to do\n", o.output.c_str());
    return;
  }

  output.make();
  references<model_type> reference;
  if constexpr (Loss::inputs.reference) reference = make_references(other ? *other : policy, from.reference, data, o);
  other.reset();
  if (const auto& checkpoint = output.resumed_from()) policy = prefopt::load_gpt2(machine, checkpoint->path);
  job<model_type, Loss> work(o, loss, data, companions, output, policy, settings);
  if constexpr (!Loss::inputs.reference) {
    const prefopt::no_reference none;
    work.train(none, none);
  } else {
    work.train(*reference.train, reference.eval ? *reference.eval : *reference.train);
  }
}

}  // namespace detail

template <class Machine>
void run_on(const options& o) {
  switch (o.loss) {
    case loss_name::dpo:
      return detail::run_with<Machine>(o, prefopt::dpo{.beta = o.beta, .label_smoothing = o.label_smoothing});
    case loss_name::ipo:
      return detail::run_with<Machine>(o, prefopt::ipo{.beta = o.beta});
    case loss_name::hinge:
      return detail::run_with<Machine>(o, prefopt::hinge{.beta = o.beta});
    case loss_name::sft:
      return detail::run_with<Machine>(o, prefopt::sft{});
  }
}

}  // namespace train_dpo
