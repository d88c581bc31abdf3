// SPDX-License-Identifier: MIT
// Types that model policy_model, policy_pass and trainable_policy, and types that each lack one
// thing.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/backend/host.hpp"
#include "prefopt/policy/bigram.hpp"
#include "prefopt/policy/concepts.hpp"

namespace policy_types {  // named, for most of their members have no definition

using prefopt::host_backend;
using prefopt::policy_model;
using prefopt::policy_pass;
using prefopt::prefix_tree_batch;
using prefopt::trainable_policy;

struct smallest_pass {
  smallest_pass(smallest_pass&&) noexcept;
  smallest_pass& operator=(smallest_pass&&) noexcept;
  std::span<const double> log_probs() const;
  void backward(std::span<const double>);
};

// A member of the same name hides the base's.
struct copyable_pass {
  std::span<const double> log_probs() const;
  void backward(std::span<const double>);
};
struct pass_that_stands_still : smallest_pass {
  pass_that_stands_still& operator=(pass_that_stands_still&&) = delete;
};
struct pass_without_log_probs : smallest_pass {
  std::span<const double> log_probs() const = delete;
};
struct pass_in_float : smallest_pass {
  std::span<const float> log_probs() const;
};
struct pass_that_changes_when_read : smallest_pass {
  std::span<const double> log_probs();
};
struct pass_without_backward : smallest_pass {
  void backward(std::span<const double>) = delete;
};

static_assert(policy_pass<smallest_pass> && policy_pass<prefopt::bigram::pass>);
static_assert(policy_pass<copyable_pass> && !policy_pass<pass_that_stands_still>);
static_assert(!policy_pass<pass_without_log_probs> && !policy_pass<pass_in_float>);
static_assert(!policy_pass<pass_that_changes_when_read> && !policy_pass<pass_without_backward>);

/// Names no type of the library.
struct smallest_parameter {
  std::string name;
  std::vector<std::size_t> shape;
  std::span<float> value;
  std::span<float> gradient;
  bool trainable;
  bool decays;
};

struct smallest_policy {
  std::vector<double> token_log_probs(const prefix_tree_batch&) const;
  smallest_pass forward(const prefix_tree_batch&);
  std::vector<smallest_parameter> parameters();
  host_backend<float>& backend() const;
};

struct without_log_probs : smallest_policy {
  std::vector<double> token_log_probs(const prefix_tree_batch&) const = delete;
};
struct scoring_in_float : smallest_policy {
  std::vector<float> token_log_probs(const prefix_tree_batch&) const;
};
struct that_changes_when_it_scores : smallest_policy {
  std::vector<double> token_log_probs(const prefix_tree_batch&);
};
struct without_forward : smallest_policy {
  smallest_pass forward(const prefix_tree_batch&) = delete;
};
struct with_a_pass_that_is_none : smallest_policy {
  pass_without_backward forward(const prefix_tree_batch&);
};
struct without_parameters : smallest_policy {
  std::vector<smallest_parameter> parameters() = delete;
};
struct without_backend : smallest_policy {
  host_backend<float>& backend() const = delete;
};
struct on_a_backend_that_is_none : smallest_policy {
  int& backend() const;
};
struct on_a_backend_that_is_gone : smallest_policy {
  host_backend<float> backend() const;
};
struct on_a_backend_of_other_numbers : smallest_policy {
  host_backend<double>& backend() const;
};
struct on_a_backend_that_a_constant_lacks : smallest_policy {
  host_backend<float>& backend();
};

static_assert(trainable_policy<smallest_policy> && trainable_policy<prefopt::bigram>);
static_assert(!policy_model<without_log_probs> && !policy_model<scoring_in_float>);
static_assert(!policy_model<that_changes_when_it_scores>);

template <class Policy>
constexpr bool only_answers = policy_model<Policy> && !trainable_policy<Policy>;
static_assert(only_answers<without_forward> && only_answers<with_a_pass_that_is_none>);
static_assert(only_answers<without_parameters>);
static_assert(trainable_policy<without_backend>);  // in host memory
static_assert(only_answers<on_a_backend_that_is_gone> && only_answers<on_a_backend_that_is_none>);
static_assert(only_answers<on_a_backend_of_other_numbers>);
static_assert(only_answers<on_a_backend_that_a_constant_lacks>);

template <class Parameter>
struct with : smallest_policy {
  std::vector<Parameter> parameters();
};
struct without_name : smallest_parameter {
  void name() = delete;
};
struct without_shape : smallest_parameter {
  void shape() = delete;
};
struct without_value : smallest_parameter {
  std::span<const float> value;
};
struct without_gradient : smallest_parameter {
  void gradient() = delete;
};
struct without_trainable : smallest_parameter {
  void trainable() = delete;
};
struct without_decays : smallest_parameter {
  void decays() = delete;
};

static_assert(trainable_policy<with<smallest_parameter>> && only_answers<with<int>>);
static_assert(only_answers<with<without_name>> && only_answers<with<without_shape>>);
static_assert(only_answers<with<without_value>> && only_answers<with<without_gradient>>);
static_assert(only_answers<with<without_trainable>> && only_answers<with<without_decays>>);

}  // namespace policy_types
