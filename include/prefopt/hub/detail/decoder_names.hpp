// SPDX-License-Identifier: MIT
#pragma once
// decoder_names: maps an archive's tensor names to those of a decoder. transformers writes
// `transformer.` (GPT-2) or `model.` (the others) before the trunk's names and nothing before a
// head's; wrappers add prefixes to all of them (`module.`, `_orig_mod.`, `model.`), and the hub's
// own gpt2 has none. So there is one rule: the prefix must be the same for all names. Here names
// have none.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/nn/layout.hpp"

namespace prefopt::inline v0_2::detail {

using tensors_by_name = std::map<std::string, safetensors_archive::item, std::less<>>;

/// A parameter's name without its trunk's prefix.
[[nodiscard]] inline std::string_view bare_name(std::string_view name, const tensor_names& names) {
  if (name.starts_with(names.trunk)) name.remove_prefix(names.trunk.size());
  return name;
}

/// A parameter's name in a folder: heads are outside the trunk, everything else is in it.
[[nodiscard]] inline std::string stored_name(const std::string& name, const tensor_names& names) {
  if (name == "lm_head.weight" || name == "score.weight") return name;
  return concat(names.trunk, bare_name(name, names));
}

[[nodiscard]] inline bool is_head(std::string_view name) {
  return name == "lm_head.weight" || name == "score.weight" || name == "score.bias";
}

/// The names that a family's tensors have, in a model of any size with any head.
class decoder_names {
 public:
  explicit decoder_names(const decoder_spec& spec)
      : trunk_(spec.names.trunk),
        layer_(bare_name(spec.names.layer, spec.names)),
        has_position_table_(spec.shape.has_position_table()) {
    decoder_spec small = spec;
    small.shape.layers.resize(1);
    const decoder_layout layout(small);
    for (const tensor_location& tensor : layout.tensors()) {
      const std::string_view name = bare_name(tensor.name, spec.names);
      if (const auto rest = name_in_layer(name))
        in_layer_.emplace(*rest);
      else
        outside_.emplace(name);
    }
  }

  [[nodiscard]] std::string_view trunk() const { return trunk_; }

  /// Buffers that older files contain and that follow from the config: attention's masks, and the
  /// frequencies of rotations.
  [[nodiscard]] bool is_buffer(std::string_view name) const {
    const auto rest = name_in_layer(name);
    if (has_position_table_) return rest == "attn.bias" || rest == "attn.masked_bias";
    return rest == "self_attn.rotary_emb.inv_freq" || name == "rotary_emb.inv_freq";
  }

  /// The beginning of the longest suffix that is a tensor's name, after a dot or at the front.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view stored) const {
    for (std::size_t at = 0;;) {
      if (is_tensor(stored.substr(at))) return at;
      at = stored.find('.', at);
      if (at++ == stored.npos) return std::nullopt;
    }
  }

 private:
  /// The rest of "h.N.rest"; otherwise empty.
  [[nodiscard]] std::optional<std::string_view> name_in_layer(std::string_view name) const {
    if (!name.starts_with(layer_)) return std::nullopt;
    name.remove_prefix(layer_.size());
    const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    if (digits == 0 || name.substr(digits, 1) != ".") return std::nullopt;
    return name.substr(digits + 1);
  }
  [[nodiscard]] bool is_tensor(std::string_view name) const {
    if (is_head(name) || is_buffer(name)) return true;
    const auto rest = name_in_layer(name);
    return rest ? in_layer_.contains(*rest) : outside_.contains(name);
  }

  std::string_view trunk_, layer_;
  bool has_position_table_;
  std::set<std::string, std::less<>> in_layer_, outside_;
};

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
[[nodiscard]] inline tensors_by_name with_aliases(const safetensors_archive& archive,
                                                  const decoder_names& names) {
  tensors_by_name found = archive.tensors();
  std::set<const safetensors_file*> files;
  for (const auto& [stored, item] : archive.tensors()) files.insert(item.file);
  for (const safetensors_file* file : files) {
    for (const auto& [name, kept] : file->metadata()) {
      const auto stored = archive.tensors().find(kept);
      if (stored != archive.tensors().end() && names.find(name))
        found.emplace(name, stored->second);
    }
  }
  return found;
}

/// Tensors under their bare names; tensors without one keep theirs. Buffers are left out. Throws
/// format_error if prefixes differ, or for an adapter.
[[nodiscard]] inline tensors_by_name find_by_name(const safetensors_archive& archive,
                                                  const decoder_spec& spec) {
  const decoder_names names(spec);
  const std::string_view trunk = names.trunk();
  check_no_adapter(archive);
  const tensors_by_name stored_tensors = with_aliases(archive, names);
  std::optional<std::string_view> prefix;  // the trunk's
  std::string_view first;
  for (const auto& [stored, item] : stored_tensors) {
    const auto at = names.find(stored);
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
    const auto at = names.find(stored);
    const std::string name = at ? stored.substr(*at) : stored;
    if (at && names.is_buffer(name)) continue;
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
