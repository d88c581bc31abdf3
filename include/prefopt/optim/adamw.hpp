// SPDX-License-Identifier: MIT
#pragma once
// AdamW: Adam with decoupled weight decay. Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2,
// in the form of PyTorch's optimizer: the decay is learning rate times weight decay, and epsilon is
// added to the square root of the bias-corrected second moment. The backend does the arithmetic;
// this class owns the moments and the step count.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/backend/concepts.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/core/parameter_range.hpp"

namespace prefopt::inline v0_2 {

/// Hyper-parameters of AdamW.
struct adamw_options {
  double learning_rate = 1e-6;  ///< for `step(parameters)`; a schedule gives each step its own
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;  ///< applies to parameters with `decays`
};

/// Throws value_error for an option outside its range.
inline void check(const adamw_options& options) {
  const auto at_least_zero = [](const char* name, double value) {
    if (!(std::isfinite(value) && value >= 0))
      throw value_error(concat("adamw: ", name, " is ", value, ", expected >= 0"));
  };
  const auto unit = [](const char* name, double value) {
    if (!(value >= 0 && value < 1))
      throw value_error(concat("adamw: ", name, " is ", value, ", expected 0 <= x < 1"));
  };
  at_least_zero("learning_rate", options.learning_rate);
  unit("beta1", options.beta1);
  unit("beta2", options.beta2);
  at_least_zero("epsilon", options.epsilon);
  at_least_zero("weight_decay", options.weight_decay);
}

/// The running means of one parameter's gradient and squared gradient, in the backend's memory.
template <class Real>
struct moment_view {
  std::string name;  ///< the parameter's
  std::vector<std::size_t> shape;
  std::span<Real> first;
  std::span<Real> second;
};

/// The same in host memory, as a checkpoint holds it.
template <class Real>
struct saved_moments {
  std::string name;
  std::vector<std::size_t> shape;
  std::vector<Real> first;
  std::vector<Real> second;

  friend bool operator==(const saved_moments&, const saved_moments&) = default;
};

/// Everything that AdamW carries from one step to the next.
template <class Real>
struct adamw_state {
  std::int64_t steps = 0;
  std::vector<saved_moments<Real>> moments;  ///< of the trainable parameters, in their order

  friend bool operator==(const adamw_state&, const adamw_state&) = default;
};

/// AdamW over the trainable parameters of one model. The backend must outlive it.
template <class Backend>
  requires optimizer_backend<Backend>
class adamw {
 public:
  using value_type = typename Backend::value_type;
  using state_type = adamw_state<value_type>;

  /// Allocates zero moments for every trainable parameter. Throws value_error for invalid options,
  /// shape_error if a gradient's length differs from its value's; that of a frozen parameter may be
  /// empty.
  template <class Parameters>
    requires parameter_range<Parameters, value_type>
  adamw(Backend& backend, Parameters&& parameters, adamw_options options = {})
      : backend_(&backend), options_(std::move(options)) {
    check(options_);
    for (auto&& parameter : parameters) {
      check_lengths(parameter, parameter.value.size());
      const std::size_t size = parameter.trainable ? parameter.value.size() : 0;
      slots_.push_back({parameter.name, parameter.shape, parameter.value.size(),
                        parameter.trainable, backend.template allocate<value_type>(size),
                        backend.template allocate<value_type>(size)});
    }
  }

  /// Moves every trainable parameter against `gradient_scale` times its gradient. Throws
  /// shape_error if the parameters are not those of the constructor.
  template <class Parameters>
    requires parameter_range<Parameters, value_type>
  void step(Parameters&& parameters, double learning_rate, double gradient_scale = 1) {
    check_same(parameters);
    std::vector<adamw_tensor<value_type>> tensors;
    std::size_t index = 0;
    for (auto&& parameter : parameters) {
      slot& own = slots_[index++];
      if (own.trained)
        tensors.push_back({parameter.value, parameter.gradient, own.first_span(), own.second_span(),
                           parameter.decays});
    }
    backend_->adamw(tensors, coefficients(steps_ + 1, learning_rate, gradient_scale));
    ++steps_;  // a step that the backend did not complete does not count
  }

  /// One step at the options' learning rate.
  template <class Parameters>
    requires parameter_range<Parameters, value_type>
  void step(Parameters&& parameters) {
    step(parameters, options_.learning_rate);
  }

  /// Holds the moments.
  [[nodiscard]] const Backend& backend() const { return *backend_; }
  [[nodiscard]] const adamw_options& options() const { return options_; }
  [[nodiscard]] std::int64_t steps() const { return steps_; }

  /// Views of the moments of the trainable parameters, in the backend's memory. A checkpoint that
  /// processes them tensor by tensor needs no second copy of all; `set_steps` then sets the
  /// matching count.
  [[nodiscard]] std::vector<moment_view<value_type>> moments() {
    std::vector<moment_view<value_type>> views;
    for (slot& own : slots_)
      if (own.trained) views.push_back({own.name, own.shape, own.first_span(), own.second_span()});
    return views;
  }

  [[nodiscard]] std::vector<moment_view<const value_type>> moments() const {
    std::vector<moment_view<const value_type>> views;
    for (const slot& own : slots_)
      if (own.trained) views.push_back({own.name, own.shape, own.first_span(), own.second_span()});
    return views;
  }

  /// Throws value_error for a negative count.
  void set_steps(std::int64_t steps) {
    if (steps < 0) throw value_error(concat("adamw: ", steps, " steps, expected >= 0"));
    steps_ = steps;
  }

  /// A copy in host memory of everything that the next step depends on, except the parameters.
  [[nodiscard]] state_type state() const {
    state_type copy{steps_, {}};
    for (const auto& view : moments()) {
      auto& saved =
          copy.moments.emplace_back(saved_moments<value_type>{view.name, view.shape, {}, {}});
      saved.first.resize(view.first.size());
      saved.second.resize(view.second.size());
      backend_->copy_to_host(view.first, saved.first);
      backend_->copy_to_host(view.second, saved.second);
    }
    return copy;
  }

  /// Restores a state. Throws shape_error, and changes nothing, if it belongs to other parameters.
  void restore(const state_type& state) {
    const auto views = moments();
    if (state.moments.size() != views.size()) {
      throw shape_error(
          concat("adamw: a state of ", state.moments.size(), " tensors for ", views.size()));
    }
    for (std::size_t i = 0; i < views.size(); ++i) {
      const auto& saved = state.moments[i];
      const bool fits = saved.name == views[i].name && saved.shape == views[i].shape &&
                        saved.first.size() == views[i].first.size() &&
                        saved.second.size() == views[i].second.size();
      if (!fits)
        throw shape_error(
            concat("adamw: a state of ", saved.name, " does not fit ", views[i].name));
    }
    set_steps(state.steps);
    for (std::size_t i = 0; i < views.size(); ++i) {
      backend_->copy_from_host(std::span<const value_type>(state.moments[i].first), views[i].first);
      backend_->copy_from_host(std::span<const value_type>(state.moments[i].second),
                               views[i].second);
    }
  }

 private:
  using buffer = decltype(std::declval<Backend&>().template allocate<value_type>(std::size_t{}));

  struct slot {
    std::string name;
    std::vector<std::size_t> shape;
    std::size_t size = 0;
    bool trained = false;
    buffer first;
    buffer second;

    std::span<value_type> first_span() { return {first.data(), size}; }
    std::span<value_type> second_span() { return {second.data(), size}; }
    std::span<const value_type> first_span() const { return {first.data(), size}; }
    std::span<const value_type> second_span() const { return {second.data(), size}; }
  };

  template <class Parameter>
  static void check_lengths(const Parameter& parameter, std::size_t size) {
    const std::size_t gradients = parameter.gradient.size();
    if (parameter.value.size() != size ||
        (gradients != size && (parameter.trainable || gradients != 0))) {
      throw shape_error(concat("adamw: ", parameter.name, " has ", parameter.value.size(),
                               " values and ", gradients, " gradients, expected ", size));
    }
  }

  template <class Parameters>
  void check_same(Parameters& parameters) const {
    std::size_t index = 0;
    for (auto&& parameter : parameters) {
      if (index == slots_.size() || parameter.name != slots_[index].name) {
        throw shape_error(concat("adamw: ", parameter.name, " is not parameter ", index,
                                 " of those that it was made for"));
      }
      if (parameter.trainable != slots_[index].trained) {
        throw shape_error(concat(
            "adamw: ", parameter.name, parameter.trainable ? " is trainable now" : " is frozen now",
            " but was not when the optimizer was made; call set_trainable before that"));
      }
      check_lengths(parameter, slots_[index++].size);
    }
    if (index != slots_.size())
      throw shape_error(concat("adamw: ", index, " parameters, made for ", slots_.size()));
  }

  [[nodiscard]] adamw_coefficients coefficients(std::int64_t step, double learning_rate,
                                                double gradient_scale) const {
    const double t = static_cast<double>(step);
    return {.rate = learning_rate,
            .decay = 1 - learning_rate * options_.weight_decay,
            .beta1 = options_.beta1,
            .beta2 = options_.beta2,
            .epsilon = options_.epsilon,
            .first_correction = 1 / (1 - std::pow(options_.beta1, t)),
            .second_correction = 1 / (1 - std::pow(options_.beta2, t)),
            .gradient_scale = gradient_scale};
  }

  Backend* backend_;
  adamw_options options_;
  std::vector<slot> slots_;
  std::int64_t steps_ = 0;
};

template <class Backend, class Parameters>
adamw(Backend&, Parameters&&) -> adamw<Backend>;
template <class Backend, class Parameters>
adamw(Backend&, Parameters&&, adamw_options) -> adamw<Backend>;

}  // namespace prefopt::inline v0_2
