// SPDX-License-Identifier: MIT
#pragma once
// gpt2_names: maps an archive's tensor names to those of a GPT-2. transformers writes
// `transformer.` before the trunk's names and nothing before a head's; wrappers add prefixes to all
// of them (`module.`, `_orig_mod.`, `model.`), and the hub's own gpt2 has none. So there is one
// rule: the prefix must be the same for all names.

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/models/gpt2.hpp"
#include "prefopt/nn/layout.hpp"

namespace prefopt::inline v0_2::detail {

using tensors_by_name = std::map<std::string, safetensors_archive::item, std::less<>>;

/// The rest of "h.N.rest"; otherwise empty.
[[nodiscard]] inline std::optional<std::string_view> name_in_layer(std::string_view name) {
  if (!name.starts_with("h.")) return std::nullopt;
  name.remove_prefix(2);
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  if (digits == 0 || name.substr(digits, 1) != ".") return std::nullopt;
  return name.substr(digits + 1);
}

/// Attention's mask buffers, which older files contain.
[[nodiscard]] inline bool is_mask_buffer(std::string_view name) {
  const auto rest = name_in_layer(name);
  return rest == "attn.bias" || rest == "attn.masked_bias";
}

[[nodiscard]] inline bool is_head(std::string_view name) {
  return name == "lm_head.weight" || name == "score.weight" || name == "score.bias";
}

/// Whether `name` is a tensor of a GPT-2, of any size and with any head.
[[nodiscard]] inline bool is_gpt2_tensor(std::string_view name) {
  static const std::vector<tensor_location> one_layer =
      decoder_layout(describe(gpt2_config{.n_layer = 1,
                                          .n_head = 1,
                                          .n_embd = 1,
                                          .n_inner = 1,
                                          .vocab_size = 1,
                                          .n_positions = 1}))
          .tensors();
  if (is_head(name) || is_mask_buffer(name)) return true;
  const auto rest = name_in_layer(name);
  return std::ranges::any_of(one_layer, [&](const tensor_location& tensor) {
    const auto known = name_in_layer(tensor.name);
    return rest ? known == rest : tensor.name == name;
  });
}

/// The beginning of the longest suffix that is a tensor of a GPT-2, after a dot or at the front.
[[nodiscard]] inline std::optional<std::size_t> find_gpt2_name(std::string_view stored) {
  for (std::size_t at = 0;;) {
    if (is_gpt2_tensor(stored.substr(at))) return at;
    at = stored.find('.', at);
    if (at++ == stored.npos) return std::nullopt;
  }
}

/// Rejects the tensors of an adapter, with any prefix.
inline void check_no_adapter(const safetensors_archive& archive) {
  for (const auto& [stored, item] : archive.tensors()) {
    for (const std::string_view part : {"lora_", ".base_layer.", ".modules_to_save.", ".ia3_l"}) {
      if (stored.find(part) == stored.npos) continue;
      throw format_error(
          concat(item.file->name(), ": tensor ", printable(stored),
                 " is an adapter's (PEFT), expected a whole model: merge the adapter into its base "
                 "model first, as merge_and_unload of peft does"));
    }
  }
}

/// The archive's tensors, and those that safetensors.torch.save_model stored only under another
/// name: it writes a shared tensor once and records that in the metadata.
[[nodiscard]] inline tensors_by_name with_aliases(const safetensors_archive& archive) {
  tensors_by_name found = archive.tensors();
  std::set<const safetensors_file*> files;
  for (const auto& [stored, item] : archive.tensors()) files.insert(item.file);
  for (const safetensors_file* file : files) {
    for (const auto& [name, kept] : file->metadata()) {
      const auto stored = archive.tensors().find(kept);
      if (stored != archive.tensors().end() && find_gpt2_name(name))
        found.emplace(name, stored->second);
    }
  }
  return found;
}

/// Tensors under their names in a GPT-2; tensors without one keep theirs. Mask buffers are left
/// out. Throws format_error if prefixes differ, or for an adapter.
[[nodiscard]] inline tensors_by_name gpt2_tensors_by_name(const safetensors_archive& archive) {
  constexpr std::string_view trunk = "transformer.";
  check_no_adapter(archive);
  const tensors_by_name stored_tensors = with_aliases(archive);
  std::optional<std::string_view> prefix;  // the trunk's
  std::string_view first;
  for (const auto& [stored, item] : stored_tensors) {
    const auto at = find_gpt2_name(stored);
    if (!at || is_head(std::string_view(stored).substr(*at))) continue;
    const std::string_view before = std::string_view(stored).substr(0, *at);
    if (!prefix) {
      prefix = before;
      first = stored;
    } else if (*prefix != before) {
      throw format_error(concat(item.file->name(), ": tensors ", printable(first), " and ",
                                printable(stored), ": \"", printable(*prefix),
                                "\" before one name and \"", printable(before),
                                "\" before the other, expected the same prefix for all"));
    }
  }
  const std::string_view inner = prefix.value_or("");
  const std::string_view outer =
      inner.ends_with(trunk) ? inner.substr(0, inner.size() - trunk.size()) : inner;
  tensors_by_name found;
  for (const auto& [stored, item] : stored_tensors) {
    const auto at = find_gpt2_name(stored);
    const std::string name = at ? stored.substr(*at) : stored;
    if (at && is_mask_buffer(name)) continue;
    if (at && is_head(name) && prefix) {
      const std::string_view before = std::string_view(stored).substr(0, *at);
      if (before != inner && before != outer) {
        throw format_error(concat(item.file->name(), ": tensor ", printable(stored), ": \"",
                                  printable(before), "\" before a head's name, expected \"",
                                  printable(outer), "\" as with ", printable(first)));
      }
    }
    if (!found.emplace(name, item).second) {
      throw format_error(concat(item.file->name(), ": tensor ", printable(name),
                                " appears twice, with and without ", trunk));
    }
  }
  return found;
}

}  // namespace prefopt::inline v0_2::detail
