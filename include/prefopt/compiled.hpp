// SPDX-License-Identifier: MIT
#pragma once
// Umbrella header of the component compiled: declares what the library prefopt::compiled contains,
// namely the decoder on the CPU in float, double and bfloat16, and its folders. pretrained.hpp
// includes it in programs that link the library.

#include <filesystem>
#include <span>
#include <vector>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/eigen.hpp"
#include "prefopt/hub.hpp"
#include "prefopt/nn/causal_lm.hpp"
#include "prefopt/nn/incremental_decoder.hpp"
#include "prefopt/nn/scalar_lm.hpp"
#include "prefopt/policy/generation.hpp"

// KEYWORD is `extern` (a declaration) or empty (the definition).
#define PREFOPT_COMPILED_DECODER(KEYWORD, ...)                                                    \
  KEYWORD template class causal_lm<__VA_ARGS__>;                                                  \
  KEYWORD template class causal_lm_pass<__VA_ARGS__>;                                             \
  KEYWORD template class scalar_lm<__VA_ARGS__>;                                                  \
  KEYWORD template class scalar_lm_pass<__VA_ARGS__>;                                             \
  KEYWORD template class incremental_decoder<__VA_ARGS__>;                                        \
  KEYWORD template std::vector<token_ids> generate(const causal_lm<__VA_ARGS__>&,                 \
                                                   std::span<const token_ids>,                    \
                                                   const generation_options&, random_generator&); \
  KEYWORD template causal_lm<__VA_ARGS__> load_model(                                             \
      const __VA_ARGS__&, const std::filesystem::path&, weight_storage);                          \
  KEYWORD template void save_model(const causal_lm<__VA_ARGS__>&, const sidecar_files&,           \
                                   const std::filesystem::path&, const save_options&);            \
  KEYWORD template scalar_lm<__VA_ARGS__> load_scalar_model(const __VA_ARGS__&,                   \
                                                            const std::filesystem::path&);        \
  KEYWORD template void save_scalar_model(const scalar_lm<__VA_ARGS__>&, const sidecar_files&,    \
                                          const std::filesystem::path&, const save_options&);

#ifdef PREFOPT_COMPILED
namespace prefopt::inline v0_2 {

PREFOPT_COMPILED_DECODER(extern, eigen_backend<float>)
PREFOPT_COMPILED_DECODER(extern, eigen_backend<double>)
PREFOPT_COMPILED_DECODER(extern, eigen_backend<bfloat16>)

}  // namespace prefopt::inline v0_2
#endif
