// SPDX-License-Identifier: MIT
// The whole path from a policy's logits to their gradient, against PyTorch's autograd in float64;
// tests/golden/losses/make_group_golden.py made the numbers.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/loss/length_desensitized.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/tdpo.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/loss/wpo.hpp"
#include "prefopt/policy/bigram.hpp"
#include "prefopt/train/step.hpp"
#include "support/npy.hpp"
#include "support/tolerance.hpp"

namespace {

using namespace prefopt;

constexpr double tolerance = 1e-10;
constexpr std::size_t vocabulary = 6;

std::vector<double> golden(const std::string& name) {
  return prefopt_test::load_npy(PREFOPT_TEST_SOURCE_DIR "/golden/losses/world_" + name + ".npy");
}

bigram with_logits(const std::vector<double>& logits) {
  bigram policy(vocabulary);
  BOOST_TEST_REQUIRE(logits.size() == vocabulary * vocabulary);
  std::ranges::copy(logits, policy.parameters().at(0).value.begin());
  return policy;
}

/// Each row: three lengths, then prompt, chosen and rejected in one.
std::vector<tokenized_pair> golden_pairs() {
  constexpr std::size_t count = 7;
  const std::vector<double> rows = golden("pairs");
  const std::size_t width = rows.size() / count;
  BOOST_TEST_REQUIRE(width * count == rows.size());
  std::vector<tokenized_pair> pairs(count);
  for (std::size_t p = 0; p < count; ++p) {
    auto next = rows.begin() + static_cast<std::ptrdiff_t>(p * width);
    const auto token = [&] { return static_cast<token_id>(*next++); };
    const token_id lengths[] = {token(), token(), token()};
    pairs[p].prompt.resize(static_cast<std::size_t>(lengths[0]));
    pairs[p].chosen.resize(static_cast<std::size_t>(lengths[1]));
    pairs[p].rejected.resize(static_cast<std::size_t>(lengths[2]));
    for (token_ids* const ids : {&pairs[p].prompt, &pairs[p].chosen, &pairs[p].rejected})
      std::ranges::generate(*ids, token);
  }
  return pairs;
}

template <preference_loss Loss>
void agrees(const std::string& name, const Loss& loss) {
  const std::vector<double> expected = golden(name);
  const auto pairs = golden_pairs();
  const bigram reference = with_logits(golden("reference"));
  std::vector<std::size_t> members(pairs.size());
  std::iota(members.begin(), members.end(), std::size_t{0});
  BOOST_TEST(microbatches(pairs, members, {.tokens = 20}).size() > 2U);
  for (const std::size_t budget : {0U, 20U}) {
    bigram policy = with_logits(golden("logits"));
    const auto found = accumulate_gradient(policy, reference, loss, pairs, members,
                                           {.tokens_per_microbatch = budget});
    const auto close = [&](double came, double want, const std::string& what) {
      BOOST_TEST(prefopt_test::is_close(came, want, tolerance, 1),
                 concat(name, ' ', what, ": ", came, ", expected ", want));
    };
    close(found.loss, expected.at(0), "loss");
    const auto gradient = policy.parameters().at(0).gradient;
    BOOST_TEST_REQUIRE(expected.size() == 1 + gradient.size());
    for (std::size_t i = 0; i < gradient.size(); ++i)
      close(gradient[i], expected[1 + i], concat("by logit ", i));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(length_desensitized_dpo_agrees_with_pytorch_from_logits_to_gradient) {
  agrees("ld_dpo", length_desensitized{dpo{.beta = 0.5}, {.tail = 0.3}});
}

BOOST_AUTO_TEST_CASE(weights_of_wpo_agree_with_pytorch_from_logits_to_gradient) {
  agrees("wpo", wpo{dpo{.beta = 0.5}});
}

BOOST_AUTO_TEST_CASE(token_level_dpo_agrees_with_pytorch_from_logits_to_gradient) {
  agrees("tdpo1", tdpo{.beta = 0.5, .alpha = 1, .holds_chosen_constant = false});
  agrees("tdpo2", tdpo{.beta = 0.5, .alpha = 0.7});
}

BOOST_AUTO_TEST_CASE(a_sum_of_losses_agrees_with_pytorch_from_logits_to_gradient) {
  const weighted_sum others{weighted{ipo{.beta = 0.3}, 0.2}, weighted{sft{}, 1}};
  agrees("sum", weighted_sum{weighted{dpo{.beta = 0.5}, 0.8}, weighted{others, 1}});
}
