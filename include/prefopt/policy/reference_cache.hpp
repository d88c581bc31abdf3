// SPDX-License-Identifier: MIT
#pragma once
// reference_cache: per-token log-probs of a reference, computed once and stored by example and
// response index. It answers for any batch of those sequences, no matter what they are packed with,
// and for no other: it stores a hash of each one's tokens and targets.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/policy/token_hash.hpp"

namespace prefopt::inline v0_2 {

/// A sequence's position in the data set.
struct reference_key {
  std::int32_t example;
  std::int32_t response_index;

  friend auto operator<=>(const reference_key&, const reference_key&) = default;
};

/// Log-probs in nats of each stored sequence's targets. Models policy_model.
class reference_cache {
 public:
  reference_cache() = default;

  /// From what `keys`, `token_hashes`, `offsets` and `values` returned. Throws shape_error unless
  /// there are as many hashes as keys and one more offset, and the offsets rise from 0 to the
  /// number of values; value_error for a duplicate key.
  reference_cache(const std::vector<reference_key>& keys,
                  const std::vector<std::uint64_t>& token_hashes,
                  const std::vector<std::size_t>& offsets, std::span<const double> values) {
    if (token_hashes.size() != keys.size()) {
      throw shape_error(concat("reference_cache: ", token_hashes.size(), " hashes for ",
                               keys.size(), " sequences"));
    }
    if (offsets.size() != keys.size() + 1 || offsets.front() != 0 ||
        offsets.back() != values.size()) {
      throw shape_error(concat("reference_cache: ", offsets.size(), " offsets for ", keys.size(),
                               " sequences with ", values.size(), " log-probs"));
    }
    keys_.reserve(keys.size());
    token_hashes_.reserve(keys.size());
    offsets_.reserve(keys.size() + 1);
    values_.reserve(values.size());
    slots_.reserve(keys.size());
    for (std::size_t k = 0; k < keys.size(); ++k) {
      if (offsets[k + 1] < offsets[k] || offsets[k + 1] > values.size())
        throw shape_error(
            concat("reference_cache: offset ", offsets[k + 1], " after ", offsets[k]));
      add(keys[k], token_hashes[k], values.subspan(offsets[k], offsets[k + 1] - offsets[k]));
    }
  }

  /// Stores a sequence; `hash` is its path_hash. Throws value_error if it is already stored.
  void add(reference_key key, std::uint64_t hash, std::span<const double> log_probs) {
    if (!slots_.emplace(packed(key), keys_.size()).second) {
      throw value_error(concat("reference_cache: response ", key.response_index, " of example ",
                               key.example, " appears twice"));
    }
    keys_.push_back(key);
    token_hashes_.push_back(hash);
    values_.insert(values_.end(), log_probs.begin(), log_probs.end());
    offsets_.push_back(values_.size());
  }

  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] bool contains(reference_key key) const { return slots_.contains(packed(key)); }

  /// Throws value_error if the sequence is not stored.
  [[nodiscard]] std::span<const double> log_probs(reference_key key) const {
    return values_of(slot_of(key));
  }

  /// [M], nats. Throws value_error for a sequence that is not stored or whose tokens or targets
  /// differ from those scored, shape_error for one stored with a different number of targets. Cost:
  /// the sum of the sequences' lengths.
  [[nodiscard]] std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    std::vector<double> answer;
    answer.reserve(batch.targets.size());
    for_each_sequence(batch, [&](const sequence_path& path) {
      const tree_sequence& sequence = path.sequence;
      const std::size_t slot = slot_of({sequence.example, sequence.response_index});
      const auto held = values_of(slot);
      if (std::cmp_not_equal(held.size(), sequence.count)) {
        throw shape_error(concat("reference_cache: response ", sequence.response_index,
                                 " of example ", sequence.example, " has ", sequence.count,
                                 " targets, but is stored with ", held.size()));
      }
      if (path_hash(path) != token_hashes_[slot]) {
        throw value_error(concat("reference_cache: response ", sequence.response_index,
                                 " of example ", sequence.example,
                                 " has different tokens or targets from those that were scored"));
      }
      answer.insert(answer.end(), held.begin(), held.end());
    });
    return answer;
  }

  /// For saving: the sequences in the order they were added, the hash of each one's tokens, where
  /// its values begin (and where the last one's end), and the values.
  [[nodiscard]] const std::vector<reference_key>& keys() const { return keys_; }
  [[nodiscard]] const std::vector<std::uint64_t>& token_hashes() const { return token_hashes_; }
  [[nodiscard]] const std::vector<std::size_t>& offsets() const { return offsets_; }
  [[nodiscard]] const std::vector<double>& values() const { return values_; }

 private:
  static std::uint64_t packed(reference_key key) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(key.example)) << 32 |
           static_cast<std::uint32_t>(key.response_index);
  }

  [[nodiscard]] std::size_t slot_of(reference_key key) const {
    const auto slot = slots_.find(packed(key));
    if (slot == slots_.end()) {
      throw value_error(concat("reference_cache: response ", key.response_index, " of example ",
                               key.example, " is not among the ", keys_.size(),
                               " sequences stored"));
    }
    return slot->second;
  }

  [[nodiscard]] std::span<const double> values_of(std::size_t slot) const {
    return std::span(values_).subspan(offsets_[slot], offsets_[slot + 1] - offsets_[slot]);
  }

  std::vector<reference_key> keys_;
  std::vector<std::uint64_t> token_hashes_;
  std::vector<std::size_t> offsets_{0};
  std::vector<double> values_;
  std::unordered_map<std::uint64_t, std::size_t> slots_;
};

}  // namespace prefopt::inline v0_2
