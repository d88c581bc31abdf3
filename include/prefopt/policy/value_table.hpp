// SPDX-License-Identifier: MIT
#pragma once
// value_table: the smallest scalar model, one number for each possible last token. For a bigram
// policy, which sees only the last token, it can be the exact critic, except for how many tokens
// are left.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/backend/host.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/data/batch_rows.hpp"
#include "prefopt/data/check_batch.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/policy/frozen_tensors.hpp"
#include "prefopt/policy/parameter.hpp"
#include "prefopt/policy/scalar_model.hpp"

namespace prefopt::inline v0_2 {

/// value(path) = table[last token of the path], [V] in double, initially zero.
class value_table {
 public:
  /// Throws value_error unless there is at least one token.
  explicit value_table(std::size_t vocabulary_size)
      : values_(vocabulary_size), gradient_(vocabulary_size) {
    if (vocabulary_size == 0) throw value_error("value_table: 0 tokens, expected at least 1");
  }

  [[nodiscard]] const host_backend<double>& backend() const { return backend_; }

  /// One tensor, "values" [V].
  [[nodiscard]] const std::vector<parameter<double>> parameters() {
    return {{.name = "values",
             .shape = {values_.size()},
             .value = values_,
             .gradient = gradient_,
             .trainable = !frozen_.contains("values")}};
  }

  /// Sets whether training updates the tensor with that name; by default it does. Create the
  /// trainer afterwards. Throws value_error for an unknown name.
  void set_trainable(std::string_view name, bool trainable) {
    frozen_.set(parameters(), name, trainable);
  }

  /// [rows]. Throws shape_error or value_error for an invalid batch, for tokens outside the
  /// vocabulary, or for rows that the batch does not have.
  [[nodiscard]] std::vector<double> values(const prefix_tree_batch& batch,
                                           std::span<const std::int32_t> rows) const {
    std::vector<double> all;
    for (const std::size_t token : tokens_at(batch, rows)) all.push_back(values_[token]);
    return all;
  }

  class pass {
   public:
    pass(value_table& table, std::vector<std::size_t> tokens, std::vector<double> values)
        : table_(&table), tokens_(std::move(tokens)), values_(std::move(values)) {}
    pass(pass&&) noexcept = default;
    pass& operator=(pass&&) noexcept = default;

    [[nodiscard]] std::span<const double> values() const { return values_; }

    /// Adds to the gradient; `slopes` [rows].
    void backward(std::span<const double> slopes) {
      if (slopes.size() != tokens_.size())
        throw shape_error(
            concat("value_table: ", slopes.size(), " slopes for ", tokens_.size(), " values"));
      for (std::size_t i = 0; i < slopes.size(); ++i) table_->gradient_[tokens_[i]] += slopes[i];
    }

   private:
    value_table* table_;
    std::vector<std::size_t> tokens_;
    std::vector<double> values_;
  };

  /// The pass must not outlive the table, and the table must not change in between.
  [[nodiscard]] pass forward(const prefix_tree_batch& batch, std::span<const std::int32_t> rows) {
    return {*this, tokens_at(batch, rows), values(batch, rows)};
  }

 private:
  [[nodiscard]] std::vector<std::size_t> tokens_at(const prefix_tree_batch& batch,
                                                   std::span<const std::int32_t> rows) const {
    check(batch, {.vocabulary_size = values_.size()});
    check_rows_read(batch, rows);
    std::vector<std::size_t> tokens;
    for (const std::int32_t row : rows)
      tokens.push_back(static_cast<std::size_t>(batch.tokens[static_cast<std::size_t>(row)]));
    return tokens;
  }

  host_backend<double> backend_;
  std::vector<double> values_;
  std::vector<double> gradient_;
  frozen_tensors frozen_;
};

static_assert(trainable_scalar_model<value_table>);

}  // namespace prefopt::inline v0_2
