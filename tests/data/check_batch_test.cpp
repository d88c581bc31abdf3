// SPDX-License-Identifier: MIT
// A batch that `pack` could not have made is refused, no matter which number in it is wrong.

#include "prefopt/data/check_batch.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/data/pack.hpp"
#include "data/random_sequences.hpp"

using namespace prefopt;

namespace {

const std::vector<tokenized_pair> pairs{{{7, 8}, {1, 2, 4}, {1, 3}}, {{5}, {1, 2}, {4, 3}}};
const std::vector<std::size_t> members{0, 1};

}  // namespace

BOOST_AUTO_TEST_SUITE(check_batch)

BOOST_AUTO_TEST_CASE(every_single_number_of_a_batch_counts) {
  const prefix_tree_batch good = pack(pairs, members);
  check(good);
  const auto refuses = [&](auto&& number_of, std::size_t count, const char* what) {
    for (std::size_t i = 0; i < count; ++i) {
      for (const std::int32_t change : {-1000, -2, -1, 1, 2, 1000}) {
        prefix_tree_batch bad = good;
        number_of(bad, i) += change;
        BOOST_TEST_CONTEXT(what << ' ' << i << " changed by " << change) {
          BOOST_CHECK_THROW(check(bad), shape_error);
        }
      }
    }
  };
  using batch = prefix_tree_batch;
  refuses([](batch& b, std::size_t i) -> auto& { return b.positions[i]; }, good.positions.size(),
          "position");
  refuses([](batch& b, std::size_t i) -> auto& { return b.nodes[i].parent; }, good.nodes.size(),
          "parent");
  refuses([](batch& b, std::size_t i) -> auto& { return b.nodes[i].begin; }, good.nodes.size(),
          "begin");
  refuses([](batch& b, std::size_t i) -> auto& { return b.nodes[i].end; }, good.nodes.size(),
          "end");
  refuses([](batch& b, std::size_t i) -> auto& { return b.nodes[i].subtree_end; },
          good.nodes.size(), "subtree_end");
  refuses([](batch& b, std::size_t i) -> auto& { return b.sequences[i].first_target; }, 4,
          "first target");
  refuses([](batch& b, std::size_t i) -> auto& { return b.sequences[i].count; }, 4, "count");
  refuses([](batch& b, std::size_t i) -> auto& { return b.sequences[i].last_row; }, 4, "last row");
  refuses([](batch& b, std::size_t i) -> auto& { return b.targets[i].row; }, good.targets.size(),
          "target row");
  refuses([](batch& b, std::size_t i) -> auto& { return b.targets[i].token; }, good.targets.size(),
          "target token");
  refuses([](batch& b, std::size_t i) -> auto& { return b.rows[i]; }, good.rows.size(), "row");
}

BOOST_AUTO_TEST_CASE(targets_may_be_runs_but_only_in_the_order_of_their_path) {
  const std::vector<tokenized_pair> masked{
      {{7, 8}, {1, 2, 4, 4}, {1, 3}, {{{0, 1}, {2, 4}}, {{1, 2}}}}};
  const std::vector<std::size_t> first{0};
  const prefix_tree_batch good = pack(masked, first);
  check(good);
  BOOST_TEST(good.targets.size() == 4U);
  const auto refuses = [&](auto&& change) {
    prefix_tree_batch bad = good;
    change(bad);
    BOOST_CHECK_THROW(check(bad), shape_error);
  };
  refuses([](auto& b) { std::swap(b.targets[0], b.targets[1]); });
  refuses([](auto& b) { std::swap(b.targets[1], b.targets[2]); });  // of equal tokens
  refuses([](auto& b) { b.targets[2] = b.targets[1]; });            // twice
  refuses([](auto& b) { b.targets[0] = b.targets[3]; });            // of another path
  refuses([](auto& b) { b.targets[0] = {-1, b.tokens[0]}; });       // what nothing predicts
}

BOOST_AUTO_TEST_CASE(missing_parts_are_refused) {
  const prefix_tree_batch good = pack(pairs, members);
  const auto refuses = [&](auto&& change) {
    prefix_tree_batch bad = good;
    change(bad);
    BOOST_CHECK_THROW(check(bad), shape_error);
  };
  refuses([](auto& b) { b.tokens.push_back(1); });
  refuses([](auto& b) { b.positions.pop_back(); });
  refuses([](auto& b) { b.nodes.pop_back(); });
  refuses([](auto& b) { b.sequences.pop_back(); });
  refuses([](auto& b) { b.targets.pop_back(); });
  refuses([](auto& b) { b.targets.push_back(b.targets.back()); });
  refuses([](auto& b) { b.rows.pop_back(); });
}

BOOST_AUTO_TEST_CASE(tokens_and_positions_that_a_model_does_not_have_are_refused) {
  const prefix_tree_batch good = pack(pairs, members);
  check(good, {.vocabulary_size = 9, .positions = 5});
  BOOST_CHECK_THROW(check(good, {.vocabulary_size = 8, .positions = 5}), value_error);
  BOOST_CHECK_THROW(check(good, {.vocabulary_size = 9, .positions = 4}), value_error);
  const std::vector<tokenized_pair> negative{{{-1}, {1}, {2}}};
  const std::vector<std::size_t> first{0};
  BOOST_CHECK_THROW(check(pack(negative, first), {.vocabulary_size = 9}), value_error);
}

BOOST_AUTO_TEST_SUITE_END()
