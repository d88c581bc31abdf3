// SPDX-License-Identifier: MIT
#include "prefopt/runs/progress_bar.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

#include <boost/test/unit_test.hpp>

namespace {

using prefopt::progress_bar;
using style = enum prefopt::progress_bar_options::style;

/// A temporary file that returns what was written to it.
struct listener {
  std::FILE* stream = std::tmpfile();
  ~listener() { std::fclose(stream); }
  std::string heard() const {
    std::string text;
    std::rewind(stream);
    for (int c = std::fgetc(stream); c != EOF; c = std::fgetc(stream)) text += static_cast<char>(c);
    return text;
  }
};

prefopt::step_report step(std::int64_t number) {
  return {.step = number,
          .total_steps = 4,
          .epoch = static_cast<double>(number) / 4,
          .loss = 0.5,
          .metrics = {{"rewards/accuracies", 0.75}, {"rewards/margins", 0.125}},
          .pairs_per_second = 12.5};
}

BOOST_AUTO_TEST_CASE(a_plain_line_holds_loss_accuracy_margin_speed_and_time_left) {
  listener file;
  progress_bar({.stream = file.stream, .style = style::lines}).on_step(step(4));
  BOOST_TEST(
      file.heard() ==
      "step 4/4  epoch 1.00  loss 0.5000  accuracy 0.75  margin 0.125  12.5 pairs/s  0:00 left\n");
}

BOOST_AUTO_TEST_CASE(a_loss_without_rewards_shows_none) {
  listener file;
  auto report = step(4);
  report.metrics = {{"logps/chosen", -3.0}};
  progress_bar({.stream = file.stream, .style = style::lines}).on_step(report);
  BOOST_TEST(file.heard() == "step 4/4  epoch 1.00  loss 0.5000  12.5 pairs/s  0:00 left\n");
}

BOOST_AUTO_TEST_CASE(log_every_thins_plain_lines_but_keeps_the_first_and_the_last) {
  listener file;
  {
    progress_bar bar({.stream = file.stream, .log_every = 3, .style = style::lines});
    for (int number = 1; number <= 4; ++number) bar.on_step(step(number));
  }
  const std::string heard = file.heard();
  for (const char* expected : {"step 1/4", "step 3/4", "step 4/4"})
    BOOST_TEST(heard.find(expected) != std::string::npos);
  BOOST_TEST(heard.find("step 2/4") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_bar_is_redrawn_on_its_line_and_closed_when_it_goes) {
  listener file;
  {
    progress_bar bar({.stream = file.stream, .style = style::bar});
    bar.on_step(step(1));
    bar.on_step(step(2));
  }
  const std::string heard = file.heard();
  BOOST_TEST(heard.find("\r[######..................] 1/4") != std::string::npos);
  BOOST_TEST(heard.find("\r[############............] 2/4") != std::string::npos);
  BOOST_TEST(std::ranges::count(heard, '\n') == 1);
  BOOST_TEST(heard.back() == '\n');
}

BOOST_AUTO_TEST_CASE(a_bar_shows_recent_means_and_plain_lines_the_step) {
  auto second = step(2);
  second.loss = 1.5;
  second.metrics = {{"rewards/accuracies", 0.25}, {"rewards/margins", 1.125}};
  const auto shown = [&](style how) {
    listener file;
    progress_bar bar({.stream = file.stream, .style = how});
    bar.on_step(step(1));
    BOOST_TEST(file.heard().find("loss 0.5000  accuracy 0.75  margin 0.125") != std::string::npos);
    bar.on_step(second);
    return file.heard();
  };
  // (0.9 * 0.5 + 1.5) / 1.9 and so on
  BOOST_TEST(shown(style::bar).find("loss 1.0263  accuracy 0.49  margin 0.651") !=
             std::string::npos);
  BOOST_TEST(shown(style::lines).find("loss 1.5000  accuracy 0.25  margin 1.125") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(evaluations_and_saves_get_lines_of_their_own) {
  listener file;
  {
    progress_bar bar({.stream = file.stream, .style = style::bar});
    bar.on_step(step(2));
    bar.on_evaluate(
        {.step = 2, .examples = 9, .loss = 0.25, .metrics = {{"rewards/accuracies", 1.0}}});
    bar.on_save("out/checkpoint-2");
  }
  const std::string heard = file.heard();
  BOOST_TEST(
      heard.find(
          "\r\x1b[Kevaluation after step 2  eval_loss 0.2500  accuracy 1.00  9 pairs\nsaved out/checkpoint-2\n") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_is_no_terminal) {
  listener file;
  progress_bar({.stream = file.stream}).on_step(step(4));
  BOOST_TEST(file.heard().starts_with("step 4/4"));
}

BOOST_AUTO_TEST_CASE(time_left_reads_as_a_clock) {
  BOOST_TEST(prefopt::detail::clock_text(0.2) == "0:00");
  BOOST_TEST(prefopt::detail::clock_text(75) == "1:15");
  BOOST_TEST(prefopt::detail::clock_text(3675) == "1:01:15");
}

BOOST_AUTO_TEST_CASE(a_log_interval_below_one_is_refused) {
  BOOST_CHECK_THROW(progress_bar({.log_every = 0}), prefopt::value_error);
}

}  // namespace
