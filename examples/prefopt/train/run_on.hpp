// SPDX-License-Identifier: MIT
#pragma once
// The whole job on any kind of backend. Each kind has its own source file, because a model on a
// backend takes a while to compile.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <prefopt/eigen.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/prefopt.hpp>
#include <prefopt/runs.hpp>
#include <prefopt/tokenizers.hpp>
#include "data.hpp"
#include "train/checkpoint_saver.hpp"
#include "train/fall_notice.hpp"
#include "train/interruption.hpp"
#include "train/memory_plan.hpp"
#include "train/output_folder.hpp"
#include "train/run_summary.hpp"
#include "train/settings.hpp"

namespace program {
namespace detail {

/// A hash of a model: its weights and the config values that determine how to compute with them.
template <class Model>
std::string hash_of(const Model& model) {
  prefopt::fingerprint hash;
  hash.add(prefopt::write_model_config(model.spec(), prefopt::json_value::object()));
  std::vector<float> values;
  for (const auto& parameter : model.parameters()) {
    values.resize(parameter.value.size());
    model.backend().copy_to_host(parameter.value, std::span(values));
    hash.add(parameter.name).add(std::span<const float>(values));
  }
  return hash.hex();
}

/// Whether a matrix has a number that bfloat16 does not.
template <class Model>
bool rounding_changes(const Model& model) {
  std::vector<float> values;
  for (const auto& parameter : model.parameters()) {
    if (parameter.shape.size() != 2) continue;
    values.resize(parameter.value.size());
    model.backend().copy_to_host(parameter.value, std::span(values));
    if (std::ranges::any_of(values, [](float value) {
          return static_cast<float>(prefopt::bfloat16(value)) != value;
        }))
      return true;
  }
  return false;
}

/// The backend that a run's options select.
template <class Backend>
Backend make_backend(const options& o) {
  if constexpr (requires { Backend({.threads = o.threads}); }) {
    prefopt::start_threads(o.threads);
    return Backend({.threads = o.threads});
  } else {
    return Backend();
  }
}

/// The properties of a backend and its use that change the rounding of log-probs.
template <class Backend>
std::string rounding_of(const Backend& backend, const options& o) {
  const auto threads =
      o.device == device_name::cpu ? prefopt::concat(" threads ", o.threads) : std::string();
  return prefopt::concat(name_of(o.device), ' ', name_of(o.precision), ' ',
                         backend.instruction_set(), threads);
}

/// The reference of a run: none, a cache, the frozen model, or a moving one.
template <class Model>
class run_reference {
 public:
  using moving = prefopt::moving_reference<Model>;

  run_reference() = default;
  explicit run_reference(prefopt::reference_cache cache) : answers_(std::move(cache)) {}
  explicit run_reference(Model model) : answers_(prefopt::frozen(std::move(model))) {}
  run_reference(Model model, const prefopt::moving_reference_options& options)
      : answers_(moving(std::move(model), options)) {}

  [[nodiscard]] std::vector<double> token_log_probs(const prefopt::prefix_tree_batch& batch) const {
    return std::visit(
        [&](const auto& answers) -> std::vector<double> {
          if constexpr (prefopt::policy_model<std::remove_cvref_t<decltype(answers)>>)
            return answers.token_log_probs(batch);
          else
            throw prefopt::value_error("the loss reads a reference, but there is none");
        },
        answers_);
  }

  /// None if it does not move.
  [[nodiscard]] const moving* that_moves() const { return std::get_if<moving>(&answers_); }
  void after_step(Model& policy, std::int64_t step) {
    if (auto* one = std::get_if<moving>(&answers_)) one->after_step(policy, step);
  }
  void require_same_shape(Model& policy) {
    if (auto* one = std::get_if<moving>(&answers_)) one->require_same_shape(policy);
  }
  /// 0 if it does not move.
  [[nodiscard]] std::uint64_t weights_hash() const {
    return that_moves() == nullptr ? 0 : that_moves()->weights_hash();
  }

 private:
  std::variant<prefopt::no_reference, prefopt::reference_cache, prefopt::frozen<Model>, moving>
      answers_;
};

template <class Model>
struct references {
  run_reference<Model> train;
  std::optional<run_reference<Model>> eval;  ///< empty if `train` serves for evaluation too
};

/// A model that stops scoring when a signal asks the run to end. Models policy_model.
template <class Model>
struct stoppable {
  const Model& model;

  [[nodiscard]] const auto& backend() const { return model.backend(); }
  [[nodiscard]] std::vector<double> token_log_probs(const prefopt::prefix_tree_batch& batch) const {
    end_if_interrupted();
    return model.token_log_probs(batch);
  }
};

/// The cache in `file` if it was made under the same key; otherwise a new one, which is saved
/// there.
template <class Model>
prefopt::reference_cache cached(const Model& model, const std::string& model_hash,
                                const data_set& data, const options& o,
                                const std::filesystem::path& file) {
  const auto tokens = static_cast<std::size_t>(o.trainer.tokens_per_microbatch.value());
  // Model and ids determine nearly everything: the ids reflect tokenizer, truncation and data. The
  // rest changes rounding.
  const std::string key =
      prefopt::fingerprint()
          .add(model_hash)
          .add(hash_of(data))
          .add(prefopt::concat(rounding_of(model.backend(), o), " tokens ", tokens,
                               o.rounds_reference() ? " reference in bf16" : ""))
          .hex();
  if (auto held = prefopt::load_reference_cache(file, key)) return std::move(*held);
  const prefopt::atomic_file probe(file);  // fails now if the file cannot be written
  std::printf("reference log-probs of %zu %s\n", data.examples.size(), noun_of(data.form));
  prefopt::reference_cache cache = prefopt::reference_log_probs(
      stoppable<Model>{model}, data.examples, {.tokens_per_microbatch = tokens});
  prefopt::save_reference_cache(file, cache, key);
  return cache;
}

/// `model` is the current reference, which a resumed run has in its checkpoint.
template <class Model>
references<Model> make_references(const Model& model, const std::string& model_hash,
                                  const run_data& data, const options& o,
                                  const std::optional<prefopt::checkpoint_location>& checkpoint) {
  if (o.sync_reference) {
    auto start = checkpoint
                     ? prefopt::load_model(model.backend(), checkpoint->path / reference_folder)
                     : model.clone();
    return {run_reference<Model>(std::move(start), *o.sync_reference), {}};
  }
  std::optional<Model> rounded;
  if (o.rounds_reference()) {
    rounded.emplace(model.rounded_clone());
    if (rounding_changes(model))
      std::printf(
          "reference: its weights are rounded to bfloat16, so rewards before the first step are not 0\n");
  }
  if (o.reference_cache == "none")
    return {run_reference<Model>(rounded ? *std::move(rounded) : model.clone()), {}};
  const Model& scored = rounded ? *rounded : model;
  const std::filesystem::path file =
      o.reference_cache ? std::filesystem::path(*o.reference_cache)
                        : std::filesystem::path(o.output) / "reference_log_probs.safetensors";
  references<Model> all{run_reference<Model>(cached(scored, model_hash, data.train, o, file)), {}};
  if (!data.eval.examples.empty()) {
    auto beside = file;
    beside.replace_extension(".eval" + file.extension().string());
    all.eval.emplace(cached(scored, model_hash, data.eval, o, beside));
  }
  return all;
}

/// The files that are copied along with the model; prints a line for each remark about them.
inline prefopt::sidecar_files read_sidecars(const options& o, const run_data& data) {
  const prefopt::sidecar_files sidecars =
      data.tokenizer ? prefopt::read_sidecar_files(o.model, *data.tokenizer)
                     : prefopt::read_sidecar_files(o.model);
  for (const std::string& note : sidecars.notes) std::printf("%s\n", note.c_str());
  if (!o.save.dtype) {
    const bool is_half = sidecars.stored_type == prefopt::float16_type;
    if (is_half || sidecars.default_dtype() != prefopt::weight_type::float32)
      std::printf("%s: its weights are %s; the trained model is saved as %s\n", o.model.c_str(),
                  is_half ? "float16, which cannot hold every trained value" : "bfloat16",
                  is_half ? "float32" : "bfloat16 too, --save-dtype fp32 keeps every bit");
  }
  return sidecars;
}

/// One run, from its first step or from a checkpoint, to the folder with the trained model.
template <class Model>
class job {
 public:
  job(const options& o, const run_data& data, const prefopt::sidecar_files& sidecars,
      output_folder& output, Model& policy, references<Model>& reference,
      const prefopt::json_value& settings)
      : options_(o),
        data_(data),
        sidecars_(sidecars),
        output_(output),
        policy_(policy),
        reference_(reference),
        settings_(settings) {}

  void train() {
    prefopt::trainer trainer{policy_, reference_.train, options_.loss->loss, options_.trainer};
    if (const auto& checkpoint = output_.resumed_from())
      prefopt::read_training_state(trainer, checkpoint->path);
    end_if_interrupted();
    output_.open_logs(!data_.eval.examples.empty());
    const run_in_progress in_progress(true);

    prefopt::progress_bar bar({.stream = stdout, .log_every = options_.log_every});
    checkpoint_saver save(options_, sidecars_, output_, reference_.train, settings_);
    fall_notice fall(reward_scale(options_.loss->loss));
    run_table table;
    if (data_.eval.examples.empty()) {
      run(trainer, output_, bar, save, fall, table);
    } else {
      const auto& eval_reference = reference_.eval ? *reference_.eval : reference_.train;
      const auto tokens = static_cast<std::size_t>(options_.trainer.tokens_per_microbatch.value());
      prefopt::evaluate_every evaluation(options_.eval_every, data_.eval.examples, eval_reference,
                                         {.tokens_per_microbatch = tokens});
      run(trainer, output_, bar, evaluation, save, fall, table);
    }
    std::printf("%s", table.text().c_str());
    if (const auto note = fall.line(); note && options_.loss->loss.inputs.reference)
      std::printf("%s\n", note->c_str());
    output_.check_location();
    prefopt::save_model(policy_, sidecars_, options_.output, options_.save);
    if constexpr (requires { policy_.backend().product_fallbacks(); })
      for (const auto& slow : policy_.backend().product_fallbacks())
        std::printf("note: products that cuBLASLt cannot compute alone are slow: %s, %zu times\n",
                    slow.product.c_str(), slow.calls);
    std::printf("trained model in %s\n", options_.output.c_str());
    if (!save.failure().empty())
      throw prefopt::io_error(prefopt::concat(save.failure(),
                                              " (the last checkpoint; the trained model is in ",
                                              options_.output, " anyway)"));
  }

 private:
  /// Names non-finite examples by their lines in the file.
  template <class Trainer, class... Callbacks>
  void run(Trainer& trainer, Callbacks&... callbacks) {
    try {
      trainer.train(data_.train.examples, callbacks...);
    } catch (const prefopt::not_finite& cause) {
      const data_set& met = cause.held_out() ? data_.eval : data_.train;
      std::string lines;
      for (const std::size_t pair : cause.examples())
        lines += prefopt::concat(lines.empty() ? "" : ", ", met.lines.at(pair));
      throw prefopt::value_error(prefopt::concat(cause.held_out() ? options_.eval : options_.train,
                                                 ": in the ", noun_of(met.form), " on line ", lines,
                                                 ": ", cause.what()));
    }
  }

  const options& options_;
  const run_data& data_;
  const prefopt::sidecar_files& sidecars_;
  output_folder& output_;
  Model& policy_;
  references<Model>& reference_;
  const prefopt::json_value& settings_;
};

}  // namespace detail

template <class Backend>
void run_on(const options& given) {
  options o = given;
  using model_type = prefopt::causal_lm<Backend>;
  const prefopt::decoder_spec spec = prefopt::read_model_config(o.model);
  o.read_by = &*o.loss;
  const run_data data = read_data(o, o.train, o.eval, spec);

  const run_in_progress in_progress(false);  // so that the output folder is left tidy
  output_folder output(o.output, o.resume);
  if (o.reference_cache && o.reference_cache != "none") output.check_beside(*o.reference_cache);
  const prefopt::sidecar_files sidecars = detail::read_sidecars(o, data);
  if (o.memory) std::printf("plan: %s\n", plan_memory(o, spec, data.train).text().c_str());
  o.save.dtype = o.save.dtype.value_or(sidecars.default_dtype());
  const auto backend = detail::make_backend<Backend>(o);
  o.trainer = prefopt::on_backend(backend, o.trainer);
  if (o.precision == precision_name::bf16 || o.device == device_name::cuda)
    std::printf("%s by %s\n", o.precision == precision_name::bf16 ? "bfloat16" : "float32",
                std::string(backend.instruction_set()).c_str());
  model_type policy = prefopt::load_model(backend, o.model);
  origins from = {
      .model = detail::hash_of(policy),
      .reference = {},
      .pairs = hash_of(data.train),
      .eval_pairs = hash_of(data.eval),
      .max_length = data.max_length,
      .date = data.renderer && data.renderer->reads_date() ? o.chat.date : std::string()};

  const bool reads_reference = o.loss->loss.inputs.reference;
  std::optional<model_type> other;
  if (reads_reference) {
    if (!o.reference.empty()) {
      check_reads_the_same(o.reference, spec, data.max_length);
      check_same_tokenizer(o, o.reference, data);
      other.emplace(prefopt::load_model(backend, o.reference));
    }
    from.reference = detail::hash_of(other ? *other : policy);
  }
  end_if_interrupted();
  const prefopt::json_value settings = settings_of(o, from);
  output.check_settings(*settings);
  const std::int64_t total_steps =
      prefopt::run_plan(data.train.examples.size(), o.trainer).total_steps();
  set_intervals(o, total_steps);
  if (output.is_finished(total_steps, *o.save.dtype)) {
    std::printf("%s: this run is finished; there is nothing to do\n", o.output.c_str());
    return;
  }

  std::size_t parameters = 0;
  for (const auto& one : policy.tensors()) parameters += one.value.size();
  detail::print_header(o, data, parameters, total_steps);
  if (o.trainer.warmup_steps >= total_steps)
    std::printf(
        "--warmup-steps %lld: the run has %lld steps, so the learning rate never reaches its peak\n",
        static_cast<long long>(o.trainer.warmup_steps), static_cast<long long>(total_steps));

  const std::int64_t steps_left = total_steps - output.steps_done();
  output.prepare(detail::sizes_of(policy, sidecars, o, steps_left));
  detail::references<model_type> reference;
  if (reads_reference)
    reference = detail::make_references(other ? *other : policy, from.reference, data, o,
                                        output.resumed_from());
  other.reset();
  if (const auto& checkpoint = output.resumed_from())
    policy = prefopt::load_model(backend, checkpoint->path);
  policy.set_pass_memory({.gradient_checkpointing = o.gradient_checkpointing});
  detail::job<model_type>(o, data, sidecars, output, policy, reference, settings).train();
}

}  // namespace program
