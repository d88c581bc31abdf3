// SPDX-License-Identifier: MIT
//
// 15: What do lists of responses tell that pairs do not?
//
// You know:  DPO's loss of a pair (lesson 04), and that two responses share their prompt's run (lesson 07).
// You learn: the losses that take K responses at once: Plackett-Luce DPO, S-DPO and LiPO-lambda; what they gain over
//            pairs of the same lists, and what a list costs where its responses share their prompt's run.
// Run:       ./lesson_15_lists
// Expect:    a table in which the whole ranking orders responses best, all its pairs do as well, and the best response
//            against others does worse; then tokens to run, one by one and in trees.

#include <prefopt/prefopt.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "course/lesson.hpp"
#include "course/world.hpp"

using namespace prefopt;
using course::spread_of;
namespace {

using examples = std::vector<tokenized_example>;
enum measured : std::size_t { reward, divergence, accuracy, behind };  // the last: accuracy less the ranking's

/// The pairs of each list for which `wanted(l, i, j, n)`: list, ranks of the better and the worse one, responses.
examples pairs_of(const examples& lists, auto wanted) {
  examples pairs;
  for (const auto& list : lists) {
    const auto& [prompt, responses, scores] = list;
    const auto rank = [&](double own) { return std::ranges::count_if(list.scores, [=](double s) { return s > own; }); };
    for (std::size_t a = 0; a < responses.size(); ++a)
      for (std::size_t b = 0; b < responses.size(); ++b)
        if (scores[a] > scores[b] && wanted(&list - lists.data(), rank(scores[a]), rank(scores[b]), std::ssize(scores)))
          pairs.push_back({prompt, {responses[a], responses[b]}});
  }
  return pairs;
}

/// Tokens that a forward run reads: of each sequence alone, and of their trees.
std::array<std::size_t, 2> tokens(const examples& all) {
  std::array<std::size_t, 2> count{0, pack(all, shuffled_indices(all.size(), 1, 0)).tokens.size()};
  for (const auto& one : all)
    for (const auto& response : one.responses) count[0] += one.prompt.size() + response.size();
  return count;
}

const std::array names{"plackett_luce_dpo", "lipo_lambda", "s_dpo", "dpo all", "dpo best-worst", "dpo best-any"};

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "15_lists");
  const auto worlds = lesson.size<std::uint64_t>(2, 8);
  const auto steps = lesson.size<std::int64_t>(100, 300);
  const auto all_pairs = [](auto...) { return true; };
  const auto best_any = [](auto l, auto i, auto j, auto n) { return i == 0 && j == 1 + l % (n - 1); };
  std::array<std::array<std::vector<double>, 4>, names.size()> found;
  bool same_bits = false, shared = false;
  auto csv = lesson.csv({"loss", "responses", "accuracy", "accuracy_sd"});
  {
    const course::lesson::region table("table");
    std::printf("K  loss                reward gained  KL             accuracy, %%    less the ranking's");
    for (const std::size_t K : lesson.size<std::vector<std::size_t>>({2, 4}, {2, 4, 8})) {
      found = {};
      for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
        course::world world(seed);
        const auto held_out = world.pairs(1000, course::world::deterministic);
        auto lists = world.lists(600 / K, K);  // 600 responses to rank, whatever K is
        for (auto& list : lists)
          for (double& score : list.scores) score = sigmoid(score);  // the same order, in 0 .. 1
        const auto pairs = pairs_of(lists, all_pairs);
        const auto run = [&](std::size_t i, auto loss, const examples& data) {
          bigram policy = world.reference();
          const trainer_options how{.learning_rate = 0.02, .pairs_per_step = std::ssize(data) / 6, .max_steps = steps};
          trainer{policy, world.reference(), loss, how}.run(data);
          const auto metrics = evaluate(policy, world.reference(), loss, held_out).metrics;
          found[i][reward].push_back(world.measure(policy).reward - world.measure(world.reference()).reward);
          found[i][divergence].push_back(world.measure(policy).divergence);
          found[i][accuracy].push_back(100 * *find_metric(metrics, "rewards/accuracies"));
          found[i][behind].push_back(found[i][accuracy].back() - found[0][accuracy].back());
        };
        // [losses]
        run(0, plackett_luce_dpo{.beta = 0.5}, K == 2 ? pairs : lists);
        run(1, lipo_lambda{.beta = 0.5}, lists);
        run(2, s_dpo{.beta = 0.5}, lists);
        run(3, dpo{.beta = 0.5}, pairs);
        run(4, dpo{.beta = 0.5}, pairs_of(lists, [](auto, auto i, auto j, auto n) { return i == 0 && j == n - 1; }));
        run(5, dpo{.beta = 0.5}, pairs_of(lists, best_any));
        // [/losses]
      }
      if (K == 2) same_bits = found[0] == found[3];
      for (std::size_t i = 0; i < names.size(); ++i) {
        const auto [right, deviation] = spread_of(found[i][accuracy]);
        csv.row(names[i], {static_cast<double>(K), right, deviation});
        std::printf("\n%zu  %-18s", K, names[i]);
        for (const auto& v : found[i]) std::printf("  %5.2f +- %-4.2f", spread_of(v).mean, spread_of(v).deviation);
      }
    }
    std::puts("\ntokens of 100 lists of 4: one by one, in trees; of their 600 pairs: one by one, in trees");
    random_generator random(1);
    for (const std::size_t length : {1U, 16U, 64U, 256U}) {
      auto lists = course::world(1).lists(100, 4);
      for (auto& list : lists)
        while (list.prompt.size() < length) list.prompt.insert(list.prompt.begin(), course::world::prompt(random));
      const auto own = tokens(lists), pairs = tokens(pairs_of(lists, all_pairs));
      std::printf("prompt of %3zu  %7zu %6zu  %7zu %6zu\n", length, own[0], own[1], pairs[0], pairs[1]);
      shared = own[0] > 3 * own[1] && pairs[1] == own[1];
    }
  }
  const auto right = [&](std::size_t i) { return spread_of(found[i][accuracy]).mean; };  // at the last K
  lesson.claim(same_bits, "at K = 2 Plackett-Luce is DPO, to the last bit of what is measured");
  lesson.claim(std::abs(right(3) - right(0)) < 2.5, "all pairs of a ranking order responses as well as the ranking");
  lesson.claim(right(2) < right(0) - 1 && right(5) < right(0) - 2, "knowing the best one only orders them worse");
  lesson.claim(shared, "trees read a long prompt once, for a list and for its pairs alike");
  return lesson.end();
}
