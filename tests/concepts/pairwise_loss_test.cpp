// SPDX-License-Identifier: MIT
// Types that model pairwise_loss and types that do not.

#include <string>
#include <type_traits>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/evaluate_pairs.hpp"
#include "prefopt/loss/hinge.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/loss/sft.hpp"

namespace mine {

using prefopt::loss_inputs;
using prefopt::pair_log_probs;
using prefopt::pair_loss;
using prefopt::token_reduction;

struct declared {
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};
};

struct smallest : declared {
  pair_loss operator()(const pair_log_probs&) const { return {1, 2, 3}; }
};
void check(const smallest&) {}

struct without_check : declared {
  pair_loss operator()(const pair_log_probs&) const;
};

struct without_slopes : declared {
  double operator()(const pair_log_probs&) const;
};
void check(const without_slopes&);

struct that_changes_when_called : declared {
  pair_loss operator()(const pair_log_probs&);
};
void check(const that_changes_when_called&);

struct without_reduction {
  static constexpr loss_inputs inputs{};
  pair_loss operator()(const pair_log_probs&) const;
};
void check(const without_reduction&);

struct without_inputs {
  static constexpr token_reduction reduction = token_reduction::mean;
  pair_loss operator()(const pair_log_probs&) const;
};
void check(const without_inputs&);

struct that_cannot_be_copied : smallest {
  that_cannot_be_copied(const that_cannot_be_copied&) = delete;
};

struct that_only_its_author_can_call : declared {
 private:
  pair_loss operator()(const pair_log_probs&) const;
};
void check(const that_only_its_author_can_call&);

}  // namespace mine

namespace {

using prefopt::pairwise_loss;

static_assert(pairwise_loss<prefopt::dpo> && pairwise_loss<prefopt::ipo>);
static_assert(pairwise_loss<prefopt::hinge> && pairwise_loss<prefopt::sft>);
static_assert(pairwise_loss<mine::smallest>);

static_assert(!pairwise_loss<mine::without_check> && !pairwise_loss<mine::without_slopes>);
static_assert(!pairwise_loss<mine::without_reduction> && !pairwise_loss<mine::without_inputs>);
static_assert(!pairwise_loss<mine::that_changes_when_called> &&
              !pairwise_loss<mine::that_cannot_be_copied>);
static_assert(!pairwise_loss<mine::that_only_its_author_can_call>);
static_assert(!pairwise_loss<double> &&
              !pairwise_loss<prefopt::pair_loss (*)(const prefopt::pair_log_probs&)>);

// A loss consists of its hyper-parameters, filled by name, so a kernel can take it by value.
static_assert(std::is_aggregate_v<prefopt::dpo> && std::is_trivially_copyable_v<prefopt::dpo>);
static_assert(std::is_aggregate_v<prefopt::ipo> && std::is_trivially_copyable_v<prefopt::ipo>);
static_assert(std::is_aggregate_v<prefopt::hinge> && std::is_trivially_copyable_v<prefopt::hinge>);
static_assert(std::is_empty_v<prefopt::sft>);

}  // namespace

BOOST_AUTO_TEST_CASE(the_smallest_loss_can_be_evaluated_and_is_named_by_the_caller) {
  const std::vector<double> one(1), two(2);
  BOOST_TEST(prefopt::evaluate_pairs(mine::smallest{}, two, two, two, two).loss == 1.0);
  BOOST_CHECK_EXCEPTION((void)prefopt::evaluate_pairs(mine::smallest{}, two, one, two, two),
                        prefopt::shape_error, [](const prefopt::shape_error& e) {
                          return std::string(e.what()) == "loss: 1 rejected log-probs for 2 chosen";
                        });
}
