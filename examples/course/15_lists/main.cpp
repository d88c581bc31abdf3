// SPDX-License-Identifier: MIT
//
// 15: What do lists of responses tell you that pairs do not?
//
// You know:  DPO's loss of a pair (lesson 04), and that two responses share their prompt's
//            computation (lesson 07).
// You learn: the losses that take K responses at once: Plackett-Luce DPO, S-DPO and LiPO-lambda;
//            what they gain over pairs of the same lists, and what a list costs if its responses
//            share their prompt's computation.
// Run:       ./lesson_15_lists
// Expect:    a table in which the whole ranking orders responses best, all its pairs do as well,
//            and the best response against others worse; then tokens to run, alone and in trees.

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <prefopt/prefopt.hpp>
#include "course/shared/lesson.hpp"
#include "course/shared/world.hpp"

using namespace prefopt;
using course::spread_of;
namespace {

using examples = std::vector<tokenized_example>;

struct row {
  std::string name;
  std::vector<double> reward = {}, divergence = {}, accuracy = {};  // one per world
  std::vector<double> behind = {};                                  // accuracy less the ranking's
};

enum class pairing {
  all,
  best_and_worst,
  best_and_any
};  // the last: another rank from list to list

/// The better response of each pair comes first.
examples pairs_of(const examples& lists, pairing how) {
  examples pairs;
  for (std::size_t l = 0; l < lists.size(); ++l) {
    const auto& [prompt, responses, scores, targets] = lists[l];
    std::vector<std::size_t> rank(scores.size());  // 0 is the best
    for (std::size_t a = 0; a < scores.size(); ++a)
      for (const double other : scores) rank[a] += other > scores[a] ? 1U : 0U;
    const std::size_t last = scores.size() - 1,
                      partner = how == pairing::best_and_worst ? last : 1 + l % last;
    for (std::size_t a = 0; a < responses.size(); ++a)
      for (std::size_t b = 0; b < responses.size(); ++b)
        if (how == pairing::all ? rank[a] < rank[b] : rank[a] == 0 && rank[b] == partner)
          pairs.push_back({prompt, {responses[a], responses[b]}});
  }
  return pairs;
}

struct token_counts {
  std::size_t alone = 0,
              in_trees = 0;  // that a forward pass reads: each sequence by itself, packed
};

token_counts tokens_of(const examples& all) {
  token_counts count{0, pack(all, shuffled_indices(all.size(), 1, 0)).tokens.size()};
  for (const auto& one : all)
    for (const auto& response : one.responses) count.alone += one.prompt.size() + response.size();
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "15_lists");
  const auto worlds = lesson.size<std::uint64_t>(2, 8);
  const auto steps = lesson.size<std::int64_t>(100, 300);
  std::vector<row> rows;
  bool same_bits = false, shared = false;
  auto csv = lesson.csv({"loss", "responses", "accuracy", "accuracy_sd"});
  {
    const course::lesson::region table("table");
    std::puts(
        "K  loss                reward gained  KL             accuracy, %    less the ranking's");
    for (const std::size_t K : lesson.size<std::vector<std::size_t>>({2, 4}, {2, 4, 8})) {
      rows = {{"plackett_luce_dpo"}, {"lipo_lambda"},    {"s_dpo"},
              {"dpo all"},           {"dpo best-worst"}, {"dpo best-any"}};
      for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
        course::world world(seed);
        const auto held_out = world.pairs(1000, course::world::deterministic);
        auto lists = world.lists(600 / K, K);  // 600 responses to rank, for any K
        for (auto& list : lists)
          for (double& score : list.scores) score = sigmoid(score);  // the same order, in 0 .. 1
        const auto pairs = pairs_of(lists, pairing::all);
        const auto run = [&](row& to, auto loss, const examples& data) {
          bigram policy = world.reference();
          const trainer_options how{
              .learning_rate = 0.02, .batch_size = std::ssize(data) / 6, .max_steps = steps};
          trainer{policy, world.reference(), loss, how}.train(data);
          const auto metrics = evaluate(policy, world.reference(), loss, held_out).metrics;
          const auto after = world.measure(policy);
          to.reward.push_back(after.reward - world.measure(world.reference()).reward);
          to.divergence.push_back(after.divergence);
          to.accuracy.push_back(100 * find_metric(metrics, "rewards/accuracies").value());
          to.behind.push_back(to.accuracy.back() - rows[0].accuracy.back());
        };
        // [losses]
        run(rows[0], plackett_luce_dpo{.beta = 0.5}, K == 2 ? pairs : lists);
        run(rows[1], lipo_lambda{.beta = 0.5}, lists);
        run(rows[2], s_dpo{.beta = 0.5}, lists);
        run(rows[3], dpo{.beta = 0.5}, pairs);
        run(rows[4], dpo{.beta = 0.5}, pairs_of(lists, pairing::best_and_worst));
        run(rows[5], dpo{.beta = 0.5}, pairs_of(lists, pairing::best_and_any));
        // [/losses]
      }
      if (K == 2)
        same_bits = rows[0].reward == rows[3].reward && rows[0].divergence == rows[3].divergence;
      for (const row& one : rows) {
        std::printf("%zu  %-18s", K, one.name.c_str());
        for (const auto* values : {&one.reward, &one.divergence, &one.accuracy, &one.behind})
          std::printf("  %5.2f +- %-4.2f", spread_of(*values).mean, spread_of(*values).deviation);
        std::puts("");
        csv.row(one.name, {static_cast<double>(K), spread_of(one.accuracy).mean,
                           spread_of(one.accuracy).deviation});
      }
    }
    std::puts(
        "tokens of 100 lists of 4: one by one, in trees; of their 600 pairs: one by one, in trees");
    random_generator random(1);
    for (const std::size_t length : {1U, 16U, 64U, 256U}) {
      auto lists = course::world(1).lists(100, 4);
      for (auto& list : lists)
        while (list.prompt.size() < length)
          list.prompt.insert(list.prompt.begin(), course::world::prompt(random));
      const auto of_lists = tokens_of(lists), of_pairs = tokens_of(pairs_of(lists, pairing::all));
      std::printf("prompt of %3zu  %7zu %6zu  %7zu %6zu\n", length, of_lists.alone,
                  of_lists.in_trees, of_pairs.alone, of_pairs.in_trees);
      shared = of_lists.alone > 3 * of_lists.in_trees && of_pairs.in_trees == of_lists.in_trees;
    }
  }
  const auto right = [&](std::size_t i) {
    return spread_of(rows[i].accuracy).mean;
  };  // at the last K
  lesson.claim(same_bits, "at K = 2 Plackett-Luce is DPO, to the last bit of what is measured");
  lesson.claim(std::abs(right(3) - right(0)) < 2.5,
               "all pairs of a ranking order responses as well as the ranking");
  lesson.claim(right(2) < right(0) - 1 && right(5) < right(0) - 2,
               "knowing the best one only orders them worse");
  lesson.claim(shared, "trees read a long prompt once, for a list and for its pairs alike");
  return lesson.end();
}
