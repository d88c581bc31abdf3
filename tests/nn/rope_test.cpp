// SPDX-License-Identifier: MIT
// Rotary frequencies are transformers', to a bit of float32.

#include "prefopt/nn/rope.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "support/npy.hpp"
#include "support/scratch_folder.hpp"

using namespace prefopt;

namespace {

struct known {
  const char* file;
  rope_parameters rope;
  std::size_t head_size;
};

rope_parameters llama3(double factor) {
  return {.rope_theta = 5e5,
          .rope_type = rope_kind::llama3,
          .factor = factor,
          .low_freq_factor = 1,
          .high_freq_factor = 4,
          .original_max_position_embeddings = 8192};
}

const known cases[] = {
    {"rope_default_64", {.rope_theta = 1e5}, 64},
    {"rope_default_80", {.rope_theta = 1e6}, 80},
    {"rope_linear", {.rope_theta = 1e4, .rope_type = rope_kind::linear, .factor = 4}, 64},
    {"rope_llama31_8b", llama3(8), 128},
    {"rope_llama32_1b", llama3(32), 64}};

}  // namespace

BOOST_AUTO_TEST_SUITE(rope)

BOOST_AUTO_TEST_CASE(frequencies_are_those_of_transformers) {
  for (const auto& [file, rope, head_size] : cases) {
    BOOST_TEST_CONTEXT(file) {
      const auto expected = prefopt_test::load_npy(
          std::string(PREFOPT_TEST_SOURCE_DIR "/golden/decoder/").append(file).append(".npy"));
      const auto found = inverse_frequencies(rope, head_size);
      BOOST_REQUIRE_EQUAL(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        // a fused multiply-add may round the blend of two frequencies otherwise
        BOOST_TEST(std::abs(found[i] - expected[i]) <= 1.2e-7 * expected[i], i);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(llama3_keeps_short_waves_divides_long_ones_and_blends_between) {
  const auto plain = inverse_frequencies({.rope_theta = 5e5}, 64),
             stretched = inverse_frequencies(llama3(32), 64);
  for (std::size_t i = 0; i < 32; ++i) {
    const double share = stretched[i] / plain[i];
    if (i < 15)
      BOOST_TEST(share == 1);
    else if (i < 18)
      BOOST_TEST((share > 1.0 / 32 && share < 1), i);
    else
      BOOST_TEST(share == 1.0 / 32);
  }
}

BOOST_AUTO_TEST_CASE(parameters_that_make_no_rotation_are_refused_by_name) {
  const auto refused = [](rope_parameters rope, std::size_t head_size, const char* says) {
    BOOST_CHECK_EXCEPTION((void)inverse_frequencies(rope, head_size), value_error,
                          prefopt_test::says(says));
  };
  refused({}, 7, "heads of 7 channels, expected an even number");
  refused({}, 0, "heads of 0 channels");
  refused({.rope_theta = 1}, 8, "rope_theta is 1, expected above 1");
  refused({.rope_theta = std::nan("")}, 8, "rope_theta is");
  refused({.rope_type = rope_kind::linear, .factor = 0.5}, 8, "factor is 0.5, expected from 1");
  auto rope = llama3(8);
  rope.high_freq_factor = 1;
  refused(rope, 8, "high_freq_factor is 1, expected above low_freq_factor, 1");
  rope = llama3(8);
  rope.low_freq_factor = 0;
  refused(rope, 8, "low_freq_factor is 0");
  rope = llama3(8);
  rope.original_max_position_embeddings = 0;
  refused(rope, 8, "original_max_position_embeddings is 0");
}

BOOST_AUTO_TEST_SUITE_END()
