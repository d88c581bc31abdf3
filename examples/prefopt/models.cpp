// SPDX-License-Identifier: MIT

#include "models.hpp"

#include <prefopt/eigen.hpp>
#include <prefopt/hub.hpp>
#include <prefopt/prefopt.hpp>

namespace program {
namespace {

template <class Backend>
class opened_model final : public any_model {
 public:
  opened_model(const std::string& folder, int threads)
      : backend_({.threads = threads}), model_(prefopt::load_model(backend_, folder)) {}

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
    const prefopt::frozen frozen(dynamic_cast<const opened_model&>(*reference).model_.clone());
    return prefopt::evaluate(model_, frozen, loss, examples);
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
    return std::make_unique<opened_model<prefopt::eigen_backend<float>>>(folder, threads);
  return std::make_unique<opened_model<prefopt::eigen_backend<prefopt::bfloat16>>>(folder, threads);
}

}  // namespace program
