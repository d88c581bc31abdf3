// SPDX-License-Identifier: MIT
#pragma once
// Shared by the tests of GPT-2 folders: a tiny model, and a folder's tensors, to write again with
// something changed.

#include <algorithm>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/eigen.hpp"
#include "prefopt/formats/safetensors_file.hpp"
#include "prefopt/formats/safetensors_writer.hpp"
#include "prefopt/models/gpt2.hpp"

namespace prefopt_test {

using backend_type = prefopt::eigen_backend<float>;

inline const prefopt::gpt2_config tiny{
    .n_layer = 2, .n_head = 2, .n_embd = 4, .n_inner = 0, .vocab_size = 5, .n_positions = 3};

inline const backend_type& backend() {
  static const backend_type one;
  return one;
}

/// A model whose weights are all different.
template <class Model>
Model make_model(const prefopt::gpt2_config& config) {
  Model model(backend(), config);
  float next = 0.5f;
  for (auto& tensor : model.parameters())
    for (float& value : tensor.value) value = next += 0.25f;
  return model;
}

/// Takes lists of parameters.
void same_weights(const auto& left, const auto& right) {
  BOOST_REQUIRE(left.size() == right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    BOOST_TEST(left[i].name == right[i].name);
    BOOST_TEST(left[i].value == right[i].value, boost::test_tools::per_element());
  }
}

/// The tensors of a folder's file, to write again with something changed.
struct tensor_list {
  explicit tensor_list(const std::filesystem::path& folder) {
    const prefopt::safetensors_file file(folder / "model.safetensors");
    for (const auto& [name, entry] : file.tensors()) {
      auto& values = storage.emplace_back(entry.size());
      file.read(entry, std::span(values));
      tensors.push_back({name, entry.shape, values});
    }
  }
  void add(std::string name, std::vector<std::size_t> shape, std::vector<float> values) {
    tensors.push_back({std::move(name), std::move(shape), storage.emplace_back(std::move(values))});
  }
  void erase(std::string_view name) {
    std::erase_if(tensors, [&](const auto& tensor) { return tensor.name == name; });
  }
  prefopt::named_tensor<float>& operator[](std::string_view name) {
    return *std::ranges::find(tensors, name, &prefopt::named_tensor<float>::name);
  }
  void write(const std::filesystem::path& folder) const {
    prefopt::write_safetensors(folder / "model.safetensors", tensors);
  }

  std::vector<prefopt::named_tensor<float>> tensors;
  std::deque<std::vector<float>> storage;
};

}  // namespace prefopt_test
