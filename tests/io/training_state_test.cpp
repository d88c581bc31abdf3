// SPDX-License-Identifier: MIT
// What a run carries comes back from its folder bit for bit, the loss's numbers too.

#include "prefopt/io/training_state_file.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "files/scratch_folder.hpp"
#include "prefopt/loss/bco.hpp"
#include "prefopt/loss/dpo.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt_test;

namespace {

constexpr trainer_options settings{.learning_rate = 0.05, .pairs_per_step = 3};
const nlohmann::json named = {{"--loss", "bco"}};

}  // namespace

BOOST_AUTO_TEST_SUITE(training_state_files)

BOOST_AUTO_TEST_CASE(the_losss_numbers_come_back_with_the_rest) {
  const scratch_folder folder;
  const auto pairs = tests::toy_pairs(9);
  bigram policy = tests::toy_policy(), reference = tests::toy_policy(5);
  trainer first{policy, reference, bco{}, settings};
  first.run(pairs);
  BOOST_TEST(first.loss().shift.value != 0);
  write_training_state(first, named, folder.path());
  bigram copy = policy;
  trainer second{copy, reference, bco{}, settings};
  read_training_state(second, folder.path());
  BOOST_TEST((second.state() == first.state()));
  BOOST_TEST(read_trainer_state(folder.path()).settings == named);

  trainer other{copy, reference, dpo{}, settings};  // reads no such number
  BOOST_CHECK_THROW(read_training_state(other, folder.path()), value_error);
  BOOST_TEST(other.steps_done() == 0);
}

BOOST_AUTO_TEST_CASE(a_loss_without_numbers_leaves_no_word_of_them) {
  const scratch_folder folder;
  bigram policy = tests::toy_policy(), reference = tests::toy_policy();
  trainer run{policy, reference, dpo{}, settings};
  run.run(tests::toy_pairs(3));
  write_training_state(run, named, folder.path());
  BOOST_TEST(get(folder / trainer_state_file).find("loss_state") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_no_number_is_refused) {
  const scratch_folder folder;
  put(folder / trainer_state_file, R"({"step":1,"num_tokens":1,"settings":{},"loss_state":[1,null]})");
  BOOST_CHECK_EXCEPTION((void)read_trainer_state(folder.path()), format_error, says("loss_state holds null"));
}

BOOST_AUTO_TEST_SUITE_END()
