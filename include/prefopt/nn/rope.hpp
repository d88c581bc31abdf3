// SPDX-License-Identifier: MIT
#pragma once
// Rotary positions (Su et al. 2021, arXiv:2104.09864) as Hugging Face's configurations describe
// them, and the frequencies that follow.

#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

/// How a model was stretched to longer texts: not at all; all frequencies divided by a factor; or
/// the low ones alone, as in Llama 3.1.
enum class rope_kind { standard, linear, llama3 };

/// The members have the names of Hugging Face's keys.
struct rope_parameters {
  double rope_theta = 10000;
  rope_kind rope_type = rope_kind::standard;
  double factor = 1;  ///< of linear and llama3
  // of llama3
  double low_freq_factor = 1;
  double high_freq_factor = 4;
  std::size_t original_max_position_embeddings = 8192;

  friend bool operator==(const rope_parameters&, const rope_parameters&) = default;
};

/// Throws value_error, naming the key, unless theta is above 1, the factor at least 1, and the two
/// others of llama3 are positive and ordered.
inline void check(const rope_parameters& rope) {
  const auto require = [](bool holds, const auto&... what) {
    if (!holds) throw value_error(concat("rope_parameters: ", what...));
  };
  require(rope.rope_theta > 1 && rope.rope_theta < 1e18, "rope_theta is ", rope.rope_theta,
          ", expected above 1 and below 1e18");
  if (rope.rope_type == rope_kind::standard) return;
  require(rope.factor >= 1 && rope.factor < 1e9, "factor is ", rope.factor,
          ", expected from 1 to 1e9");
  if (rope.rope_type == rope_kind::linear) return;
  require(rope.low_freq_factor > 0 && rope.low_freq_factor < 1e9, "low_freq_factor is ",
          rope.low_freq_factor, ", expected above 0 and below 1e9");
  require(rope.high_freq_factor > rope.low_freq_factor && rope.high_freq_factor < 1e9,
          "high_freq_factor is ", rope.high_freq_factor, ", expected above low_freq_factor, ",
          rope.low_freq_factor, ", and below 1e9");
  require(rope.original_max_position_embeddings > 0,
          "original_max_position_embeddings is 0, expected at least 1");
}

namespace detail {

/// Llama 3.1's stretch of one frequency: long wavelengths are divided, short ones kept, those
/// between blended. Computed in float32 in transformers' order of operations, because models were
/// trained so; PyTorch divides a number by a tensor by multiplying by its reciprocal.
[[nodiscard]] inline float stretch_as_llama3(const rope_parameters& rope, float frequency) {
  const double old = static_cast<double>(rope.original_max_position_embeddings);
  const double low_wavelength = old / rope.low_freq_factor,
               high_wavelength = old / rope.high_freq_factor;
  const float wavelength = 1 / frequency * static_cast<float>(2 * std::numbers::pi);
  const auto factor = static_cast<float>(rope.factor);
  if (static_cast<double>(wavelength) > low_wavelength) return frequency / factor;
  if (static_cast<double>(wavelength) < high_wavelength) return frequency;
  const auto low = static_cast<float>(rope.low_freq_factor),
             range = static_cast<float>(rope.high_freq_factor - rope.low_freq_factor);
  const float smooth = (1 / wavelength * static_cast<float>(old) - low) / range;
  return (1 - smooth) * frequency / factor + smooth * frequency;
}

}  // namespace detail

/// Radians per position of each pair of channels of a head, [head_size / 2]: theta^(-2 i /
/// head_size), stretched. Rounded to float32, as transformers has them. Throws value_error for an
/// odd or empty head, and what check(rope) throws.
[[nodiscard]] inline std::vector<double> inverse_frequencies(const rope_parameters& rope,
                                                             std::size_t head_size) {
  check(rope);
  if (head_size < 2 || head_size % 2 != 0)
    throw value_error(
        concat("rope_parameters: heads of ", head_size, " channels, expected an even number"));
  std::vector<double> all;
  for (std::size_t i = 0; i < head_size; i += 2) {
    const float exponent = static_cast<float>(i) / static_cast<float>(head_size);
    const auto power = static_cast<float>(std::pow(rope.rope_theta, static_cast<double>(exponent)));
    float frequency = 1 / power;
    if (rope.rope_type == rope_kind::linear) frequency /= static_cast<float>(rope.factor);
    if (rope.rope_type == rope_kind::llama3) frequency = detail::stretch_as_llama3(rope, frequency);
    all.push_back(static_cast<double>(frequency));
  }
  return all;
}

}  // namespace prefopt::inline v0_2
