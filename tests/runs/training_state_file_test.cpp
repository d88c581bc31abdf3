// SPDX-License-Identifier: MIT
// A run that resumes from files.

#include "prefopt/runs/training_state_file.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/loss/bco.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/runs/checksums.hpp"
#include "support/scratch_folder.hpp"
#include "train/recorder.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;
using namespace prefopt_test;

namespace {

template <class Loss>
struct toy_training {
  bigram policy;
  bigram reference = toy_policy(77);
  trainer<bigram, bigram, Loss> run;

  explicit toy_training(const Loss& loss, bigram start = toy_policy())
      : policy(std::move(start)), run(policy, reference, loss, short_run) {}
  toy_training(const toy_training&) = delete;

  void go(std::int64_t stop_after = -1) {
    run.train(toy_pairs(11), recorder{.stop_after = stop_after});
  }
};

template <class Loss>
void goes_on_from_files(const Loss& loss) {
  const scratch_folder folder;
  toy_training<Loss> straight(loss), stopped(loss);
  straight.go();
  stopped.go(4);
  write_training_state(stopped.run, {{"seed", 1}}, folder.path());
  toy_training<Loss> resumed(loss, stopped.policy);
  read_training_state(resumed.run, folder.path());
  BOOST_TEST((resumed.run.state() == stopped.run.state()));
  resumed.go();
  BOOST_TEST((resumed.run.state() == straight.run.state()));
  BOOST_TEST(weights(resumed.policy) == weights(straight.policy), boost::test_tools::per_element());
}

/// A policy without a backend() keeps its numbers in host memory.
struct policy_without_backend {
  bigram inside = toy_policy();

  std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    return inside.token_log_probs(batch);
  }
  auto forward(const prefix_tree_batch& batch) { return inside.forward(batch); }
  auto parameters() { return inside.parameters(); }
};

const weighted_sum shifted{weighted{bco{.beta = 0.3}, 0.8}, weighted{sft{}, 1}};

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_goes_on_from_files_to_the_bits_of_one_that_never_stopped) {
  goes_on_from_files(dpo{.beta = 0.3});
  goes_on_from_files(bco{.beta = 0.3});
  goes_on_from_files(shifted);
}

BOOST_AUTO_TEST_CASE(a_policy_without_a_backend_goes_on_from_files) {
  const scratch_folder folder;
  const bigram reference = toy_policy(77);
  policy_without_backend straight, stopped;
  trainer(straight, reference, dpo{.beta = 0.3}, short_run).train(toy_pairs(11));
  trainer first(stopped, reference, dpo{.beta = 0.3}, short_run);
  first.train(toy_pairs(11), recorder{.stop_after = 4});
  write_training_state(first, {{"seed", 1}}, folder.path());
  policy_without_backend resumed = stopped;
  trainer rest(resumed, reference, dpo{.beta = 0.3}, short_run);
  read_training_state(rest, folder.path());
  rest.train(toy_pairs(11));
  BOOST_TEST(weights(resumed.inside) == weights(straight.inside), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_loss_that_carries_nothing_leaves_nothing_in_the_file) {
  const scratch_folder folder;
  toy_training plain(dpo{});
  plain.go(2);
  write_training_state(plain.run, {{"seed", 1}}, folder.path());
  BOOST_TEST(get(folder / trainer_state_file).find("loss_state") == std::string::npos);
  BOOST_TEST(read_trainer_state(folder.path()).loss.empty());
}

BOOST_AUTO_TEST_CASE(
    a_run_of_other_data_does_not_go_on_from_files_and_a_file_without_a_fingerprint_goes_on_with_any) {
  const scratch_folder folder;
  toy_training stopped(dpo{});
  stopped.go(4);
  write_training_state(stopped.run, {{"seed", 1}}, folder.path());
  const auto others = toy_pairs(11, 9);
  toy_training resumed(dpo{}, stopped.policy);
  read_training_state(resumed.run, folder.path());
  BOOST_CHECK_EXCEPTION(resumed.run.train(others), value_error, says("different data"));
  BOOST_TEST((resumed.run.state() == stopped.run.state()));
  toy_training without_weights(dpo{});
  read_training_state(without_weights.run, folder.path());
  BOOST_CHECK_EXCEPTION(without_weights.go(), value_error, says("different weights of the policy"));

  const nlohmann::json saved = nlohmann::json::parse(get(folder / trainer_state_file));
  const auto put_state = [&](const nlohmann::json& state) {
    put(folder / trainer_state_file, with_checksum(state).dump());
  };
  nlohmann::json state = saved;
  BOOST_TEST_REQUIRE(state.erase("fingerprint") == 1U);
  put_state(state);
  toy_training older(dpo{}, stopped.policy);
  read_training_state(older.run, folder.path());
  BOOST_TEST(older.run.train(others) == 9);

  state = saved;
  state["fingerprint"]["data"] = "x" + saved["fingerprint"]["data"].get<std::string>().substr(1);
  put_state(state);
  BOOST_CHECK_EXCEPTION((void)read_trainer_state(folder.path()), format_error,
                        says("data is not 16 hexadecimal"));
}

BOOST_AUTO_TEST_CASE(the_state_of_another_loss_is_refused_and_changes_nothing) {
  const scratch_folder folder;
  toy_training stopped(bco{});
  stopped.go(2);
  write_training_state(stopped.run, {{"seed", 1}}, folder.path());
  const auto refuses = [&](const auto& loss) {
    toy_training other(loss);
    other.go(3);
    const auto before = other.run.state();
    BOOST_CHECK_THROW(read_training_state(other.run, folder.path()), value_error);
    BOOST_TEST((other.run.state() == before));
  };
  refuses(dpo{});
  refuses(shifted);
  nlohmann::json state = nlohmann::json::parse(get(folder / trainer_state_file));
  state["loss_state"][0] = nullptr;
  put(folder / trainer_state_file, with_checksum(state).dump());
  BOOST_CHECK_EXCEPTION((void)read_trainer_state(folder.path()), format_error,
                        says("loss_state holds null"));
}

BOOST_AUTO_TEST_CASE(any_bit_that_changed_is_noticed_before_the_trainer_changes) {
  const scratch_folder folder;
  toy_training stopped(bco{});
  stopped.go(2);
  put(folder / "model.safetensors", "the weights, as far as this test goes");
  write_training_state(stopped.run, {{"seed", 1}}, folder.path());
  toy_training resumed(bco{}, stopped.policy);
  const auto before = resumed.run.state();
  for (const char* name : {optimizer_file, trainer_state_file, "model.safetensors"}) {
    const std::string saved = get(folder / name);
    for (std::size_t byte = 0; byte < saved.size(); byte += 7) {
      const bool is_white = saved[byte] == ' ' || saved[byte] == '\n';  // in JSON: means nothing
      std::string changed = saved;
      changed[byte] = static_cast<char>(changed[byte] ^ 4);
      put(folder / name, changed);
      if (is_white && name == std::string(trainer_state_file)) continue;
      BOOST_CHECK_THROW(read_training_state(resumed.run, folder.path()), format_error);
    }
    put(folder / name, saved);
  }
  BOOST_TEST((resumed.run.state() == before));
  BOOST_CHECK_NO_THROW(read_training_state(resumed.run, folder.path()));
}
