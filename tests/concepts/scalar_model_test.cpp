// SPDX-License-Identifier: MIT
// Types that model scalar_model, scalar_pass, trainable_scalar_model and response_scorer, and types
// that each lack one thing.

#include "prefopt/policy/scalar_model.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/backend/host.hpp"
#include "prefopt/policy/bigram.hpp"
#include "prefopt/policy/reward_model.hpp"
#include "prefopt/policy/value_table.hpp"

namespace scalar_model_types {  // named, for most of their members have no definition

using prefopt::host_backend;
using prefopt::prefix_tree_batch;
using prefopt::response_scorer;
using prefopt::scalar_model;
using prefopt::scalar_pass;
using prefopt::tokenized_example;
using prefopt::trainable_policy;
using prefopt::trainable_scalar_model;
using row_span = std::span<const std::int32_t>;

struct smallest_pass {
  smallest_pass(smallest_pass&&) noexcept;
  smallest_pass& operator=(smallest_pass&&) noexcept;
  std::span<const double> values() const;
  void backward(std::span<const double>);
};

// A member of the same name hides the base's.
struct copyable_pass {
  std::span<const double> values() const;
  void backward(std::span<const double>);
};
struct pass_that_stands_still : smallest_pass {
  pass_that_stands_still& operator=(pass_that_stands_still&&) = delete;
};
struct pass_without_values : smallest_pass {
  std::span<const double> values() const = delete;
};
struct pass_in_float : smallest_pass {
  std::span<const float> values() const;
};
struct pass_that_changes_when_read : smallest_pass {
  std::span<const double> values();
};
struct pass_without_backward : smallest_pass {
  void backward(std::span<const double>) = delete;
};

static_assert(scalar_pass<smallest_pass> && scalar_pass<prefopt::value_table::pass>);
static_assert(scalar_pass<copyable_pass> && !scalar_pass<pass_that_stands_still>);
static_assert(!scalar_pass<pass_without_values> && !scalar_pass<pass_in_float>);
static_assert(!scalar_pass<pass_that_changes_when_read> && !scalar_pass<pass_without_backward>);
static_assert(!scalar_pass<prefopt::bigram::pass>, "log-probs are no values");

/// Names no type of the library.
struct smallest_parameter {
  std::string name;
  std::vector<std::size_t> shape;
  std::span<float> value;
  std::span<float> gradient;
  bool trainable;
  bool decays;
};

struct smallest_model {
  std::vector<double> values(const prefix_tree_batch&, row_span) const;
  smallest_pass forward(const prefix_tree_batch&, row_span);
  std::vector<smallest_parameter> parameters() { return {}; }
  host_backend<float>& backend() const {
    static host_backend<float> only;
    return only;
  }
};

struct without_values : smallest_model {
  std::vector<double> values(const prefix_tree_batch&, row_span) const = delete;
};
struct of_float : smallest_model {
  std::vector<float> values(const prefix_tree_batch&, row_span) const;
};
struct that_changes_when_it_answers : smallest_model {
  std::vector<double> values(const prefix_tree_batch&, row_span);
};
struct that_is_not_told_which_rows : smallest_model {
  std::vector<double> values(const prefix_tree_batch&) const;
};
struct without_forward : smallest_model {
  smallest_pass forward(const prefix_tree_batch&, row_span) = delete;
};
struct with_a_pass_of_all_rows : smallest_model {
  smallest_pass forward(const prefix_tree_batch&);
};
struct with_a_pass_that_is_none : smallest_model {
  pass_without_backward forward(const prefix_tree_batch&, row_span);
};
struct without_parameters : smallest_model {
  std::vector<smallest_parameter> parameters() = delete;
};
struct with_parameters_that_are_none : smallest_model {
  std::vector<int> parameters();
};
struct without_backend : smallest_model {
  host_backend<float>& backend() const = delete;
};
struct on_a_backend_that_is_none : smallest_model {
  int& backend() const;
};
struct on_a_backend_that_a_constant_lacks : smallest_model {
  host_backend<float>& backend();
};
struct on_a_backend_of_other_numbers : smallest_model {
  host_backend<double>& backend() const;
};

static_assert(trainable_scalar_model<smallest_model> &&
              trainable_scalar_model<prefopt::value_table>);
static_assert(!scalar_model<without_values> && !scalar_model<of_float> &&
              !scalar_model<that_changes_when_it_answers>);
static_assert(!scalar_model<that_is_not_told_which_rows> && !scalar_model<prefopt::bigram>);

template <class Model>
constexpr bool only_answers = scalar_model<Model> && !trainable_scalar_model<Model>;
static_assert(only_answers<without_forward> && only_answers<with_a_pass_of_all_rows>);
static_assert(only_answers<with_a_pass_that_is_none> && only_answers<without_parameters>);
static_assert(only_answers<with_parameters_that_are_none>);
static_assert(trainable_scalar_model<without_backend>);  // in host memory
static_assert(only_answers<on_a_backend_that_is_none> &&
              only_answers<on_a_backend_that_a_constant_lacks> &&
              only_answers<on_a_backend_of_other_numbers>);

// A reward model of the smallest model needs no more; it is a policy and not a scalar model.
using smallest_rewards = prefopt::reward_model<smallest_model>;
static_assert(trainable_policy<smallest_rewards> && response_scorer<smallest_rewards>);
static_assert(!scalar_model<smallest_rewards> && !trainable_policy<smallest_model>);

template <class Model>
concept can_give_rewards = requires { typename prefopt::reward_model<Model>; };
static_assert(can_give_rewards<prefopt::value_table> && !can_give_rewards<without_forward>);
static_assert(!can_give_rewards<prefopt::bigram>);

struct smallest_scorer {
  std::vector<double> operator()(std::span<const tokenized_example>) const;
};
struct scorer_in_float {
  std::vector<float> operator()(std::span<const tokenized_example>) const;
};
struct scorer_that_learns {
  std::vector<double> operator()(std::span<const tokenized_example>);
};
struct scorer_of_one {
  double operator()(const tokenized_example&) const;
};
static_assert(response_scorer<smallest_scorer> && !response_scorer<scorer_in_float>);
static_assert(!response_scorer<scorer_that_learns> && !response_scorer<scorer_of_one>);

}  // namespace scalar_model_types
