// SPDX-License-Identifier: MIT
#pragma once
// reference_cache: per-token log-probs of a reference, computed once and kept by example and role. It answers for any
// batch of those sequences, whatever they are packed with.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"

namespace prefopt {

/// A sequence's place in the data set.
struct reference_key {
  std::int32_t example;
  std::int32_t role;

  friend auto operator<=>(const reference_key&, const reference_key&) = default;
};

/// Log-probs in nats of each held sequence's targets. Models policy_model.
class reference_cache {
 public:
  reference_cache() = default;

  /// From what `keys`, `offsets` and `values` gave. Throws shape_error unless there is one offset more than keys and
  /// the offsets rise from 0 to the number of values; value_error for a key that comes twice.
  reference_cache(const std::vector<reference_key>& keys, const std::vector<std::size_t>& offsets,
                  std::span<const double> values) {
    if (offsets.size() != keys.size() + 1 || offsets.front() != 0 || offsets.back() != values.size()) {
      throw shape_error(join("reference_cache: ", offsets.size(), " offsets for ", keys.size(), " sequences with ",
                             values.size(), " log-probs"));
    }
    for (std::size_t k = 0; k < keys.size(); ++k) {
      if (offsets[k + 1] < offsets[k] || offsets[k + 1] > values.size()) {
        throw shape_error(join("reference_cache: offset ", offsets[k + 1], " after ", offsets[k]));
      }
      add(keys[k], values.subspan(offsets[k], offsets[k + 1] - offsets[k]));
    }
  }

  /// Keeps a sequence. Throws value_error if it is held already.
  void add(reference_key key, std::span<const double> log_probs) {
    if (!places_.emplace(packed(key), keys_.size()).second) {
      throw value_error(join("reference_cache: response ", key.role, " of example ", key.example, " comes twice"));
    }
    keys_.push_back(key);
    values_.insert(values_.end(), log_probs.begin(), log_probs.end());
    offsets_.push_back(values_.size());
  }

  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] bool contains(reference_key key) const { return places_.contains(packed(key)); }

  /// Throws value_error if the sequence is not held.
  [[nodiscard]] std::span<const double> log_probs(reference_key key) const {
    const auto place = places_.find(packed(key));
    if (place == places_.end()) {
      throw value_error(join("reference_cache: response ", key.role, " of example ", key.example, " is not among the ",
                             keys_.size(), " sequences held"));
    }
    const std::size_t begin = offsets_[place->second];
    return std::span(values_).subspan(begin, offsets_[place->second + 1] - begin);
  }

  /// [M], nats. Throws value_error for a sequence that is not held, shape_error for one held with other targets.
  [[nodiscard]] std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    std::vector<double> answer;
    answer.reserve(batch.targets.size());
    for (const tree_sequence& sequence : batch.sequences) {
      const auto held = log_probs({sequence.example, sequence.role});
      if (std::cmp_not_equal(held.size(), sequence.count)) {
        throw shape_error(join("reference_cache: response ", sequence.role, " of example ", sequence.example, " has ",
                               sequence.count, " targets, but is held with ", held.size()));
      }
      answer.insert(answer.end(), held.begin(), held.end());
    }
    return answer;
  }

  /// For saving: the sequences in the order they were added, where each one's values begin (and the last one's end),
  /// and the values.
  [[nodiscard]] const std::vector<reference_key>& keys() const { return keys_; }
  [[nodiscard]] const std::vector<std::size_t>& offsets() const { return offsets_; }
  [[nodiscard]] const std::vector<double>& values() const { return values_; }

 private:
  static std::uint64_t packed(reference_key key) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(key.example)) << 32 |
           static_cast<std::uint32_t>(key.role);
  }

  std::vector<reference_key> keys_;
  std::vector<std::size_t> offsets_{0};
  std::vector<double> values_;
  std::unordered_map<std::uint64_t, std::size_t> places_;
};

}  // namespace prefopt
