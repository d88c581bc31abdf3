// SPDX-License-Identifier: MIT
#pragma once
// decoder_tensors: maps the tensors of a Hugging Face archive to those of a decoder with a
// language-model head or a scalar one, and checks them before any memory is taken for a model.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/hub/detail/decoder_names.hpp"
#include "prefopt/hub/detail/family_keys.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/nn/layout.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

inline void check_shape(const safetensors_archive::item& item, std::string_view name,
                        const std::vector<std::size_t>& expected, const decoder_spec& spec) {
  if (item.entry->shape == expected) return;
  throw shape_error(concat(item.file->name(), ": tensor ", printable(item.entry->name),
                           " has shape ", describe_shape(item.entry->shape), ", expected ",
                           describe_shape(expected), " (", shape_keys(name, spec), ')'));
}

/// An archive's tensors, taken out one by one as a model requests them.
class tensor_finder {
 public:
  /// Both must outlive it.
  tensor_finder(const safetensors_archive& archive, const decoder_spec& spec)
      : archive_(archive), spec_(spec), left_(find_by_name(archive, spec)) {}

  [[nodiscard]] bool has(std::string_view name) const { return left_.contains(name); }

  /// Throws format_error if it is missing, shape_error if it has another shape.
  [[nodiscard]] safetensors_archive::item take(std::string_view name,
                                               const std::vector<std::size_t>& shape) {
    const auto at = left_.find(name);
    if (at == left_.end()) {
      throw format_error(
          concat(archive_.name(), ": tensor ", name, " is missing",
                 name == "lm_head.weight" ? ", and tie_word_embeddings is false" : ""));
    }
    check_shape(at->second, name, shape, spec_);
    const safetensors_archive::item item = at->second;
    left_.erase(at);
    return item;
  }

  /// Gives an existing tensor an unused name.
  void rename(std::string_view from, std::string_view to) {
    auto tensor = left_.extract(left_.find(from));
    tensor.key() = to;
    left_.insert(std::move(tensor));
  }

  /// The tensors of the model's layout, in its order.
  [[nodiscard]] std::vector<safetensors_archive::item> take_layout() {
    std::vector<safetensors_archive::item> items;
    const decoder_layout layout(spec_);
    for (const tensor_location& tensor : layout.tensors())
      items.push_back(take(bare_name(tensor.name, spec_.names), tensor.shape));
    return items;
  }

  /// Throws format_error for a tensor that was not taken.
  void check_nothing_left(std::string_view and_what = "") const {
    if (left_.empty()) return;
    const safetensors_archive::item& item = left_.begin()->second;
    throw format_error(concat(item.file->name(), ": tensor ", printable(item.entry->name),
                              " does not belong to ", describe_model(spec_), and_what));
  }

 private:
  const safetensors_archive& archive_;
  const decoder_spec& spec_;
  tensors_by_name left_;
};

}  // namespace detail

/// The tensors of a model in its layout's order, and the duplicate of a tied head if one was
/// stored.
struct decoder_tensors {
  std::vector<safetensors_archive::item> in_layout_order;
  std::optional<safetensors_archive::item> duplicate_head;
};

/// Finds a language model's tensors. Throws format_error if one is missing or unknown, shape_error
/// if one has another shape than the config requires.
[[nodiscard]] inline decoder_tensors find_tensors(const safetensors_archive& archive,
                                                  const decoder_spec& spec) {
  constexpr std::string_view head = "lm_head.weight";
  const decoder_shape& shape = spec.shape;
  detail::tensor_finder finder(archive, spec);
  if (finder.has("score.weight")) {
    throw format_error(concat(
        archive.name(), ": tensor score.weight is a classifier's or reward model's, expected a ",
        "language model: load_scalar_model reads those with one label"));
  }
  // A tied head is the embedding, under either of the two names.
  const std::string embedding =
      concat(detail::bare_name(spec.names.token_embedding, spec.names), ".weight");
  if (shape.tied_head && finder.has(head) && !finder.has(embedding)) finder.rename(head, embedding);
  decoder_tensors tensors{finder.take_layout(), {}};
  if (shape.tied_head && finder.has(head))
    tensors.duplicate_head = finder.take(head, {shape.vocabulary, shape.channels});
  finder.check_nothing_left();
  return tensors;
}

/// Finds the tensors of a trunk (a tied layout's, in its order) and, last, of its scalar head,
/// score.weight. Throws as find_tensors does.
[[nodiscard]] inline std::vector<safetensors_archive::item> find_scalar_tensors(
    const safetensors_archive& archive, const decoder_spec& spec) {
  constexpr std::string_view head = "score.weight";
  detail::tensor_finder finder(archive, spec);
  if (!finder.has(head)) {
    throw format_error(concat(archive.name(),
                              ": tensor score.weight is missing; for a language model, use ",
                              "scalar_lm{policy} with the policy that load_model returns"));
  }
  if (finder.has("score.bias")) {
    throw format_error(concat(archive.name(),
                              ": tensor score.bias: a scalar head has no bias, only score.weight"));
  }
  std::vector<safetensors_archive::item> items = finder.take_layout();
  items.push_back(finder.take(head, {1, spec.shape.channels}));
  finder.check_nothing_left(" and a scalar head");
  return items;
}

}  // namespace prefopt::inline v0_2
