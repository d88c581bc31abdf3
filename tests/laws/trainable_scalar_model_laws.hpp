// SPDX-License-Identifier: MIT
#pragma once
// The laws that every trainable_scalar_model must obey, for any model and backend.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/policy/scalar_model.hpp"
#include "data/random_sequences.hpp"
#include "laws/model_laws.hpp"

namespace prefopt::tests {

/// The subject of the laws. `make()` returns a fresh model, each time with the same parameters,
/// which should be large enough that no two paths have the same value.
template <class Make>
  requires trainable_scalar_model<std::invoke_result_t<const Make&>>
struct scalar_subject : model_facts {
  scalar_subject(Make maker, const model_facts& facts) : model_facts(facts), make(maker) {}
  Make make;
};

namespace model_laws {

using row_list = std::vector<std::int32_t>;

/// As many rows as the batch has, in any order: some of them more than once, some not at all.
[[nodiscard]] inline row_list rows_of(const prefix_tree_batch& batch, std::uint64_t seed) {
  random_generator random(seed);
  row_list rows(batch.tokens.size());
  for (std::int32_t& row : rows) row = static_cast<std::int32_t>(random.below(rows.size()));
  return rows;
}

/// All rows of each sequence's path, sequence by sequence: a shared row comes once for each
/// sequence that shares it.
[[nodiscard]] inline row_list path_rows(const prefix_tree_batch& batch) {
  row_list rows;
  for_each_sequence(batch, [&](const sequence_path& path) {
    rows.insert(rows.end(), path.rows.begin(), path.rows.end());
  });
  return rows;
}

}  // namespace model_laws

/// A pass and an evaluation without one give the same numbers, one per row.
template <class Subject>
void forward_and_values_agree(const Subject& subject) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const auto owned = model_laws::sequences_for(subject, seed);
    const auto batch = pack(packable(owned));
    const auto rows = model_laws::rows_of(batch, seed);
    auto model = subject.make();
    const std::vector<double> alone = model.values(batch, rows);
    const auto pass = model.forward(batch, rows);
    BOOST_TEST(alone.size() == rows.size());
    model_laws::check_close(pass.values(), alone, subject.rounding, "values");
  }
}

/// A row has the same value if requested alone and if requested with others in any order, more than
/// once.
template <class Subject>
void a_value_does_not_depend_on_the_other_rows(const Subject& subject) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const auto owned = model_laws::sequences_for(subject, seed);
    const auto batch = pack(packable(owned));
    const auto rows = model_laws::rows_of(batch, seed);
    const auto model = subject.make();
    std::vector<double> separate;
    for (const std::int32_t row : rows)
      separate.push_back(model.values(batch, std::span(&row, 1)).at(0));
    // otherwise the rows could be confused
    BOOST_TEST(std::ranges::max(separate) - std::ranges::min(separate) > 0.1);
    model_laws::check_close(model.values(batch, rows), separate, subject.rounding, "values");
    BOOST_TEST(model.values(batch, {}).empty());
  }
}

/// A path has the same value alone, packed with others, and packed with others in another order.
template <class Subject>
void a_value_does_not_depend_on_the_other_sequences(const Subject& subject) {
  for (const std::uint64_t seed : {4U, 5U, 6U}) {
    auto owned = model_laws::sequences_for(subject, seed);
    const auto model = subject.make();
    for (const bool reversed : {false, true}) {
      if (reversed) std::ranges::reverse(owned);
      std::vector<double> separate;
      for (const packable_sequence& sequence : packable(owned)) {
        const auto alone = pack(std::span(&sequence, 1));
        const auto own = model.values(alone, model_laws::path_rows(alone));
        separate.insert(separate.end(), own.begin(), own.end());
      }
      const auto batch = pack(packable(owned));
      model_laws::check_close(model.values(batch, model_laws::path_rows(batch)), separate,
                              subject.rounding, "values");
    }
  }
}

/// The gradient of a batch packed as a tree is the sum of those of its sequences one by one.
template <class Subject>
void gradients_of_packed_rows_are_those_of_their_paths(const Subject& subject) {
  for (const std::uint64_t seed : {7U, 8U, 9U}) {
    const auto owned = model_laws::sequences_for(subject, seed);
    const auto batch = pack(packable(owned));
    const auto rows = model_laws::path_rows(batch);
    const auto slopes = model_laws::random_slopes(rows.size(), seed);
    auto separate = subject.make();
    std::size_t first = 0;
    for (const packable_sequence& sequence : packable(owned)) {
      const auto alone = pack(std::span(&sequence, 1));
      auto pass = separate.forward(alone, model_laws::path_rows(alone));
      pass.backward(std::span(slopes).subspan(first, sequence.size()));
      first += sequence.size();
    }
    BOOST_TEST(first == rows.size());
    model_laws::check_close(model_laws::gradients_of(subject, slopes, batch, rows),
                            model_laws::gradients(separate), subject.rounding);
  }
}

/// Two passes of unchanged parameters are held side by side and run backward in either order.
template <class Subject>
void scalar_passes_can_be_held_side_by_side(const Subject& subject) {
  const auto owned_a = model_laws::sequences_for(subject, 10);
  const auto owned_b = model_laws::sequences_for(subject, 11);
  const auto batch_a = pack(packable(owned_a));
  const auto batch_b = pack(packable(owned_b));
  const auto rows_a = model_laws::rows_of(batch_a, 10);
  const auto rows_b = model_laws::rows_of(batch_b, 11);
  const auto slopes_a = model_laws::random_slopes(rows_a.size(), 10);
  const auto slopes_b = model_laws::random_slopes(rows_b.size(), 11);
  const auto expected =
      model_laws::sum(model_laws::gradients_of(subject, slopes_a, batch_a, rows_a),
                      model_laws::gradients_of(subject, slopes_b, batch_b, rows_b));
  for (const bool a_first : {true, false}) {
    auto model = subject.make();
    auto pass_a = model.forward(batch_a, rows_a);
    auto pass_b = model.forward(batch_b, rows_b);
    if (a_first) pass_a.backward(slopes_a);
    pass_b.backward(slopes_b);
    if (!a_first) pass_a.backward(slopes_a);
    model_laws::check_close(model_laws::gradients(model), expected, subject.rounding);
  }
}

/// Backward adds to the existing gradients, in proportion to the slopes.
template <class Subject>
void backward_of_values_adds(const Subject& subject) {
  const auto owned = model_laws::sequences_for(subject, 12);
  const auto batch = pack(packable(owned));
  const auto rows = model_laws::rows_of(batch, 12);
  const auto slopes = model_laws::random_slopes(rows.size(), 12);
  auto model = subject.make();
  for (const double factor : {1.0, -4.0}) {  // powers of two: in bfloat16 too, both round alike
    auto scaled = slopes;
    for (double& slope : scaled) slope *= factor;
    auto pass = model.forward(batch, rows);
    pass.backward(scaled);
  }
  auto expected = model_laws::gradients_of(subject, slopes, batch, rows);
  for (auto& tensor : expected)
    for (double& value : tensor) value *= -3;
  model_laws::check_close(model_laws::gradients(model), expected, subject.rounding);
}

/// Slopes that are not one per value, rows that the batch does not have, tokens that the model does
/// not have, and invalid batches are refused.
template <class Subject>
void bad_rows_and_batches_are_refused(const Subject& subject) {
  auto model = subject.make();
  const auto refuses = [&]<class Error>(const Error*, const prefix_tree_batch& batch,
                                        const model_laws::row_list& rows) {
    BOOST_CHECK_THROW((void)model.values(batch, rows), Error);
    BOOST_CHECK_THROW((void)model.forward(batch, rows), Error);
  };
  constexpr const value_error* value = nullptr;
  constexpr const shape_error* shape = nullptr;
  const auto owned = model_laws::sequences_for(subject, 13);
  const auto batch = pack(packable(owned));
  const model_laws::row_list rows{1, 0, 1};
  auto pass = model.forward(batch, rows);
  for (const std::size_t wrong : {2U, 4U})
    BOOST_CHECK_THROW(pass.backward(std::vector<double>(wrong)), shape_error);
  refuses(value, batch, {0, -1});
  refuses(value, batch, {static_cast<std::int32_t>(batch.tokens.size())});
  const token_ids beyond{0, static_cast<token_id>(subject.vocabulary_size)}, negative{0, -1};
  for (const token_ids& tokens : {beyond, negative}) {
    const std::vector<packable_sequence> sequences{{0, 0, tokens, {}}};
    refuses(value, pack(sequences), {0});  // even if the requested row is another one
  }
  auto broken = batch;
  broken.nodes.pop_back();
  refuses(shape, broken, rows);
}

/// Central differences of sum_i slope_i value_i agree with the backward pass. For models in
/// float64.
template <class Subject>
void backward_of_values_agrees_with_finite_differences(const Subject& subject) {
  const auto owned = model_laws::sequences_for(subject, 14);
  const auto batch = pack(packable(owned));
  const auto rows = model_laws::rows_of(batch, 14);
  const auto slopes = model_laws::random_slopes(rows.size(), 14);
  const auto claimed = model_laws::gradients_of(subject, slopes, batch, rows);
  auto model = subject.make();
  model_laws::check_differences(model, subject, claimed, slopes,
                                [&] { return model.values(batch, rows); });
}

/// All of the above except the differences, which need float64.
template <class Subject>
void check_trainable_scalar_model_laws(const Subject& subject) {
  forward_and_values_agree(subject);
  a_value_does_not_depend_on_the_other_rows(subject);
  a_value_does_not_depend_on_the_other_sequences(subject);
  gradients_of_packed_rows_are_those_of_their_paths(subject);
  scalar_passes_can_be_held_side_by_side(subject);
  backward_of_values_adds(subject);
  bad_rows_and_batches_are_refused(subject);
}

}  // namespace prefopt::tests
