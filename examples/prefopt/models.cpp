// SPDX-License-Identifier: MIT

#include "models.hpp"

#include <prefopt/eigen.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/prefopt.hpp>

namespace program {
namespace {

/// A model as a reference, which is not copied.
template <class Backend>
struct read_only {
  const prefopt::causal_lm<Backend>& model;

  [[nodiscard]] std::vector<double> token_log_probs(const prefopt::prefix_tree_batch& batch) const {
    return model.token_log_probs(batch);
  }
};

template <class Backend>
class opened_model final : public any_model {
 public:
  opened_model(const std::string& folder, int threads, prefopt::weight_storage storage)
      : backend_({.threads = threads}), model_(prefopt::load_model(backend_, folder, storage)) {}

  std::vector<double> token_log_probs(const prefopt::prefix_tree_batch& batch) const override {
    return model_.token_log_probs(batch);
  }
  std::vector<prefopt::token_ids> write(std::span<const prefopt::token_ids> prompts,
                                        const prefopt::generation_options& options,
                                        prefopt::random_generator& random) const override {
    return prefopt::generate(model_, prompts, options, random);
  }
  prefopt::evaluation_report evaluate(
      const any_model* reference, const prefopt::any_loss& loss,
      const std::vector<prefopt::tokenized_example>& examples) const override {
    if (reference == nullptr)
      return prefopt::evaluate(model_, prefopt::no_reference{}, loss, examples);
    return prefopt::evaluate(
        model_, read_only<Backend>{dynamic_cast<const opened_model&>(*reference).model_}, loss,
        examples);
  }

 private:
  Backend backend_;
  prefopt::causal_lm<Backend> model_;
};

}  // namespace

std::unique_ptr<any_model> open_model(const std::string& folder, precision_name precision,
                                      int threads) {
  prefopt::start_threads(threads);
  if (precision == precision_name::fp32)
    return std::make_unique<opened_model<prefopt::eigen_backend<float>>>(
        folder, threads, prefopt::weight_storage::native);
  return std::make_unique<opened_model<prefopt::eigen_backend<prefopt::bfloat16>>>(
      folder, threads, prefopt::weight_storage::bfloat16);
}

}  // namespace program
