// SPDX-License-Identifier: MIT
#pragma once
// gpt2_tensors: which tensors of a Hugging Face archive are which of a GPT-2's, found and checked before any memory is
// taken for a model.

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/files/printable.hpp"
#include "prefopt/gpt2/config.hpp"
#include "prefopt/gpt2/layout.hpp"
#include "prefopt/io/safetensors_archive.hpp"

namespace prefopt {

/// The tensors of a model in its layout's order, and the head's duplicate where a tied head was stored all the same.
struct gpt2_tensors {
  std::vector<safetensors_archive::item> in_layout_order;
  std::optional<safetensors_archive::item> duplicate_head;
};

namespace detail {

/// Attention's mask buffers, which older files store: h.N.attn.bias and h.N.attn.masked_bias.
[[nodiscard]] inline bool is_mask_buffer(std::string_view name) {
  if (!name.starts_with("h.")) return false;
  name.remove_prefix(2);
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  const std::string_view rest = name.substr(digits);
  return digits > 0 && (rest == ".attn.bias" || rest == ".attn.masked_bias");
}

/// The config's keys that a tensor's shape follows from.
[[nodiscard]] inline std::string shape_keys(std::string_view name, const gpt2_config& config) {
  const std::string channels = join("n_embd ", config.n_embd);
  if (name == "wte.weight" || name == "lm_head.weight") return join("vocab_size ", config.vocab_size, ", ", channels);
  if (name == "wpe.weight") return join("n_positions ", config.n_positions, ", ", channels);
  if (name.find(".mlp.") == name.npos) return channels;
  return join(channels, ", n_inner ", config.inner(), config.n_inner == 0 ? " by default" : "");
}

inline void check_shape(const safetensors_archive::item& item, std::string_view name,
                        const std::vector<std::size_t>& wanted, const gpt2_config& config) {
  if (item.entry->shape == wanted) return;
  throw shape_error(join(item.file->name(), ": tensor ", printable(item.entry->name), " has shape ",
                         describe_shape(item.entry->shape), ", wanted ", describe_shape(wanted), " (",
                         shape_keys(name, config), ')'));
}

/// The archive's tensors under their names without the `transformer.` prefix, mask buffers left out.
[[nodiscard]] inline std::map<std::string, safetensors_archive::item, std::less<>> without_prefix(
    const safetensors_archive& archive) {
  constexpr std::string_view prefix = "transformer.";
  std::map<std::string, safetensors_archive::item, std::less<>> found;
  for (const auto& [stored, item] : archive.tensors()) {
    const std::string name = stored.starts_with(prefix) ? stored.substr(prefix.size()) : stored;
    if (is_mask_buffer(name)) continue;
    if (!found.emplace(name, item).second) {
      throw format_error(join(item.file->name(), ": tensor ", printable(name), " is there with and without ", prefix));
    }
  }
  return found;
}

}  // namespace detail

/// Finds a model's tensors. Throws format_error for one that is missing or unknown, shape_error for one of another
/// shape than the config asks for.
[[nodiscard]] inline gpt2_tensors find_gpt2_tensors(const safetensors_archive& archive, const gpt2_config& config) {
  constexpr std::string_view head = "lm_head.weight";
  auto found = detail::without_prefix(archive);
  gpt2_tensors tensors;
  const gpt2_layout layout(config);
  for (const tensor_place& place : layout.tensors()) {
    const auto at = found.find(place.name);
    if (at == found.end()) throw format_error(join(archive.name(), ": tensor ", place.name, " is missing"));
    detail::check_shape(at->second, place.name, place.shape, config);
    tensors.in_layout_order.push_back(at->second);
    found.erase(at);
  }
  if (const auto at = found.find(head); config.tie_word_embeddings && at != found.end()) {
    detail::check_shape(at->second, head, {config.vocab_size, config.n_embd}, config);
    tensors.duplicate_head = at->second;
    found.erase(at);
  }
  if (!found.empty()) {
    const auto& [name, item] = *found.begin();
    throw format_error(join(item.file->name(), ": tensor ", printable(item.entry->name),
                            " is none of a GPT-2 with n_layer ", config.n_layer));
  }
  return tensors;
}

}  // namespace prefopt
