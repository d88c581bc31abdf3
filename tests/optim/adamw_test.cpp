// SPDX-License-Identifier: MIT
#include "prefopt/optim/adamw.hpp"

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include <boost/test/unit_test.hpp>

#include "prefopt/optim/clip.hpp"
#include "optim/toy_parameters.hpp"

namespace {

using prefopt::adamw;
using prefopt::adamw_options;

BOOST_AUTO_TEST_CASE(twelve_clipped_steps_equal_pytorchs) {
  std::ifstream file(PREFOPT_TEST_SOURCE_DIR "/golden/adamw/adamw.txt");
  BOOST_REQUIRE(file);
  prefopt::host_backend<double> backend;
  toy_parameters<double> toy({{"weight", 6, true, true}, {"bias", 3, true, false}});
  std::map<std::string, std::vector<double>> expected;
  double rate = 0, scale = 1;
  int compared = 0;
  adamw optimizer(backend, toy.range(),
                  {.beta1 = 0.8, .beta2 = 0.97, .epsilon = 1e-3, .weight_decay = 0.1});
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind, name;
    words >> kind;
    if (kind != "rate" && kind != "norm") words >> name;
    std::vector<double> values;
    for (double value = 0; words >> value;) values.push_back(value);
    if (kind == "initial") toy.values(name) = values;
    if (kind == "gradient") toy.gradients(name) = values;
    if (kind == "rate") rate = values.at(0);
    if (kind == "norm") {
      const double norm = prefopt::gradient_norm(backend, toy.range());
      BOOST_TEST(std::abs(norm - values.at(0)) <= 1e-14 * values.at(0));
      scale = prefopt::clip_scale(norm, 1.5);
      optimizer.step(toy.range(), rate, scale);
    }
    if (kind != "value") continue;
    for (std::size_t i = 0; i < values.size(); ++i, ++compared)
      BOOST_TEST(std::abs(toy.values(name)[i] - values[i]) <= 1e-14 * (1 + std::abs(values[i])));
  }
  BOOST_TEST(compared == 12 * 9);
  BOOST_TEST(optimizer.steps() == 12);
}

BOOST_AUTO_TEST_CASE(a_frozen_parameter_stays_and_has_no_moments) {
  prefopt::host_backend<float> backend;
  toy_parameters<float> toy({{"moving", 2, true, true}, {"frozen", 2, false, true}});
  toy.values("frozen") = {1, 2};
  toy.gradients("frozen") = {5, 5};
  toy.gradients("moving") = {1, 1};
  adamw optimizer(backend, toy.range(), {.learning_rate = 0.1, .weight_decay = 0.1});
  optimizer.step(toy.range());
  BOOST_TEST(toy.values("frozen") == (std::vector<float>{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(toy.values("moving")[0] < 0);
  BOOST_TEST(optimizer.moments().size() == 1u);
  BOOST_TEST(optimizer.state().moments.at(0).name == "moving");
}

BOOST_AUTO_TEST_CASE(a_restored_state_goes_on_with_the_same_bits) {
  prefopt::host_backend<float> backend;
  toy_parameters<float> straight({{"w", 5, true, true}}), resumed({{"w", 5, true, true}});
  adamw first(backend, straight.range(), {.learning_rate = 0.1});
  for (int step = 0; step < 3; ++step) {
    straight.gradients("w") = {1.F, -2.F, 0.3F, 0.F, static_cast<float>(step)};
    first.step(straight.range());
  }
  adamw second(backend, resumed.range(), {.learning_rate = 0.1});
  second.restore(first.state());
  BOOST_TEST((second.state() == first.state()));
  resumed.values("w") = straight.values("w");
  straight.gradients("w") = resumed.gradients("w") = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F};
  first.step(straight.range());
  second.step(resumed.range());
  BOOST_TEST(straight.values("w") == resumed.values("w"), boost::test_tools::per_element());
  BOOST_TEST((second.state() == first.state()));
}

BOOST_AUTO_TEST_CASE(a_state_of_other_parameters_is_refused_and_changes_nothing) {
  prefopt::host_backend<float> backend;
  toy_parameters<float> toy({{"w", 2, true, true}}), other({{"v", 2, true, true}}),
      longer({{"w", 3, true, true}});
  toy.gradients("w") = {1, 1};
  adamw optimizer(backend, toy.range(), {.learning_rate = 0.1});
  optimizer.step(toy.range());
  const auto before = optimizer.state();
  BOOST_CHECK_THROW(optimizer.restore(adamw(backend, other.range()).state()), prefopt::shape_error);
  BOOST_CHECK_THROW(optimizer.restore(adamw(backend, longer.range()).state()),
                    prefopt::shape_error);
  BOOST_CHECK_THROW(optimizer.restore({}), prefopt::shape_error);
  BOOST_CHECK_THROW(optimizer.set_steps(-1), prefopt::value_error);
  BOOST_TEST((optimizer.state() == before));
}

BOOST_AUTO_TEST_CASE(a_step_on_other_parameters_is_refused) {
  prefopt::host_backend<float> backend;
  toy_parameters<float> toy({{"w", 2, true, true}});
  toy_parameters<float> others[] = {
      toy_parameters<float>({{"w", 3, true, true}}), toy_parameters<float>({{"v", 2, true, true}}),
      toy_parameters<float>({{"w", 2, false, true}}),
      toy_parameters<float>({{"w", 2, true, true}, {"v", 2, true, true}}),
      toy_parameters<float>({})};
  adamw optimizer(backend, toy.range());
  for (auto& other : others) BOOST_CHECK_THROW(optimizer.step(other.range()), prefopt::shape_error);
  BOOST_TEST(optimizer.steps() == 0);
}

/// Fails once when told to.
struct failing_backend : prefopt::host_backend<double> {
  mutable bool fails = false;
  template <class... Arguments>
  void adamw(Arguments&&... arguments) const {
    if (fails) throw prefopt::device_error("gone");
    prefopt::host_backend<double>::adamw(std::forward<Arguments>(arguments)...);
  }
};

BOOST_AUTO_TEST_CASE(a_step_that_the_backend_did_not_make_does_not_count) {
  failing_backend backend;
  toy_parameters<double> toy({{"a", 2, true, true}});
  toy.gradients("a") = {1, -2};
  adamw optimizer(backend, toy.range());
  optimizer.step(toy.range(), 0.1);
  const auto before = optimizer.state();
  backend.fails = true;
  BOOST_CHECK_THROW(optimizer.step(toy.range(), 0.1), prefopt::device_error);
  BOOST_TEST((optimizer.state() == before));
  backend.fails = false;
  optimizer.step(toy.range(), 0.1);
  BOOST_TEST(optimizer.steps() == 2);
}

BOOST_AUTO_TEST_CASE(options_outside_their_range_are_refused) {
  const double nan = std::numeric_limits<double>::quiet_NaN(),
               inf = std::numeric_limits<double>::infinity();
  for (const double bad : {-1e-9, nan, inf}) {
    BOOST_CHECK_THROW(check(adamw_options{.learning_rate = bad}), prefopt::value_error);
    BOOST_CHECK_THROW(check(adamw_options{.beta1 = bad}), prefopt::value_error);
    BOOST_CHECK_THROW(check(adamw_options{.beta2 = bad}), prefopt::value_error);
    BOOST_CHECK_THROW(check(adamw_options{.epsilon = bad}), prefopt::value_error);
    BOOST_CHECK_THROW(check(adamw_options{.weight_decay = bad}), prefopt::value_error);
  }
  BOOST_CHECK_THROW(check(adamw_options{.beta1 = 1}), prefopt::value_error);
  BOOST_CHECK_THROW(check(adamw_options{.beta2 = 1}), prefopt::value_error);
  BOOST_CHECK_NO_THROW(
      check(adamw_options{.learning_rate = 0, .beta1 = 0, .beta2 = 0, .epsilon = 0}));
  prefopt::host_backend<float> backend;
  toy_parameters<float> toy({{"w", 2, true, true}});
  BOOST_CHECK_THROW(adamw(backend, toy.range(), {.beta1 = 2}), prefopt::value_error);
}

}  // namespace
