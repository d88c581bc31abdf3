// SPDX-License-Identifier: MIT
// NO_LOG_PROBS: the policy's token_log_probs\(const prefix_tree_batch&\) is missing
// MUTABLE_LOG_PROBS: the policy's token_log_probs must be const
// FLOAT_LOG_PROBS: must be const and return std::vector<double>
// NO_FORWARD: the policy's forward\(const prefix_tree_batch&\) is missing
// NO_PASS_LOG_PROBS: the pass that forward\(batch\) returns needs log_probs\(\) const
// NO_BACKWARD: needs backward\(std::span<const double> slopes\)
// NO_PARAMETERS: the policy's parameters\(\) is missing
// FLOAT_PARAMETERS: must be a parameter_range of its backend's numbers
// BACKEND_BY_VALUE: the policy's backend\(\) must return a reference
// MUTABLE_BACKEND: the policy's backend\(\) must be const
// CONSTANT: the policy is const

#include <span>
#include <vector>

#include "prefopt/backend/host.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/policy/parameter.hpp"
#include "prefopt/train/trainer.hpp"

using prefopt::prefix_tree_batch;

#ifdef FLOAT_LOG_PROBS
using number = float;
#else
using number = double;
#endif

// A copyable pass is a pass.
struct pass {
  std::vector<double> values = {};
#ifndef NO_PASS_LOG_PROBS
  std::span<const double> log_probs() const { return values; }
#endif
#ifndef NO_BACKWARD
  void backward(std::span<const double>) {}
#endif
};

struct policy {
  prefopt::host_backend<double> host = {};
#ifdef MUTABLE_LOG_PROBS
  std::vector<double> token_log_probs(const prefix_tree_batch&) { return {}; }
#elif !defined(NO_LOG_PROBS)
  std::vector<number> token_log_probs(const prefix_tree_batch&) const { return {}; }
#endif
#ifndef NO_FORWARD
  pass forward(const prefix_tree_batch&) { return {}; }
#endif
#ifdef FLOAT_PARAMETERS
  std::vector<prefopt::parameter<float>> parameters() { return {}; }
#elif !defined(NO_PARAMETERS)
  std::vector<prefopt::parameter<double>> parameters() { return {}; }
#endif
#ifdef BACKEND_BY_VALUE
  prefopt::host_backend<double> backend() const { return host; }
#elif defined(MUTABLE_BACKEND)
  const prefopt::host_backend<double>& backend() { return host; }
#else
  const prefopt::host_backend<double>& backend() const { return host; }
#endif
};

#ifdef CONSTANT
void train(const policy& own) {
#else
void train(policy& own) {
#endif
  prefopt::trainer run{own, prefopt::no_reference{}, prefopt::sft{}};
  run.train(std::vector<prefopt::tokenized_pair>{});
}
