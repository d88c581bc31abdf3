// SPDX-License-Identifier: MIT
// One pair as a tree, and the law of packing: a batch gives the same as its sequences one by one.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <span>
#include <vector>

#include <prefopt/data/pack.hpp>
#include <prefopt/policy/bigram.hpp>

namespace {

using namespace prefopt;

enum word : token_id { stop, the, cat, sat, down, up, words };

bool same(const prefix_tree_batch& a, const prefix_tree_batch& b) {
  return a.tokens == b.tokens && a.positions == b.positions && a.nodes == b.nodes &&
         a.sequences == b.sequences && a.targets == b.targets && a.rows == b.rows;
}

bool the_drawing_holds() {
  // [pack]
  const std::vector<tokenized_pair> pairs{
      {.prompt = {the, cat}, .chosen = {sat, down, stop}, .rejected = {sat, up, stop}}};
  const std::vector<std::size_t> members{0};  // indices of the pairs
  const prefix_tree_batch batch = pack(pairs, members);
  // [/pack]

  // [batch]
  const prefix_tree_batch drawn{
      .tokens = {the, cat, sat, down, stop, up, stop},  // [N] = 7, not 10
      .positions = {0, 1, 2, 3, 4, 3, 4},
      .nodes = {{.parent = -1, .begin = 0, .end = 3, .subtree_end = 7},
                {.parent = 0, .begin = 3, .end = 5, .subtree_end = 5},
                {.parent = 0, .begin = 5, .end = 7, .subtree_end = 7}},
      .sequences = {{.example = 0,
                     .response_index = chosen_index,
                     .first_target = 0,
                     .count = 3,
                     .last_row = 4},
                    {.example = 0,
                     .response_index = rejected_index,
                     .first_target = 3,
                     .count = 3,
                     .last_row = 6}},
      .targets = {{1, sat},  // [M] = 6: after row 1, sat; first of the chosen response ...
                  {2, down},
                  {3, stop},
                  {1, sat},  // ... and, from the same row, of the rejected one
                  {2, up},
                  {5, stop}},
      .rows = {1, 2, 3, 5}};  // [R] = 4: only these need logits
  // [/batch]
  return same(batch, drawn);
}

bool the_law_holds() {
  bigram policy(words);
  const auto logits = policy.parameters()[0].value;
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = std::sin(static_cast<double>(i));

  const std::vector<tokenized_pair> pairs{
      {.prompt = {the, cat}, .chosen = {sat, down, stop}, .rejected = {sat, up, stop}},
      {.prompt = {the}, .chosen = {cat, stop}, .rejected = {up, up, up, stop}}};
  bool holds = true;
  // [law]
  const std::vector<std::size_t> both{0, 1};
  const prefix_tree_batch batch = pack(pairs, both);
  const std::vector<double> together = policy.token_log_probs(batch);  // [M], nats

  for (const tree_sequence& sequence : batch.sequences) {
    const tokenized_pair& pair = pairs[static_cast<std::size_t>(sequence.example)];
    const packable_sequence one{
        .prompt = pair.prompt,
        .response = sequence.response_index == chosen_index ? pair.chosen : pair.rejected};
    const std::vector<double> alone = policy.token_log_probs(pack(std::span(&one, 1)));
    holds = holds && std::ranges::equal(
                         alone, std::span(together).subspan(std::size_t(sequence.first_target),
                                                            std::size_t(sequence.count)));
  }
  // [/law]
  return holds;
}

}  // namespace

int main() {
  const bool drawing = the_drawing_holds(), law = the_law_holds();
  std::printf("the drawing %s, the law %s\n", drawing ? "holds" : "FAILS", law ? "holds" : "FAILS");
  return drawing && law ? 0 : 1;
}
