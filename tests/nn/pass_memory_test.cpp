// SPDX-License-Identifier: MIT
// What a pass does not keep, its backward makes again: with the same bits for blocks, up to the
// order of a sum for logits.

#include <string>
#include <vector>

#include "prefopt/data/pack.hpp"
#include "prefopt/eigen.hpp"
#include "prefopt/hub/load_model.hpp"
#include "prefopt/nn/scalar_lm.hpp"
#include "nn/golden.hpp"

using namespace prefopt;

namespace {

const eigen_backend<double> backend{{.threads = 2}};
using model = causal_lm<eigen_backend<double>>;

struct results {
  std::vector<double> log_probs, square_sums, gradient;
};

results run(const std::string& name, const pass_memory& memory) {
  model policy = load_model(backend, golden::path(name));
  policy.set_pass_memory(memory);
  auto pass = policy.forward(pack(golden::pairs(name), golden::members(name)));
  results all{{pass.log_probs().begin(), pass.log_probs().end()}, pass.square_sums(), {}};
  std::vector<double> slopes;
  for (std::size_t i = 0; i < all.log_probs.size(); ++i)
    slopes.push_back(0.1 * static_cast<double>(i % 7) - 0.3);
  pass.backward(slopes);
  for (const auto& one : policy.parameters())
    all.gradient.insert(all.gradient.end(), one.gradient.begin(), one.gradient.end());
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pass_memory_suite)

BOOST_AUTO_TEST_CASE(blocks_that_are_made_again_give_the_same_bits) {
  for (const char* name : golden::models) {
    BOOST_TEST_CONTEXT(name) {
      const results kept = run(name, {}), again = run(name, {.gradient_checkpointing = true});
      BOOST_TEST((again.log_probs == kept.log_probs));
      BOOST_TEST((again.gradient == kept.gradient));
    }
  }
}

BOOST_AUTO_TEST_CASE(logits_that_are_made_again_in_pieces_give_the_same_gradient) {
  for (const char* name : {"gpt2/untied", "decoder/qwen3"}) {
    const results kept = run(name, {});
    const std::size_t row = 130 * sizeof(double);
    for (const std::size_t bytes : {std::size_t{0}, row, 7 * row}) {
      BOOST_TEST_CONTEXT(name << ", " << bytes << " bytes") {
        const results again = run(name, {.logits_bytes = bytes});
        BOOST_TEST((again.log_probs == kept.log_probs));
        BOOST_TEST((again.square_sums == kept.square_sums));
        if (bytes > row) BOOST_TEST((again.gradient != kept.gradient));  // sums in another order
        BOOST_TEST(golden::relative_error(again.gradient, kept.gradient) <= 1e-13);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_scalar_models_blocks_can_be_made_again_too) {
  const auto gradient = [](bool checkpointing) {
    scalar_lm scalar(load_model(backend, golden::path("decoder/llama")));
    const auto head = scalar.parameters().back().value;
    for (std::size_t i = 0; i < head.size(); ++i) head[i] = 0.01 * static_cast<double>(i) - 0.1;
    scalar.set_pass_memory({.gradient_checkpointing = checkpointing});
    scalar = scalar.clone();  // which keeps the setting
    const auto batch = pack(golden::pairs("decoder/llama"), golden::members("decoder/llama"));
    const std::vector<std::int32_t> rows{3, 9, 20};
    auto pass = scalar.forward(batch, rows);
    pass.backward(std::vector{1.0, -0.5, 2.0});
    std::vector<double> all;
    for (const auto& one : scalar.parameters())
      all.insert(all.end(), one.gradient.begin(), one.gradient.end());
    return all;
  };
  BOOST_TEST((gradient(true) == gradient(false)));
}

BOOST_AUTO_TEST_SUITE_END()
