// SPDX-License-Identifier: MIT
#pragma once
// any_loss: a type-erased loss, for programs that choose it by name at run time. One virtual call
// per micro-batch; code that takes it compiles once for all losses.

#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/loss_hash.hpp"
#include "prefopt/loss/token_losses.hpp"

namespace prefopt::inline v0_2 {

/// Holds any preference_loss over log-probs except another any_loss. A copy holds its own loss,
/// with the same state. A moved-from any_loss can be copied, assigned to and destroyed; everything
/// else throws value_error.
class any_loss {
 public:
  /// accepts a reference that it does not read
  static constexpr bool chosen_at_run_time = true;

  template <class Loss>
    requires(!std::same_as<Loss, any_loss>) &&  // copying must not check whether this is a loss
                preference_loss<Loss> && (!reads_rewards<Loss>())
  explicit any_loss(Loss loss)
      : inputs(loss.inputs), held_(std::make_unique<holder<Loss>>(std::move(loss))) {}

  any_loss(const any_loss& other)
      : inputs(other.inputs), held_(other.held_ ? other.held_->copy() : nullptr) {}
  any_loss(any_loss&&) noexcept = default;
  any_loss& operator=(any_loss other) noexcept {
    inputs = other.inputs;
    held_ = std::move(other.held_);
    return *this;
  }
  ~any_loss() = default;

  loss_inputs inputs;

  [[nodiscard]] bool couples() const { return held().couples(); }
  [[nodiscard]] bool carries_state() const { return held().carries_state(); }
  [[nodiscard]] double reward_scale() const { return held().reward_scale(); }
  [[nodiscard]] bool reads_means() const { return held().reads_means(); }
  [[nodiscard]] std::uint64_t parts_hash() const { return held().hash(); }
  [[nodiscard]] token_results operator()(const token_groups& groups) const {
    return held().losses(groups);
  }
  void observe(const token_groups& groups) { held().observe(groups); }
  [[nodiscard]] std::vector<double> state() const { return held().state(); }
  void restore(std::span<const double> state) { held().restore(state); }

  friend void check(const any_loss& loss) { loss.held().check_it(); }

 private:
  struct base {
    virtual ~base() = default;
    [[nodiscard]] virtual std::unique_ptr<base> copy() const = 0;
    [[nodiscard]] virtual bool couples() const = 0;
    [[nodiscard]] virtual bool carries_state() const = 0;
    [[nodiscard]] virtual double reward_scale() const = 0;
    [[nodiscard]] virtual bool reads_means() const = 0;
    [[nodiscard]] virtual std::uint64_t hash() const = 0;
    [[nodiscard]] virtual token_results losses(const token_groups& groups) const = 0;
    virtual void observe(const token_groups& groups) = 0;
    [[nodiscard]] virtual std::vector<double> state() const = 0;
    virtual void restore(std::span<const double> state) = 0;
    virtual void check_it() const = 0;
  };

  template <class Loss>
  struct holder final : base {
    explicit holder(Loss held) : loss(std::move(held)) {}
    [[nodiscard]] std::unique_ptr<base> copy() const override {
      return std::make_unique<holder>(loss);
    }
    [[nodiscard]] bool couples() const override { return prefopt::couples(loss); }
    [[nodiscard]] bool carries_state() const override { return prefopt::carries_state(loss); }
    [[nodiscard]] double reward_scale() const override { return prefopt::reward_scale(loss); }
    [[nodiscard]] bool reads_means() const override { return prefopt::reads_means(loss); }
    [[nodiscard]] std::uint64_t hash() const override { return loss_hash(loss); }
    [[nodiscard]] token_results losses(const token_groups& groups) const override {
      return token_losses(loss, groups);
    }
    void observe(const token_groups& groups) override { prefopt::observe(loss, groups); }
    [[nodiscard]] std::vector<double> state() const override { return state_of(loss); }
    void restore(std::span<const double> state) override { restore_state(loss, state); }
    void check_it() const override { check(loss); }
    Loss loss;
  };

  /// Throws value_error if the loss was moved from.
  [[nodiscard]] base& held() {
    require_held();
    return *held_;
  }
  [[nodiscard]] const base& held() const {
    require_held();
    return *held_;
  }
  void require_held() const {
    if (!held_) throw value_error("any_loss: holds no loss, it was moved from");
  }

  std::unique_ptr<base> held_;
};

}  // namespace prefopt::inline v0_2
