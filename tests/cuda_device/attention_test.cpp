// SPDX-License-Identifier: MIT
// Attention on the tensor cores of a GPU, against the CPU's in float64; and generation with it.

#include <cstddef>

#include <boost/test/unit_test.hpp>

#include "prefopt/cuda.hpp"
#include "laws/decoder_laws.hpp"
#include "laws/tree_attention_laws.hpp"

using namespace prefopt;

BOOST_AUTO_TEST_CASE(tensor_cores_agree_with_float64) {
  const cuda_backend<bfloat16> on;
  for (const std::size_t channels : {64, 128})
    for (const std::size_t longest : {17, 90, 700})
      tests::wide_heads_agree_with_float64(on, channels, longest);
}

BOOST_AUTO_TEST_CASE(tensor_cores_continue_from_cached_rows) {
  tests::wide_heads_continue_from_cached_rows(cuda_backend<bfloat16>{});
}

BOOST_AUTO_TEST_CASE(a_decoder_sees_its_prompt) {
  const auto check_heads = [](const auto& on, std::size_t channels, double tolerance) {
    tests::a_decoder_agrees_with_a_packed_batch(
        on,
        {.n_layer = 2, .n_head = 2, .n_embd = 2 * channels, .vocab_size = 64, .n_positions = 24},
        tolerance);
  };
  for (const std::size_t channels : {8, 64, 128}) {
    check_heads(cuda_backend<float>{}, channels, 1e-4);
    check_heads(cuda_backend<bfloat16>{}, channels, 0.02);
  }
}
