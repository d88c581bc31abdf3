// SPDX-License-Identifier: MIT
#pragma once
// The golden values of tests/golden/gpt2 and tests/golden/decoder, which PyTorch computed in
// float64, and the models that must give them.

#include <cmath>
#include <cstddef>
#include <numeric>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/data/example.hpp"
#include "prefopt/datasets/preferences.hpp"
#include "support/npy.hpp"
#include "support/tolerance.hpp"

namespace golden {

/// GPT-2: a tied head with gelu_new, and an untied one with gelu.
inline constexpr const char* gpt2_models[] = {"gpt2/tiny", "gpt2/untied"};
/// One or more of every other family.
inline constexpr const char* rotary_models[] = {
    "decoder/llama", "decoder/llama3", "decoder/llama_linear", "decoder/mistral",
    "decoder/qwen2", "decoder/qwen3",  "decoder/smollm3"};
inline constexpr const char* models[] = {
    "gpt2/tiny",       "gpt2/untied",   "decoder/llama", "decoder/llama3", "decoder/llama_linear",
    "decoder/mistral", "decoder/qwen2", "decoder/qwen3", "decoder/smollm3"};
/// Those with a scalar head's numbers.
inline constexpr const char* scored_models[] = {"gpt2/tiny", "gpt2/untied", "decoder/llama",
                                                "decoder/qwen3"};

inline std::string path(std::string_view file) {
  return std::string(PREFOPT_TEST_SOURCE_DIR "/golden/").append(file);
}

/// The numbers of one .npy file of a model, flattened.
inline std::vector<double> numbers(const std::string& model, const std::string& name) {
  return prefopt_test::load_npy(path(model + "/" + name + ".npy"));
}

/// ||a - b|| / ||b||; ||a|| if b is zero.
template <class A, class B>
double relative_error(const A& a, const B& b) {
  BOOST_REQUIRE_EQUAL(a.size(), b.size());
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double gap = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += gap * gap;
    norm += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(norm > 0 ? difference / norm : difference);
}

/// A copy without the biases of the keys, if `name` is a c_attn.bias [3C]: softmax does not see
/// them, so their gradient is only rounding, and so are AdamW's steps on it.
template <class Real>
std::vector<double> seen_by_the_loss(std::string_view name, std::span<const Real> values) {
  std::vector<double> seen(values.begin(), values.end());
  const auto channels = static_cast<std::ptrdiff_t>(values.size() / 3);
  if (name.ends_with("c_attn.bias"))
    seen.erase(seen.begin() + channels, seen.begin() + 2 * channels);
  return seen;
}

/// Every tensor, taken from each parameter by `member`, agrees within `error` with its part of
/// `expected`, in which all parameters follow one another.
template <class Backend, class Parameters, class Real>
void check_tensors(const Backend& backend, const Parameters& parameters,
                   std::span<Real> std::ranges::range_value_t<Parameters>::*member,
                   std::span<const double> expected, double error) {
  std::size_t at = 0;
  for (const auto& parameter : parameters) {
    const std::span<const Real> there = parameter.*member;
    std::vector<Real> ours(there.size());
    backend.copy_to_host(there, std::span(ours));
    BOOST_REQUIRE_LE(at + ours.size(), expected.size());
    const double off =
        relative_error(seen_by_the_loss<Real>(parameter.name, ours),
                       seen_by_the_loss(parameter.name, expected.subspan(at, ours.size())));
    BOOST_TEST(off <= error, parameter.name << " is off by " << off << " of its norm");
    at += ours.size();
  }
  BOOST_TEST(at == expected.size());
}

/// The pairs of a model's folder.
inline std::vector<prefopt::tokenized_pair> pairs(const std::string& model = gpt2_models[0]) {
  std::vector<prefopt::tokenized_pair> pairs;
  const std::string file = model.substr(0, model.find('/')) + "/pairs.jsonl";
  for (const auto& record : prefopt::read_preferences(path(file)))
    pairs.push_back(std::get<prefopt::tokenized_pair>(record.example));
  return pairs;
}

/// 0 .. n-1 for n golden pairs: all of them, in the golden files' order.
inline std::vector<std::size_t> members(const std::string& model = gpt2_models[0]) {
  std::vector<std::size_t> all(pairs(model).size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

}  // namespace golden
