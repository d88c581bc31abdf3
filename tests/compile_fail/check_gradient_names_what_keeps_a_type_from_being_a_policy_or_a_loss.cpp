// SPDX-License-Identifier: MIT
// NO_BACKWARD: needs backward\(std::span<const double> slopes\)
// NO_PARAMETERS: the policy's parameters\(\) is missing
// NO_CHECK: check\(loss\) is missing
// NUMBER: operator\(\)\(const pair_log_probs&\) const must return pair_loss
// NO_REFERENCE: the loss reads a reference: pass reference_log_probs
// WITH_A_REFERENCE: the reference's token_log_probs\(const prefix_tree_batch&\) is missing

#include <span>
#include <vector>

#include "prefopt/policy/parameter.hpp"
#include "prefopt/train/check_gradient.hpp"

using prefopt::prefix_tree_batch;

namespace mine {

struct pass {
  std::vector<double> values = {};
  std::span<const double> log_probs() const { return values; }
#ifndef NO_BACKWARD
  void backward(std::span<const double>) {}
#endif
};

struct policy {
  std::vector<double> token_log_probs(const prefix_tree_batch&) const { return {}; }
  pass forward(const prefix_tree_batch&) { return {}; }
#ifndef NO_PARAMETERS
  std::vector<prefopt::parameter<double>> parameters() { return {}; }
#endif
};

struct loss {
  static constexpr prefopt::token_reduction reduction = prefopt::token_reduction::sum;
  static constexpr prefopt::loss_inputs inputs{};
#ifdef NUMBER
  double operator()(const prefopt::pair_log_probs&) const { return 0; }
#else
  prefopt::pair_loss operator()(const prefopt::pair_log_probs&) const { return {}; }
#endif
};

#ifndef NO_CHECK
inline void check(const loss&) {}
#endif

}  // namespace mine

double error_of(mine::policy& policy, const std::vector<prefopt::tokenized_pair>& pairs) {
#ifdef NO_REFERENCE
  return check_gradient(policy, prefopt::no_reference{}, mine::loss{}, pairs).error;
#elif defined(WITH_A_REFERENCE)
  return check_gradient(policy, 3, mine::loss{}, pairs).error;
#else
  return check_gradient(policy, mine::loss{}, pairs).error;
#endif
}
